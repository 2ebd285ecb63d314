"""What classes mean is named on Dataset, and all pages follow it."""

import os
import shutil

import pytest

from allcore.cli.kit.evaluation_text import evaluation_json
from allcore.data.labels.meanings import class_meanings, name_classes
from allcore.evaluation.predictions.evaluate_model import evaluate_model
from allcore.number_text import per_cent_within
from allcore.paper import CLASSES
from allcore.runs.folder.store import RunStore
from tests.pages.hostile import hostile_run
from tests.pages.opening import field, metrics, open_page, press, ran, texts


@pytest.fixture
def dataset(run, workspace):
    """Return where the finished run's dataset lies."""
    return run.config.dataset


def test_dataset_begins_with_the_papers_meanings_and_keeps_others(dataset, workspace):
    app = open_page("dataset", view="Classes")
    assert app.text_input[0].value.startswith("hematogones")
    app.text_input[3].input("pro-B cells")
    app.multiselect[0].set_value(["Pro"])
    assert "All pages, reports and commands follow it." in texts(press(app, "Save"))
    named = class_meanings([dataset], CLASSES, workspace.classes)
    assert (named.meanings["Pro"], named.positive) == ("pro-B cells", ("Pro",))
    assert open_page("dataset", view="Classes").text_input[3].value == "pro-B cells"


def test_what_somebody_else_named_meanwhile_is_not_saved_over(dataset, workspace):
    app = open_page("dataset", view="Classes")
    name_classes(dataset, CLASSES, {"Pro": "theirs"}, ["Pro"], workspace.classes)
    field(app, "Pre").set_value("mine")
    app = press(app, "Save")
    assert "Somebody else has changed this meanwhile" in texts(app)
    assert field(app, "Pre").value == "mine"
    app = ran(app)
    assert (field(app, "Pro").value, field(app, "Pre").value) == ("theirs", "")
    field(app, "Pre").set_value("mine")
    press(app, "Save")
    assert class_meanings([dataset], CLASSES, workspace.classes).meanings == {"Pro": "theirs", "Pre": "mine"}


def test_what_cannot_be_kept_is_said_and_the_form_stays(dataset, workspace):
    app = open_page("dataset", view="Classes")
    app.multiselect[0].set_value(list(CLASSES))
    assert "every class is positive" in texts(press(app, "Save"))
    assert not workspace.classes.exists()


def test_evaluate_and_predict_follow_what_was_named(run, dataset, workspace):
    name_classes(dataset, CLASSES, {"Pro": "**pro-B** cells"}, ["Pro"], workspace.classes)
    app = open_page("evaluate", view="Positive or negative")
    assert set(metrics(app)) >= {"Sensitivity (95 % interval)", "Specificity (95 % interval)"}
    assert "Positive: Pro. Negative: Benign, Early, Pre." in texts(app)
    assert r"Pro means \*\*pro\-B\*\* cells." in texts(app)
    predict = texts(open_page("predict", model=run.id))
    assert r"Pro means \*\*pro\-B\*\* cells." in predict
    assert "hematogones" not in predict


def test_a_model_on_another_folder_follows_what_was_named_for_its_runs_as_evaluate_does(
    run, dataset, workspace, smears
):
    name_classes(dataset, CLASSES, {}, ["Pro"], workspace.classes)
    folder = shutil.copytree(smears, workspace.datasets / "copy", copy_function=os.link)
    app = open_page("evaluate", score="images", model=run.id, data="copy", view="Positive or negative")
    shown = metrics(press(app, "Score it on 64 images"))
    told = evaluation_json(evaluate_model(run.id, RunStore(workspace.runs), workspace.cache, folder))["two_sides"]
    for name, side in told.items():
        assert shown[f"{name.capitalize()} (95 % interval)"] == per_cent_within(side["right"], side["interval"])


def test_other_classes_have_no_word_of_the_papers(run, workspace, photographed):
    app = open_page("evaluate", run=hostile_run(run, workspace).id)
    assert not {"Malignant or benign", "Positive or negative"} & {tab.label for tab in app.tabs}
    assert "paper" not in app.dataframe[0].value


def test_a_damaged_record_takes_no_page_down(run, dataset, workspace):
    name_classes(dataset, CLASSES, {}, ["Pro"], workspace.classes)
    next(workspace.classes.iterdir()).write_bytes(b"cut short")
    for page in ("evaluate", "predict"):
        assert "name them anew" in texts(open_page(page, run=run.id, model=run.id))


def test_two_savings_in_a_row_are_both_kept(dataset, workspace):
    app = open_page("dataset", view="Classes")
    for said in ("one", "two"):
        field(app, "Pro").set_value(said)
        app = press(app, "Save")
        assert "All pages, reports and commands follow it." in texts(app)
        assert class_meanings([dataset], CLASSES, workspace.classes).meanings["Pro"] == said
