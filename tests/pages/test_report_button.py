"""The report on the Evaluate page: the file that the command line writes."""

import pytest

from allcore.cli.main import app as command_line
from allcore.data.labels.meanings import name_classes
from tests.pages.opening import open_page, texts


@pytest.mark.parametrize("form", ["html", "md"])
def test_button_gives_the_bytes_that_the_command_writes(run, offered, tmp_path, form):
    open_page("evaluate")
    command_line(["report", run.id, "--output", str(tmp_path / "a"), "--format", form], standalone_mode=False)
    assert offered[f"{run.id}.{form}"]() == (tmp_path / "a").read_bytes()


def test_run_whose_environment_is_damaged_gets_a_reason_instead(run, offered):
    (run.folder / "environment.json").write_text("{")
    app = open_page("evaluate")
    assert "No report can be made" in texts(app)
    assert "environment.json cannot be read" in texts(app).replace("\\", "")
    assert f"{run.id}.html" not in offered


def test_damaged_meanings_of_the_classes_are_why_there_is_no_report(run, offered, workspace):
    name_classes(run.config.dataset, run.split.classes, {}, ["Pro"], workspace.classes)
    next(workspace.classes.iterdir()).write_bytes(b"cut short")
    app = open_page("evaluate")
    (said,) = (each.value for each in app.warning if each.proto.title == "No report can be made")
    assert "name them anew" in said
    assert f"{run.id}.html" not in offered
