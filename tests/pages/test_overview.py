"""The app's first page in every state."""

import json
import shutil
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from allcore import paper
from allcore.evaluation.held_out import views_of
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.evaluation.probes.probing import probe_model
from allcore.evaluation.probes.registry import AS_IT_IS, OTHER_FIELD
from allcore.evaluation.probes.subject import subject_of_run
from allcore.inference.metadata import HeldOutScore, ViewScore
from allcore.reporting.probes import what_it_looks_at
from allcore.runs.folder.status import Status, write_status
from allcore.runs.folder.store import Run
from allcore.studies.plan import make_plan
from allcore.studies.store import StudyStore
from allcore.text import for_page
from tests.pages.opening import PATIENCE, metric
from tests.pages.releasing import release

PROJECT = Path(__file__).parent.parent.parent


def open_app():
    app = AppTest.from_file(str(PROJECT / "streamlit_app.py"), default_timeout=PATIENCE).run()
    assert not app.exception
    return app


def links(app):
    return [link.label for link in app.get("page_link")]


@pytest.fixture
def copied_run(workspace, finished_run):
    """Return a copy of the finished run in a workspace of its own, to be changed."""
    folder = workspace.runs / finished_run.id
    shutil.copytree(finished_run.folder, folder, ignore=shutil.ignore_patterns("checkpoints", "model.*"))
    return folder


def test_empty_workspace_offers_smears_a_dataset_and_training(workspace, released):
    app = open_app()
    assert [button.label for button in app.button] == ["Draw synthetic smears"]
    assert links(app) == ["Get a dataset", "Train"]


def test_first_start_predicts_with_the_model_that_comes_with_it_and_says_what_its_score_is_worth(workspace):
    app = open_app()
    assert links(app) == ["Get a dataset", "Train", "Predict an image", "Its model card"]
    assert {"Released model", "Best shortcut on its images"} <= {tile.label for tile in app.metric}


def test_one_click_draws_smears_that_can_be_browsed(workspace, few):
    app = open_app()
    app.button[0].click().run()
    assert not app.error
    assert app.dataframe[0].value["folder"].tolist() == [str(workspace.datasets / "synthetic-smears")]
    assert "Browse synthetic\\-smears" in links(app)


def test_what_has_the_name_already_is_left_alone(workspace, few):
    (workspace.datasets / "synthetic-smears").mkdir(parents=True)
    (workspace.datasets / "synthetic-smears" / "notes.txt").write_text("mine")
    app = open_app()
    app.button[0].click().run()
    assert "Browse synthetic\\-smears\\-2" in links(app)
    assert (workspace.datasets / "synthetic-smears" / "notes.txt").read_text() == "mine"


def test_datasets_of_the_roots_are_listed(workspace, smears, monkeypatch):
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(smears.parent))
    assert str(smears) in open_app().dataframe[0].value["folder"].tolist()


def test_research_use_is_said(workspace):
    assert any("not a medical device" in caption.value for caption in open_app().caption)


def test_finished_run_is_listed_with_state_epochs_and_test_accuracy(finished, finished_run, monkeypatch):
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(finished.workspace.root))
    row = open_app().dataframe[-1].value.iloc[0]
    right = recorded_predictions(finished_run, "test").table["correct"].mean()
    assert (row["run"], row["state"], row["epochs"]) == (finished_run.id, "succeeded", "3 of 3")
    assert row["test_accuracy"] == pytest.approx(100 * right)


def test_run_on_drawn_smears_never_stands_beside_the_paper(finished, released, finished_run, monkeypatch):
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(finished.workspace.root))
    release(finished_run, released / "good.onnx", held_out=HELD_OUT)
    app = open_app()
    assert [tile.label for tile in app.metric][-3:] == ["Released model", "Best shortcut on its images", "The paper"]
    assert app.dataframe[0].value["run"].tolist() == [finished_run.id]  # as the best of its dataset


def test_where_no_run_compares_with_the_paper_it_is_not_said_that_none_has_succeeded(finished, released, monkeypatch):
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(finished.workspace.root))
    app = open_app()
    assert "1 succeeded" in [tile.delta for tile in app.metric]
    said = [each.value for each in app.caption]
    assert not [each for each in said if "No run has succeeded yet" in each]
    assert [each for each in said if "drawn smears do not count" in each]


