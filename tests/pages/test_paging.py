"""Pages and sheets: other things than before are shown from the first one on, whatever made them others."""

import os
import shutil

import pytest

from allcore.runs.folder.store import Run
from tests.copies import copy_of
from tests.pages.opening import choose, listed_images, open_page, press, ran

CLASSES = ["Benign", "Early", "Pre", "Pro"]


@pytest.fixture
def two_datasets(workspace, smears) -> None:
    """Put two datasets of two variants into the workspace; a copy of each Pro image is in every variant."""
    for variant in ("one/Original", "one/Segmented", "two/Original", "two/Segmented"):
        folder = shutil.copytree(smears, workspace.datasets / variant, copy_function=os.link)
        for image in sorted((folder / "Pro").iterdir()):
            shutil.copy(image, image.with_stem(f"{image.stem}-copy"))


@pytest.fixture
def runs(run, monkeypatch) -> list[Run]:
    """Return three runs that call every image Pre; an image is a sheet."""
    monkeypatch.setattr("pages.ui.shared.evidence.SHEET", 1)
    said = {f"probability_{name}": 0.7 if name == "Pre" else 0.1 for name in CLASSES}
    run.predictions().assign(**said).to_parquet(run.folder / "predictions.parquet")
    others = [Run(run.folder.with_name(f"20200101-000000-vgg16-32px-{end}")) for end in ("aaaa", "bbbb")]
    for other in others:
        copy_of(run, other.folder)
    return [run, *others]


def at(app, key):
    return app.get_by_key(key).value


def led_to(app, page, **query):
    """Follow a link to a page, in the same session."""
    app.query_params.clear()
    for name, value in query.items():
        app.query_params[name] = value
    return ran(app.switch_page(f"pages/{page}.py"))


@pytest.mark.parametrize(
    ("page", "view", "key"), [("dataset", "Images", "page"), ("trust", "Exact duplicates", "groups_page")]
)
def test_another_dataset_or_variant_is_shown_from_its_first_page_on(two_datasets, page, view, key):
    app = choose(open_page(page, view=view, data="one"), key, 2)
    assert at(ran(app), key) == 2
    assert at(choose(app, "data", "two"), key) == 1
    choose(app, key, 2)
    assert at(choose(app, "variant", "Segmented"), key) == 1


def test_pairs_of_another_order_or_dataset_are_shown_from_their_first_page_on(fields, workspace):
    shutil.copytree(fields, workspace.datasets / "again", copy_function=os.link)
    app = choose(open_page("trust", view="Shared fields", data="mine"), "pairs_page", 2)
    assert at(choose(app, "order", "largest shift"), "pairs_page") == 1
    choose(app, "pairs_page", 2)
    assert at(choose(app, "data", "again"), "pairs_page") == 1


def test_suspicious_labels_of_another_dataset_are_shown_from_their_first_sheet_on(two_datasets, monkeypatch):
    monkeypatch.setattr("pages.ui.trust.labels.SHEET", 12)
    monkeypatch.setattr("pages.ui.shared.evidence.SHEET", 1)
    app = choose(open_page("trust", view="Labels", data="one"), "labels_sheet", 2)
    assert at(choose(app, "data", "two"), "labels_sheet") == 1


def test_images_of_another_cell_or_run_are_shown_from_their_first_sheet_on(runs):
    app = open_page("evaluate", split="validation", true="Early", predicted="Pre")
    for key, value in (("true", "Pro"), ("run", runs[1].id)):
        choose(app, "confusion_sheet", 2)
        assert at(choose(app, key, value), "confusion_sheet") == 1, key


def test_mistakes_of_another_run_or_split_are_shown_from_their_first_sheet_on(runs):
    app = open_page("evaluate", view="Mistakes")
    for key, value in (("run", runs[1].id), ("split", "validation")):
        choose(app, "mistakes_sheet", 2)
        assert at(choose(app, key, value), "mistakes_sheet") == 1, key


def test_images_of_another_comparison_are_shown_from_their_first_sheet_on(runs):
    for other, label in zip(runs[1:], ("Early", "Pro"), strict=True):
        said = {f"probability_{name}": 0.7 if name == label else 0.1 for name in CLASSES}
        other.predictions().assign(**said).to_parquet(other.folder / "predictions.parquet")
    app = open_page("evaluate", view="Compare", run=runs[0].id, against=runs[1].id)
    for key, value in (("against", runs[2].id), ("kind", "neither right")):
        choose(app, "compare_sheet", 2)
        assert at(choose(app, key, value), "compare_sheet") == 1, key


def test_a_run_that_another_page_leads_to_is_shown_from_its_first_sheet_on(runs):
    app = choose(open_page("evaluate", view="Mistakes", run=runs[0].id), "mistakes_sheet", 2)
    for run, sheet in ((runs[0], 2), (runs[1], 1)):
        led_to(app, "runs", run=run.id)
        assert at(led_to(app, "evaluate", run=run.id, view="Mistakes"), "mistakes_sheet") == sheet


def test_from_an_image_of_another_dataset_one_comes_to_the_gallery_page_that_holds_it(two_datasets):
    app = open_page("dataset", data="one")
    last = listed_images(choose(app, "page", 4))[-1]
    choose(app, "page", 1)
    assert at(press(led_to(app, "dataset", data="two", image=last), "All images"), "page") == 4
