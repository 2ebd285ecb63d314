"""The Dataset page: an image's own page."""

import shutil
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
from PIL import Image

from allcore.data.catalog import scan
from allcore.runs.folder.store import Run
from tests.pages.opening import choose, listed_images, open_page, press, ran, table, texts


def test_the_button_below_a_thumbnail_opens_its_image(browsed):
    app = open_page("dataset")
    path = listed_images(app)[2]
    app.button(key=f"open-{path}").click()
    app = ran(app)
    assert app.query_params["image"] == path
    assert app.header[0].value.replace("\\", "") == path
    assert len(app.image) == 1


def test_back_from_an_image_the_page_and_the_filters_are_as_before(browsed):
    app = choose(choose(open_page("dataset"), "class", "Pro"), "show", "Usable images")
    before = listed_images(app)
    app.button(key=f"open-{before[0]}").click()
    app = press(ran(app), "All images")
    assert listed_images(app) == before
    assert "image" not in app.query_params


def test_facts_of_an_image_are_those_of_the_catalog(run):
    row = run.split.table.iloc[7]
    app = open_page("dataset", run=run.id, image=row["path"])
    facts = table(app, "fact").set_index("fact")["value"]
    file = Path(run.config.dataset) / row["path"]
    assert (facts["class"], facts["size"], facts["mode"]) == (row["label"], "48 × 48 px", "RGB")
    assert facts["bytes"] == f"{file.stat().st_size:,}"
    assert facts["SHA-256"] == row["sha256"]
    assert (facts["part in the run"], facts["group in the run"]) == (row["split"], row["group"])
    assert led_to(app)["evaluate"] == {"run": [run.id], "view": ["Map"], "at": [row["path"]]}


def test_an_image_with_a_twin_shows_it_beside(browsed):
    app = open_page("dataset", image="Pro/copy.jpg")
    assert listed_images(app) == ["Pro/pro-0001.jpg"]
    assert len(app.image) == 2


def test_an_image_without_a_twin_says_what_is_known_and_offers_to_look(browsed):
    app = open_page("dataset", image="Pro/pro-0003.jpg")
    assert listed_images(app) == []
    assert "Whether another shows the same field has not been looked for yet" in texts(app)
    press(app, "Look for shared fields")
    assert listed_images(app) or "No other image of this dataset shows the same field" in texts(app)


def led_to(app):
    """Return the pages that links lead to, with what their addresses say."""
    return {link.proto.page: parse_qs(link.proto.query_string) for link in app.page_link}


def test_an_image_leads_to_predict_augmentation_and_the_map_with_itself(browsed):
    of = {"data": ["mine"], "image": ["Pro/copy.jpg"]}
    a_models_map = {"score": ["images"], "data": ["mine"], "view": ["Map"], "at": ["Pro/copy.jpg"]}
    found = led_to(open_page("dataset", image="Pro/copy.jpg"))
    assert found == {"predict": of, "augmentation": of, "evaluate": a_models_map}


def test_the_map_is_that_of_the_latest_run_that_can_have_one(run):
    newer = Run(shutil.copytree(run.folder, run.folder.with_name("20991231-000000-vgg16-32px-ffff")))
    of = {"data": "/".join(run.config.dataset.split("/")[-2:]), "image": run.split.table["path"][0]}
    assert led_to(open_page("dataset", **of))["evaluate"]["run"] == [newer.id]
    for file in ("features.npy", "model.onnx"):
        (newer.folder / file).unlink()
    assert led_to(open_page("dataset", **of))["evaluate"]["run"] == [run.id]
    assert led_to(open_page("dataset", **of, run=newer.id))["evaluate"]["run"] == [run.id]


@pytest.mark.parametrize("path", ["../../secret.png", "/etc/passwd", "Pro/none.jpg", ""])
def test_an_image_that_is_not_in_the_catalog_is_refused(browsed, path):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(browsed.parent.parent / "secret.png")
    app = open_page("dataset", image=path)
    assert "No such image" in texts(app)
    assert len(listed_images(app)) == 24
    assert "No such image" not in texts(ran(app))


def test_an_unusable_image_shows_why(browsed):
    app = open_page("dataset", image="Pro/damaged.jpg")
    assert "This file is left out" in texts(app)
    assert table(app, "fact").set_index("fact").loc["problem", "value"] == scan(browsed).problems()["problem"].iloc[0]


def test_an_image_deleted_since_it_was_listed_does_not_stop_the_others(browsed):
    app = open_page("dataset")
    (browsed / "Benign" / "benign-0001.jpg").unlink()
    app = ran(app)
    assert len(app.image) == 23
    assert any("No such file" in caption.value for caption in app.caption)


def test_next_and_previous_follow_the_filter_and_its_order_and_back_shows_their_page(browsed):
    app = choose(open_page("dataset", **{"class": "Pro"}), "show", "Usable images")
    paths = listed_images(app)
    app.button(key=f"open-{paths[0]}").click()
    app = ran(app)
    assert app.button(key="previous").disabled
    seen = [app.query_params["image"]]
    while not app.button(key="next").disabled:
        app = press(app, "Next")
        seen.append(app.query_params["image"])
    assert seen == paths
    assert f"{len(paths)} of {len(paths)}" in texts(app)
    app = press(press(app, "Previous"), "All images")
    assert listed_images(app) == paths


def test_next_keeps_what_is_shown_and_the_gallery_its_page(browsed):
    app = open_page("dataset", show="With a twin", image="Pro/copy.jpg")
    assert press(app, "Next").query_params["image"] == "Pro/pro-0001.jpg"
    assert app.button(key="next").disabled
    assert listed_images(press(app, "All images")) == ["Pro/copy.jpg", "Pro/pro-0001.jpg"]
    everything = scan(browsed).images()["path"].tolist()
    app = press(press(open_page("dataset", image=everything[23]), "Next"), "All images")
    assert listed_images(app) == everything[24:48]


def test_an_image_that_the_filter_leaves_out_has_all_others_around_it(browsed):
    app = open_page("dataset", image="Early/early-0003.jpg", **{"class": "Pro"})
    assert press(app, "Next").query_params["image"] == "Early/early-0004.jpg"