def test_best_run_stands_beside_the_paper_with_its_interval(finished, finished_run, photographed, monkeypatch):
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(finished.workspace.root))
    app = open_app()
    scores = recorded_predictions(finished_run, "test").score()
    low, high = scores.intervals["accuracy"]
    best = metric(app, "Best run here")
    assert best.value == f"{100 * scores.accuracy:.1f} %"
    assert best.delta == f"{100 * low:.1f} to {100 * high:.1f} %"
    assert metric(app, "The paper").value == f"{100 * paper.HEADLINE['accuracy']:.2f} %"
    assert not [each.value for each in app.caption if "luck" in each.value]


def test_best_of_several_runs_is_said_to_be_partly_luck_and_a_fold_to_be_a_part_of_its_study(
    copied_run, photographed, workspace
):
    other = copied_run.with_name("20260101-000000-vgg16-32px-abcd")
    shutil.copytree(copied_run, other)
    for number, folder in enumerate((copied_run, other), 1):
        config = json.loads((folder / "config.json").read_text())
        config |= {
            "study": "sizes",
            "place": f"fold={number}",
            "split": {**config["split"], "folds": 2, "fold": number},
        }
        (folder / "config.json").write_text(json.dumps(config))
    (said,) = [each.value for each in open_app().caption if "Best of 2" in each.value]
    assert "The best of several is partly luck" in said
    assert "It is one fold of the study sizes." in said  # which was deleted
    config = Run(copied_run).config
    StudyStore(workspace.studies).create(make_plan(name="sizes", config=config, folds=(1, 2)))
    (said,) = [each.value for each in open_app().caption if "Best of 2" in each.value]
    assert "It is one fold of the study sizes; Runs shows the mean over its folds." in said


def test_runs_of_two_variants_of_a_dataset_are_the_best_of_one_each(copied_run):
    shutil.copytree(copied_run, copied_run.with_name("20260101-000000-vgg16-32px-abcd"))
    for folder, variant in zip(sorted(copied_run.parent.iterdir()), ("Original", "Segmented"), strict=True):
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | {"variant": variant}))
    best = open_app().dataframe[0].value
    assert [name.rpartition("/")[2] for name in best["dataset"]] == ["Original", "Segmented"]


def test_datasets_whose_paths_end_alike_are_the_best_of_one_each(copied_run, photographed):
    shutil.copytree(copied_run, copied_run.with_name("20260101-000000-vgg16-32px-abcd"))
    for folder, site in zip(sorted(copied_run.parent.iterdir()), ("a", "b"), strict=True):
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | {"dataset": f"/{site}/images/ALL", "variant": None}))
    app = open_app()
    assert list(app.dataframe[0].value["dataset"]) == ["/a/images/ALL", "/b/images/ALL"]
    assert [each.value for each in app.caption if each.value.startswith("Best of 1 on images/ALL")]


def test_paper_stands_alone_while_no_run_has_succeeded(workspace):
    assert "Best run here" not in [metric.label for metric in open_app().metric]


HELD_OUT = HeldOutScore(images=40, twins=0, accuracy=0.9, interval=(0.8, 0.95), shortcut="hue", shortcut_accuracy=0.975)


def test_released_model_stands_beside_the_paper_while_no_run_has_succeeded(workspace, released, finished_run):
    release(finished_run, released / "good.onnx", held_out=HELD_OUT)
    release(finished_run, released / "worse.onnx", held_out=HELD_OUT.model_copy(update={"accuracy": 0.8}))
    release(finished_run, released / "untested.onnx")
    (released / "damaged.onnx").write_bytes(b"no model")
    app = open_app()
    assert [tile.label for tile in app.metric][-3:] == ["Released model", "Best shortcut on its images", "The paper"]
    assert (metric(app, "Released model").value, metric(app, "Released model").delta) == ("90.0 %", "80.0 to 95.0 %")
    assert metric(app, "Best shortcut on its images").value == "97.5 %"
    assert any(caption.value.startswith("good.onnx, 40 test images") for caption in app.caption)
    assert any("“hue” does as well on the same images" in each.value for each in app.markdown)
    assert "Its model card" in links(app)


