"""The Trust page's review of labels: by colour alone, by runs, and with what is missing."""

import shutil

import pandas as pd
import pytest

from allcore.data.catalog import scan
from allcore.data.relations import find_relations
from allcore.errors import DatasetError
from allcore.evaluation.labels.review import review_dataset
from pages.ui.shared_work import CancelledError
from tests.pages.opening import choose, metrics, open_page, press, ran, table, texts


@pytest.fixture
def data(run):
    """Return the query of the run's dataset."""
    return {"data": "/".join(run.config.dataset.split("/")[-2:]), "view": "Labels"}


def reviewed(folder, cache, runs):
    catalog = scan(folder)
    images = catalog.images()
    return review_dataset(catalog.root, images, find_relations(catalog.root, images, cache), runs, cache)


def tiles(app):
    return [caption.value.replace("\\", "") for caption in app.caption if "suggested **" in caption.value]


def test_without_a_run_colour_judges_every_image(dataset, workspace):
    app = open_page("trust", view="Labels")
    review = reviewed(dataset, workspace.cache, [])
    assert list(table(app, "suggestion")["path"]) == list(review.table["path"])
    assert metrics(app)["Suspicious labels"] == f"{len(review.suspicious)} of {len(review.table)}"
    assert metrics(app)["Reviewed by runs"] == "0"
    assert not app.multiselect


def test_image_under_a_wrong_class_comes_to_the_fore_and_its_twin_is_named(dataset):
    shutil.copy(dataset / "Pro" / "pro-0009.jpg", dataset / "Benign" / "wrong.jpg")
    app = open_page("trust", view="Labels")
    wrong = next(tile for tile in tiles(app) if tile.startswith("wrong.jpg"))
    assert "label **Benign**" in wrong
    assert "suggested **Pro**" in wrong
    assert "same group as Pro/pro-0009.jpg" in wrong


def test_run_judges_the_images_that_it_did_not_train_on(run, data):
    app = open_page("trust", **data)
    shown = table(app, "suggestion")
    assert app.get_by_key("judges").value == [run.id]
    of_run = shown.loc[shown["runs"] == run.id, "path"]
    assert 0 < len(of_run) <= len(run.predictions())
    assert set(of_run) <= set(run.predictions()["path"])
    assert metrics(app)["Reviewed by runs"] == str(len(of_run))


def test_run_that_finishes_while_all_judge_judges_too(run, data):
    app = open_page("trust", **data)
    later = shutil.copytree(run.folder, run.folder.with_name("20991231-000000-vgg16-32px-ffff"))
    assert set(ran(app).get_by_key("judges").value) == {run.id, later.name}
    app = choose(app, "judges", [run.id])
    shutil.copytree(run.folder, run.folder.with_name("20991231-000001-vgg16-32px-ffff"))
    assert ran(app).get_by_key("judges").value == [run.id]


def test_run_can_be_left_out(run, data):
    app = choose(open_page("trust", **data), "judges", [])
    assert metrics(app)["Reviewed by runs"] == "0"
    assert set(table(app, "suggestion")["source"]) == {"colour"}


def test_all_judged_labels_can_be_downloaded_and_pictures_have_a_description(run, data):
    app = open_page("trust", **data)
    assert "csv-labels" in [button.key for button in app.get("download_button")]
    pictures = app.get("image")
    assert len(pictures) == len(tiles(app)) >= 12


def test_run_without_a_usable_model_judges_without_evidence(run, data):
    run.served_model.unlink()
    app = open_page("trust", **data)
    assert run.id in set(table(app, "suggestion")["runs"])
    assert len(app.get("image")) == len(tiles(app))


def test_damaged_run_is_named_among_the_judges(run, data):
    path = run.folder / "predictions.parquet"
    path.unlink()
    path.write_text("no parquet")
    app = open_page("trust", **data)
    assert "predictions.parquet cannot be read" in table(app, "agreeing")["note"][0]
    assert metrics(app)["Reviewed by runs"] == "0"


def test_image_deleted_since_it_was_listed_is_named_and_the_others_go_on(dataset):
    app = open_page("trust", view="Labels")
    first = table(app, "suggestion")["path"][0]
    (dataset / first).unlink()
    app = ran(app)
    assert len(app.get("image")) == len(tiles(app)) - 1
    assert "cannot be read" in texts(app)


def test_class_of_one_picture_leaves_nothing_that_is_judged_wrongly(dataset):
    for image in list((dataset / "Pro").iterdir())[1:]:
        image.unlink()
    shown = table(open_page("trust", view="Labels"), "suggestion")
    assert isinstance(shown, pd.DataFrame)
    assert "Pro" not in set(shown["label"])


def test_classes_of_one_image_each_cannot_be_judged(dataset):
    for image in dataset.rglob("*-*.jpg"):
        if not image.stem.endswith("0001"):
            image.unlink()
    assert "No label can be reviewed" in texts(open_page("trust", view="Labels"))


@pytest.mark.parametrize(
    ("error", "said"), [(CancelledError("by somebody"), None), (DatasetError("an image is gone"), "an image is gone")]
)
def test_a_review_that_ends_early_is_said_and_can_be_asked_for_again(dataset, monkeypatch, error, said):
    def end(*arguments):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("pages.ui.trust.labels._review", end)
        app = open_page("trust", view="Labels")
        assert ("The labels cannot be reviewed" in texts(app)) is (said is not None)
        assert (said or "") in texts(app)
    if said is None:
        app = press(app, "Review the labels")
    assert len(table(ran(app), "suggestion"))
