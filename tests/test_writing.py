"""Files and folders appear whole or not at all, and each is on the disk before what follows it."""

import errno
import os
from pathlib import Path

import pytest

from allcore.writing import (
    append_lines,
    folder_written_whole,
    make_folder,
    remove_unfinished,
    write_whole,
    written_whole,
)


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """Return a list of what is synced and renamed, as it happens: paths below the test's folder."""
    made = []
    really = {"fsync": os.fsync, "replace": Path.replace, "rename": Path.rename}

    def name(path):
        parts = Path(path).relative_to(tmp_path).parts
        return "/".join("unfinished" if ".part" in part else part for part in parts) or "."

    def fsync(descriptor):
        made.append(("sync", name(Path(f"/proc/self/fd/{descriptor}").readlink())))
        really["fsync"](descriptor)

    def move(how):
        def moved(path, target):
            made.append(("takes its place", name(target)))
            return really[how](path, target)

        return moved

    monkeypatch.setattr(os, "fsync", fsync)
    for how in ("replace", "rename"):
        monkeypatch.setattr(Path, how, move(how))
    return made


def test_file_is_synced_takes_its_place_and_then_its_folder_is_synced(tmp_path, calls):
    write_whole(tmp_path / "status.json", "{}")
    assert calls == [("sync", "unfinished"), ("takes its place", "status.json"), ("sync", ".")]
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]


def test_folder_is_synced_with_all_that_is_in_it_before_it_takes_its_place(tmp_path, calls):
    with folder_written_whole(tmp_path / "run") as unfinished:
        (unfinished / "a").write_text("a")
        (unfinished / "inner").mkdir()
        (unfinished / "inner" / "b").write_text("b")
    *before, taken, last = calls
    assert set(before) == {
        ("sync", name) for name in ("unfinished/a", "unfinished/inner/b", "unfinished/inner", "unfinished")
    }
    assert (taken, last) == (("takes its place", "run"), ("sync", "."))


def test_lines_are_synced_and_so_is_the_name_of_a_new_file(tmp_path, calls):
    append_lines(tmp_path / "metrics.jsonl", ["1"])
    append_lines(tmp_path / "metrics.jsonl", ["2", "3"])
    assert calls == [("sync", "metrics.jsonl"), ("sync", "."), ("sync", "metrics.jsonl")]
    assert (tmp_path / "metrics.jsonl").read_text() == "1\n2\n3\n"


def test_new_folders_are_synced_into_those_above_them(tmp_path, calls):
    make_folder(tmp_path / "workspace" / "runs")
    assert calls == [("sync", "."), ("sync", "workspace")]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), ValueError("no"), KeyboardInterrupt()])
def test_failure_leaves_the_old_content_and_nothing_unfinished(tmp_path, error):
    def fail_half_way(writing):
        with writing as unfinished:
            (unfinished / "a" if unfinished.is_dir() else unfinished).write_text("half")
            raise error

    (tmp_path / "model.onnx").write_text("old")
    for writing in (written_whole(tmp_path / "model.onnx"), folder_written_whole(tmp_path / "run")):
        with pytest.raises(type(error)):
            fail_half_way(writing)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("model.onnx", "old")]


def test_disk_that_is_full_when_syncing_leaves_the_old_content(tmp_path, no_room):
    write_whole(tmp_path / "status.json", "old")
    with no_room(str(tmp_path)), pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "status.json", "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("status.json", "old")]


def test_folder_takes_the_place_of_an_older_one(tmp_path):
    for content in ("old", "new"):
        with folder_written_whole(tmp_path / "run") as unfinished:
            (unfinished / content).touch()
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["run", "run/new"]


@pytest.mark.parametrize("before", [(), ("old",)])
@pytest.mark.parametrize("theirs_is", ["moved away", "put there"])
def test_two_that_write_one_folder_at_the_same_moment_leave_one_of_theirs_and_nothing_else(
    tmp_path, monkeypatch, before, theirs_is
):
    folder, rename, met = tmp_path / "run", Path.rename, []
    for name in before:
        (folder / name).mkdir(parents=True)

    def renamed_while_another_does(path, target):
        if (path == folder) == (theirs_is == "moved away") and not met:
            met.append(target)
            if theirs_is == "moved away":
                rename(folder, tmp_path / ".theirs.part")
            else:
                (folder / "theirs").mkdir(parents=True)
        return rename(path, target)

    with folder_written_whole(folder) as unfinished:
        (unfinished / "ours").touch()
        monkeypatch.setattr(Path, "rename", renamed_while_another_does)
    monkeypatch.undo()
    assert bool(met) == (theirs_is == "put there" or bool(before))
    remove_unfinished(tmp_path)  # what the other one moved away, which is the other's to remove
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["run", "run/ours"]


def test_torn_line_of_an_earlier_process_does_not_swallow_the_next(tmp_path):
    file = tmp_path / "metrics.jsonl"
    file.write_bytes(b'{"a": 1}\n{"b"')
    append_lines(file, ['{"c": 3}'])
    assert file.read_bytes() == b'{"a": 1}\n{"b"\n{"c": 3}\n'


def test_lines_that_the_disk_refused_can_be_appended_again(tmp_path, no_room):
    file = tmp_path / "metrics.jsonl"
    append_lines(file, ["1"])
    with no_room("metrics.jsonl"), pytest.raises(OSError, match="No space"):
        append_lines(file, ["2", "3"])
    append_lines(file, ["2", "3"])
    assert file.read_text() == "1\n2\n3\n"


def test_what_killed_processes_left_is_removed_and_nothing_else(tmp_path):
    for name in (".0123.part.onnx", ".0123.part", ".000-00001-000002.part", ".network.onnx"):
        (tmp_path / name).write_text("half")
    (tmp_path / ".4567.part").mkdir()
    (tmp_path / ".4567.part" / "model.npz").touch()
    (tmp_path / ".worker.lock").touch()
    (tmp_path / "model.onnx").touch()
    remove_unfinished(tmp_path, (".network.onnx",))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".worker.lock", "model.onnx"]
    remove_unfinished(tmp_path / "gone")
