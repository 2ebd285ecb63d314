"""`study report`: what it says in each form, what it leaves behind, and what is refused before anything is computed."""

import re
import shlex
from pathlib import Path

import pytest

from allcore.data.labels.meanings import name_classes
from allcore.evaluation.shortcuts import BASELINES
from allcore.runs.folder.store import RunStore
from tests.cli.conftest import call


def test_the_report_has_mean_spread_and_pooled_scores_and_leaves_the_predictions(command, study_of, finished_run):
    study_of(done=2)
    outcome = command("study", "report", "seeds", "--json")
    (setting,) = outcome.json["cells"]
    assert (setting["members"], setting["succeeded"]) == (2, 2)
    accuracy = setting["spreads"]["accuracy"]
    assert accuracy["mean"] == pytest.approx(setting["pooled"]["accuracy"])
    assert (accuracy["sd_folds"], accuracy["sd_seeds"], accuracy["seeds"]) == (None, 0.0, 2)
    low, high = setting["intervals"]["accuracy"]
    assert low <= setting["pooled"]["accuracy"] <= high
    assert len(outcome.json["out_of_fold"]) == 2
    evaluated = command("evaluate", outcome.json["out_of_fold"][0], "--json").json
    assert evaluated["accuracy"] == setting["pooled"]["accuracy"]
    assert evaluated["n"] == setting["images"] == len(finished_run.split.rows("test"))
    assert "accuracy" in command("study", "report", "seeds").out


def test_the_report_says_which_settings_differ_within_a_margin_of_points(command, study_of):
    study_of(done=4, vary={"image_size": [32, 48]})
    (found,) = command("study", "report", "seeds", "--margin", "60", "--json").json["differences"]
    assert (found["first"], found["second"], found["difference"]) == ("image_size=32", "image_size=48", 0.0)
    assert (found["margin"], found["verdict"]) == (0.6, "the same within the margin")
    said = command("study", "report", "seeds").out
    assert "cannot be told apart" in said
    assert "less than 1 apart counts as the same" in said


@pytest.mark.parametrize("margin", ["0", "150", "nan"])
def test_a_margin_that_is_none_is_refused_in_points_before_anything_is_computed(command, study_of, monkeypatch, margin):
    monkeypatch.setattr("allcore.studies.baselines.compute_baselines", None)
    refused = command("study", "report", study_of(1).name, "--complete", "--margin", margin)
    assert (refused.code, refused.out) == (2, "")
    assert f"--margin: expected points above 0 and below 100, as 1 (received {margin})" in refused.err
    assert "fraction" not in refused.err


