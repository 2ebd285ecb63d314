"""The Dataset page: nucleated cells, counted and outlined."""

import cv2
import numpy as np
import pytest

from allcore.cells.counts import count_cells
from allcore.cells.finder import find_cells
from allcore.data.catalog import scan
from allcore.data.intake.images import decode
from tests.pages.opening import choose, listed_images, open_page, press, table, texts

TOGGLE = "outlines"


@pytest.fixture
def plain(workspace):
    """Return a dataset of images that are no smears."""
    folder = workspace.datasets / "plain"
    for number, label in enumerate(("a", "b")):
        (folder / label).mkdir(parents=True)
        for grey in (60, 120, 180):
            cv2.imwrite(str(folder / label / f"{grey}.png"), np.full((40, 40, 3), grey + number, np.uint8))
    return folder


def test_cells_are_counted_when_they_are_asked_for_and_known_from_then_on(browsed, workspace):
    app = open_page("dataset", view="Cells")
    assert "has not been counted yet" in texts(app)
    app = press(app, "Count the cells")
    images = scan(browsed).images()
    counts = count_cells(browsed, images, workspace.cache)
    assert f"{counts['cells'].sum():,} nucleated cells in {len(images)} images" in texts(app)
    by_class = table(app, "without").set_index("class")
    for name, of_class in counts.groupby(images["label"].to_numpy()):
        assert by_class.loc[name, "cells"] == of_class["cells"].sum()
    each = table(app, "path").set_index("path")
    assert each["cells"].to_dict() == dict(zip(images["path"], counts["cells"], strict=True))
    assert len(app.get("plotly_chart")) == 1


def test_counted_cells_stand_under_the_thumbnails(browsed, workspace):
    counts = count_cells(browsed, scan(browsed).images(), workspace.cache)
    app = open_page("dataset")
    captions = [caption.value for caption in app.caption if "cell" in caption.value]
    assert len(captions) == len(listed_images(app))
    assert f", {counts['cells'].iloc[0]} cell" in captions[0]


def test_outlines_are_drawn_in_the_gallery_and_on_an_images_page_and_stand_in_the_url(browsed):
    app = choose(open_page("dataset"), TOGGLE, True)
    assert len(app.image) == 24
    assert all("outlined" in image.proto.imgs[0].alt for image in app.image)
    page = open_page("dataset", image="Pro/pro-0003.jpg", outlines="true")
    assert page.toggle(key=TOGGLE).value
    cells = int(find_cells(decode(browsed / "Pro" / "pro-0003.jpg")).max())
    assert f"{cells} nucleated cell" in texts(page)


def test_a_dataset_without_cells_says_so_in_one_place_and_nothing_elsewhere(plain):
    app = press(open_page("dataset", view="Cells"), "Count the cells")
    assert "found in 0 of 6 images, too few for stained smears" in texts(app)
    assert not app.get("plotly_chart")
    for page in (open_page("dataset"), open_page("dataset", image="a/60.png")):
        assert not page.toggle
        assert "cell" not in texts(page)
