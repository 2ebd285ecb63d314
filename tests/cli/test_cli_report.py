"""`report`, on a run that really finished."""

import json

import pytest

from allcore.data.labels.meanings import name_classes
from allcore.reporting.report import make_report
from allcore.runs.folder.store import RunStore
from tests.copies import copy_of, copy_without_models


@pytest.mark.parametrize(("form", "ending"), [(None, "html"), ("html", "html"), ("md", "md")])
def test_file_is_called_like_the_run_and_its_path_printed(
    on_finished, finished_run, tmp_path, monkeypatch, form, ending
):
    monkeypatch.chdir(tmp_path)
    outcome = on_finished("report", "latest", *([] if form is None else ["--format", form]))
    name = f"{finished_run.id}.{ending}"
    assert (outcome.code, outcome.out) == (0, f"{name}\n")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_file_is_what_the_core_makes(command, workspace, finished_run, tmp_path):
    run = copy_of(finished_run, workspace.runs / finished_run.id)  # others look for baselines of the run meanwhile
    assert command("report", run.id, "--output", tmp_path / "a.html").code == 0
    assert (tmp_path / "a.html").read_bytes() == make_report(run, workspace).content


def test_ending_of_the_output_chooses_the_form(on_finished, tmp_path):
    on_finished("report", "latest", "--output", tmp_path / "card.md")
    assert (tmp_path / "card.md").read_text().startswith("# Model card")


def test_json_names_the_file_and_what_is_not_provided(on_finished, finished_run, tmp_path):
    path = tmp_path / "a.html"
    outcome = on_finished("report", "latest", "--output", path, "--json")
    said = json.loads(outcome.out)
    assert (said["run"], said["file"], said["format"]) == (finished_run.id, str(path), "html")
    assert {"21", "33", "44"} <= set(said["not_provided"])
    assert outcome.err == ""


def test_report_takes_the_place_of_an_older_one(on_finished, tmp_path):
    path = tmp_path / "a.html"
    path.write_text("old")
    assert on_finished("report", "latest", "--output", path).code == 0
    assert path.read_text().startswith("<!doctype html>")


def test_complete_report_lacks_neither_baselines_nor_probes(on_finished, tmp_path):
    said = on_finished("report", "latest", "--complete", "--output", tmp_path / "a.html", "--json").json
    assert "30" not in said["not_provided"]


def test_unknown_format_is_refused_before_anything_is_computed(on_finished, tmp_path, monkeypatch):
    monkeypatch.setattr("allcore.reporting.report.complete", None)
    outcome = on_finished("report", "latest", "--complete", "--format", "pdf", "--output", tmp_path / "a.pdf")
    assert outcome.code == 2
    assert "format: unknown (received 'pdf'); expected one of html, md" in outcome.err
    assert not list(tmp_path.iterdir())


def test_damaged_meanings_of_the_classes_are_told_before_anything_is_computed(
    command, workspace, finished_run, tmp_path, monkeypatch
):
    monkeypatch.setattr("allcore.reporting.report.complete", None)
    run = copy_without_models(finished_run, workspace.runs / finished_run.id)
    name_classes(run.config.dataset, run.split.classes, {}, ["Pro"], workspace.classes)
    next(workspace.classes.iterdir()).write_bytes(b"cut short")
    outcome = command("report", "latest", "--complete", "--output", tmp_path / "a.html")
    assert (outcome.code, outcome.out) == (2, "")
    assert "name them anew" in outcome.err


def test_folder_that_does_not_exist_is_refused(on_finished, tmp_path):
    outcome = on_finished("report", "latest", "--output", tmp_path / "nowhere" / "a.html")
    assert outcome.code == 2
    assert "cannot be written" in outcome.err


def test_run_that_has_not_succeeded_is_refused(command, workspace, tiny_config, finished_run, tmp_path):
    RunStore(workspace.runs).create(tiny_config(), finished_run.split)
    outcome = command("report", "latest", "--output", tmp_path / "a.html")
    assert outcome.code == 2
    assert "is queued; a report is made of a run that has succeeded" in outcome.err
    assert not (tmp_path / "a.html").exists()