def test_a_report_of_no_known_format_is_refused_before_anything_is_computed(command, study_of, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("allcore.studies.baselines.compute_baselines", None)
    refused = command("study", "report", study_of(1).name, "--complete", "--format", "pdf")
    assert (refused.code, refused.out) == (2, "")
    assert "format: unknown (received 'pdf'); expected one of html, md" in refused.err
    assert not (tmp_path / "seeds.pdf").exists()


def test_damaged_meanings_of_the_classes_are_told_before_anything_is_computed(
    command, study_of, workspace, tmp_path, monkeypatch
):
    monkeypatch.setattr("allcore.studies.baselines.compute_baselines", None)
    study = study_of(1)
    name_classes(study.plan().config.dataset, ["Benign", "Early", "Pre", "Pro"], {}, ["Pro"], workspace.classes)
    next(workspace.classes.iterdir()).write_bytes(b"cut short")
    refused = command("study", "report", study.name, "--complete", "--output", tmp_path / "seeds.html")
    assert (refused.code, refused.out) == (2, "")
    assert "name them anew" in refused.err


def test_a_complete_report_has_baselines_and_probes_and_is_written_as_a_file(command, study_of, finished_run, tmp_path):
    study_of(done=2, model=True)
    found = command("study", "report", "seeds", "--complete", "--json").json
    assert {each["cell"] for each in found["baselines"]} == {baseline.name for baseline in BASELINES}
    assert {each["second"] for each in found["against_baselines"]} == {baseline.name for baseline in BASELINES}
    (probed,) = found["probes"]
    assert (probed["members"], probed["without_model"]) == (2, 0)
    plain = probed["probes"][0]
    assert (plain["probe"], plain["accuracy"]["mean"]) == ("as it is", found["cells"][0]["spreads"]["accuracy"]["mean"])
    written = command("study", "report", "seeds", "--latency", "--output", tmp_path / "seeds.html", "--json").json
    assert written == {"study": "seeds", "file": str(tmp_path / "seeds.html"), "format": "html"}
    page = (tmp_path / "seeds.html").read_text()
    assert "cells alone" in page
    assert "colour histogram" in page
    tables = command("study", "report", "seeds", "--tables").out
    assert "| colour histogram | shortcut |" in tables
    assert "python -m allcore study run --data smears --name seeds --seeds 0,1" in tables


def test_the_terminal_has_the_table_by_part_wherever_the_report_has_it(command, workspace, study_of, tmp_path):
    study, store = study_of(done=3, vary={"image_size": [32, 48]}), RunStore(workspace.runs)
    written = tmp_path / "seeds.md"
    for place, parts in (study.plan().places[1], 2), (study.plan().places[2], 1):
        store.delete(study.members(store.runs())[place.name])
        assert command("study", "report", "seeds", "--output", written).code == 0
        has_it = ["on each part" in said for said in (command("study", "report", "seeds").out, written.read_text())]
        assert has_it == [parts > 1] * 2


def test_a_report_without_a_finished_member_says_so(command, study_of):
    study_of(done=0)
    said = command("study", "report", "seeds").out
    assert "No member of the study has succeeded yet." in said
    assert "0 of 2" in said


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (["--json"], "--tables prints Markdown and --json JSON"),
        (["--format", "md"], "--tables prints two tables, --format and --output write the whole report"),
        (["--output", "t.md"], "--tables prints two tables, --format and --output write the whole report"),
    ],
    ids=str,
)
def test_two_forms_of_a_report_at_once_are_refused(command, study_of, tmp_path, monkeypatch, other, said):
    monkeypatch.chdir(tmp_path)
    refused = command("study", "report", study_of(1).name, "--tables", *other)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.err
    assert not (tmp_path / "t.md").exists()


@pytest.mark.parametrize("form", [[], ["--json"], ["--tables"], ["--output", "seeds.md"]], ids=str)
def test_a_report_of_any_form_leaves_the_out_of_fold_predictions(command, study_of, tmp_path, monkeypatch, form):
    monkeypatch.chdir(tmp_path)
    study = study_of(done=2)
    assert command("study", "report", study.name, *form).code == 0
    assert len(list((study.folder / "out-of-fold").glob("*/predictions.parquet"))) == 2


def test_the_commands_that_score_all_test_predictions_are_a_shells_wherever_these_lie(study_of, workspace, tmp_path):
    study_of(done=2)
    said = call(workspace.root.rename(tmp_path / "o'brien's work"), "study", "report", "seeds").err
    commands = [shlex.split(line) for line in re.findall("all test predictions: (.*)", said)]
    assert [words[:-1] for words in commands] == [["python", "-m", "allcore", "evaluate"]] * 2
    assert all((Path(words[-1]) / "predictions.parquet").is_file() for words in commands)


@pytest.mark.parametrize("form", [[], ["--json"], ["--tables"], ["--output", "seeds.md"]], ids=str)
def test_a_report_is_made_also_where_the_out_of_fold_predictions_cannot_be_written(
    command, study_of, tmp_path, monkeypatch, form
):
    monkeypatch.chdir(tmp_path)
    (study_of(done=2).folder / "out-of-fold").touch()  # no folder can be made there
    said = command("study", "report", "seeds", *form)
    assert said.code == 0
    assert "predictions of study seeds cannot be written (File exists); the report is whole without them" in said.err
    assert "seeds.md" in said.out if "--output" in form else "accuracy" in said.out
