"""Runs: what is deleted, and what is freed, is what was on the screen."""

import shutil

from allcore.runs.folder.status import write_status
from tests.copies import copy_of
from tests.pages.opening import button, open_page, press, table


def test_what_nobody_needs_is_named_and_removed_when_asked(run):
    weights = run.folder / "checkpoints" / "kept-00001.npz"
    weights.parent.mkdir()
    weights.write_bytes(bytes(3 * 2**20))
    app = press(open_page("runs"), "Free disk space")
    assert list(table(app, "Where")["Where"]) == [f"runs/{run.id}/checkpoints"]
    press(app, "Remove it, 3 MB")
    assert not weights.exists()
    assert run.served_model.is_file()


def test_run_that_was_resumed_meanwhile_keeps_its_checkpoints(run):
    weights = run.folder / "checkpoints" / "kept-00001.npz"
    weights.parent.mkdir()
    weights.write_bytes(bytes(3 * 2**20))
    app = press(open_page("runs"), "Free disk space")
    write_status(run.folder, run.status().model_copy(update={"state": "interrupted"}))
    press(app, "Remove it, 3 MB")
    assert weights.exists()


def test_space_can_be_freed_where_no_run_is_left_or_the_one_asked_for_is_not_there(run, workspace):
    assert not button(open_page("runs", run="another"), "Free disk space").disabled
    shutil.rmtree(run.folder)
    assert "Free disk space" not in [each.label for each in open_page("runs").button]
    decoded = workspace.cache / "decoded" / "one"
    decoded.mkdir(parents=True)
    (decoded / "pixels.u8").write_bytes(bytes(3 * 2**20))
    app = press(open_page("runs"), "Free disk space")
    press(app, "Remove it, 3 MB")
    assert not decoded.exists()
    assert "Free disk space" not in [each.label for each in app.button]


def test_what_stands_in_the_way_of_the_last_deletion_is_said_where_no_run_is_left(run, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied")

    app = press(open_page("runs"), "Delete")
    monkeypatch.setattr("allcore.runs.folder.trash.remove_folder", refuse)
    press(app, "Delete it")
    assert "is deleted, but not all of its files could be removed" in app.error[0].value


def test_deleting_asks_first_and_then_removes_the_run(run):
    app = open_page("runs")
    press(app, "Delete")
    assert run.folder.exists()
    press(app, "Delete it")
    assert not run.folder.exists()
    assert app.info[0].proto.title == "No run yet"


def test_run_that_went_on_since_the_question_is_not_deleted(run):
    app = press(open_page("runs"), "Delete")
    write_status(run.folder, run.status().model_copy(update={"state": "cancelled"}))
    press(app, "Delete it")
    assert run.folder.exists()
    assert "is stopped now" in app.error[0].value


def test_deleting_can_be_thought_better_of(run):
    app = press(open_page("runs"), "Delete")
    press(app, "Cancel")
    assert run.folder.exists()
    assert "Delete it" not in [button.label for button in app.button]


def test_run_that_is_asked_about_is_the_one_on_the_screen_though_a_newer_one_came(run, workspace):
    app = open_page("runs")
    copy_of(run, workspace.runs / "20990101-000000-vgg16-32px-ffff")
    press(app, "Delete")
    press(app, "Delete it")
    assert not run.folder.exists()
    assert (workspace.runs / "20990101-000000-vgg16-32px-ffff").exists()