def test_an_accuracy_that_is_not_all_is_not_rounded_to_it(workspace, released, finished_run):
    release(
        finished_run, released / "good.onnx",
        held_out=HELD_OUT.model_copy(update={"accuracy": 0.9996, "shortcut_accuracy": 0.0003}),
    )  # fmt: skip
    app = open_app()
    assert metric(app, "Released model").value == "> 99.9 %"
    assert metric(app, "Best shortcut on its images").value == "< 0.1 %"


def test_twins_of_a_released_model_are_told_and_a_worse_shortcut_is_no_verdict(workspace, released, finished_run):
    score = HELD_OUT.model_copy(update={"twins": 3, "shortcut_accuracy": 0.7})
    release(finished_run, released / "good.onnx", held_out=score)
    app = open_app()
    assert any("3 of the test images share a group with one in train" in caption.value for caption in app.caption)
    assert not any("does as well" in each.value for each in app.markdown)


def test_released_models_probes_say_what_its_score_is_worth(workspace, released, finished_run):
    views = (
        ViewScore(probe=AS_IT_IS, accuracy=0.99, interval=(0.98, 1.0)),
        ViewScore(probe=OTHER_FIELD, accuracy=0.25, interval=(0.2, 0.3), followed_other=0.5, followed_neither=0.25),
    )
    release(finished_run, released / "good.onnx", held_out=HELD_OUT.model_copy(update={"views": views}))
    assert for_page(what_it_looks_at(views)) in [each.value for each in open_app().markdown]


def test_runs_kept_probes_say_what_its_score_is_worth(finished, finished_run, photographed, monkeypatch):
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(finished.workspace.root))
    report = probe_model(subject_of_run(finished_run), finished.workspace.cache)
    assert for_page(what_it_looks_at(views_of(report))) in [each.value for each in open_app().markdown]


def test_released_models_that_know_no_test_leave_the_paper_alone(workspace, released, finished_run):
    release(finished_run, released / "untested.onnx")
    app = open_app()
    assert [tile.label for tile in app.metric][-2:] == ["Released models", "The paper"]


def test_run_that_succeeded_takes_the_released_models_place(
    finished, released, finished_run, photographed, monkeypatch
):
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(finished.workspace.root))
    release(finished_run, released / "good.onnx", held_out=HELD_OUT)
    labels = [tile.label for tile in open_app().metric]
    assert "Best run here" in labels
    assert "Released model" not in labels


def test_running_run_is_listed_without_a_test_accuracy(copied_run):
    now = time.time()
    write_status(copied_run, Status(state="queued", heartbeat=now, queued_at=now, epoch=1, epochs=3))
    row = open_app().dataframe[-1].value.iloc[0]
    assert (row["state"], row["epochs"]) == ("queued", "1 of 3")
    assert row["test_accuracy"] is None or row["test_accuracy"] != row["test_accuracy"]


@pytest.mark.parametrize("damage", ["", "{", '{"schema_number": 99}'])
def test_damaged_run_is_listed_with_the_reason(workspace, damage):
    folder = workspace.runs / "20260101-000000-vgg16-32px-abcd"
    folder.mkdir(parents=True)
    (folder / "status.json").write_text(damage)
    row = open_app().dataframe[-1].value.iloc[0]
    assert row["state"] == "damaged"
    assert "status.json" in row["note"]


def test_succeeded_run_with_damaged_predictions_is_listed_with_the_reason(copied_run):
    (copied_run / "predictions.parquet").write_bytes(b"PAR1")
    app = open_app()
    row = app.dataframe[-1].value.iloc[0]
    assert row["state"] == "damaged"
    assert "predictions.parquet" in row["note"]
    assert "Best run here" not in [metric.label for metric in app.metric]


def test_succeeded_run_whose_split_is_gone_leaves_the_page_standing(copied_run):
    (copied_run / "split.csv").unlink()
    row = open_app().dataframe[-1].value.iloc[0]
    assert "split.csv" in row["note"]
