"""What can be removed is named, and nothing that a run or its reader needs is among it."""

import os
import shutil
import time

import pytest

from allcore.config import make_config
from allcore.errors import RunError
from allcore.files import bytes_below
from allcore.runs.folder.status import write_status
from allcore.runs.folder.store import RunStore
from allcore.runs.folder.worker_lock import worker_lock
from allcore.runs.prune import STALE_SECONDS, remove, superfluous
from tests.runs.damage import finished_folder


@pytest.fixture
def run(workspace):
    """Return a finished run with a checkpoint, weights that were kept, and what a killed worker left unfinished."""
    run = finished_folder(RunStore(workspace.runs), make_config(dataset=str(workspace.datasets / "smears")))
    for name in ("checkpoints/000-00001-000002/model.npz", "checkpoints/kept-00001.npz", ".abc.part.json"):
        (run.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (run.folder / name).write_bytes(bytes(1000))
    return run


def put(file, count, age=0.0):
    """Write a file of so many bytes, and let it and its folder be so many seconds old."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(count))
    for path in (file, file.parent):
        os.utime(path, (time.time() - age,) * 2)


def named(workspace):
    return {str(each.path.relative_to(workspace.root)): each.bytes for each in superfluous(workspace)}


def test_finished_run_gives_its_checkpoints_and_unfinished_files(workspace, run):
    assert named(workspace) == {f"runs/{run.id}/checkpoints": 2000, f"runs/{run.id}/.abc.part.json": 1000}


@pytest.mark.parametrize("name", [".network.onnx", ".model.keras", ".predictions.parquet", ".environment.json"])
def test_finished_run_of_an_earlier_version_gives_its_unfinished_files(workspace, run, name):
    put(run.folder / name, 10)
    assert named(workspace)[f"runs/{run.id}/{name}"] == 10


@pytest.mark.parametrize("state", ["queued", "running", "stopping", "failed", "cancelled", "interrupted"])
def test_run_that_goes_on_or_can_be_resumed_gives_nothing(workspace, run, state):
    write_status(run.folder, run.status().model_copy(update={"state": state, "heartbeat": time.time()}))
    assert named(workspace) == {}


def test_run_whose_worker_still_lives_gives_nothing(workspace, run):
    with worker_lock(run.folder):
        assert named(workspace) == {}


def test_damaged_run_gives_nothing(workspace, run):
    (run.folder / "status.json").write_text("{")
    assert named(workspace) == {}


def test_run_that_is_a_link_gives_nothing(workspace, run, tmp_path):
    run.folder.symlink_to(run.folder.rename(tmp_path / "elsewhere"))
    assert named(workspace) == {}


def test_cached_images_can_go_and_results_stay(workspace):
    for name in ("decoded/one/pixels.u8", "cells/one.u8", "cells/one.lock", "probes/one.json", "catalogs/one.catalog"):
        put(workspace.cache / name, 10)
    assert named(workspace) == {"cache/decoded/one": 10, "cache/cells/one.u8": 10}


def test_cached_images_stay_while_a_run_is_active(workspace, run):
    put(workspace.cache / "decoded" / "one" / "pixels.u8", 10)
    write_status(run.folder, run.status().model_copy(update={"state": "queued", "heartbeat": time.time()}))
    assert named(workspace) == {}


@pytest.mark.parametrize(
    "place",
    [
        "cache/decoded/one.part/pixels.u8",
        "runs/.abc.part/config.json",
        "studies/.abc.part/study.json",
        "studies/sizes/.abc.part.json",
        "studies/sizes/out-of-fold/.abc.part/predictions.parquet",
        "datasets/.0123456789ab4def8123456789abcdef/smears/A/1.png",
        "datasets/.upload-a1_b2c3d/smears.zip",
    ],
)
def test_unfinished_things_can_go_once_nobody_writes_there(workspace, place):
    put(workspace.root / place, 10)
    assert named(workspace) == {}
    put(workspace.root / place, 10, age=STALE_SECONDS + 60)
    for folder in (workspace.root / place).relative_to(workspace.root).parents[:-2]:
        os.utime(workspace.root / folder, (time.time() - STALE_SECONDS - 60,) * 2)
    assert list(named(workspace).values()) == [10]


@pytest.mark.parametrize(
    "place",
    [
        "studies/sizes.part/study.json",
        "studies/thesis.part.2/study.json",
        "datasets/ALL.part/A/1.png",
        "runs/copied.part/config.json",
        "datasets/.0123456789ab4def8123456789abcdef/1.png",
        "datasets/.upload-2024/A/1.png",
        "datasets/.upload-november/A/1.png",
    ],
)
def test_what_a_person_named_like_an_unfinished_thing_stays(workspace, place):
    put(workspace.root / place, 10, age=STALE_SECONDS + 60)
    put((workspace.root / place).parent.parent / "x.json", 10, age=STALE_SECONDS + 60)
    assert named(workspace) == {}


def test_a_file_that_a_person_put_into_a_finished_run_stays(workspace, run):
    put(run.folder / "notes.part.txt", 10)
    assert f"runs/{run.id}/notes.part.txt" not in named(workspace)


@pytest.mark.parametrize("off", [7200.0, -7200.0])
def test_what_is_given_up_is_told_by_the_clock_of_the_disk(workspace, monkeypatch, off):
    put(workspace.runs / ".abc.part" / "config.json", 10)
    put(workspace.datasets / ".def.part" / "a.png", 20, age=STALE_SECONDS + 60)
    really = time.time
    monkeypatch.setattr(time, "time", lambda: really() + off)
    assert named(workspace) == {"datasets/.def.part": 20}


def test_rest_of_a_deleted_run_or_study_can_go(workspace):
    put(workspace.runs / ".trash-0000-run" / "model.onnx", 10)
    put(workspace.studies / ".trash-0000-study" / "study.json", 20)
    assert named(workspace) == {"runs/.trash-0000-run": 10, "studies/.trash-0000-study": 20}


def test_removing_frees_what_was_named_and_nothing_else(workspace, run):
    put(workspace.cache / "decoded" / "one" / "pixels.u8", 500)
    before, found = bytes_below(workspace.root), superfluous(workspace)
    assert remove(found) == sum(each.bytes for each in found) == 3500
    assert bytes_below(workspace.root) == before - 3500
    assert superfluous(workspace) == []
    assert run.status().state == "succeeded"


def test_what_is_gone_already_frees_nothing_more_and_stands_in_nobodys_way(workspace, run):
    found = superfluous(workspace)
    shutil.rmtree(run.folder)
    assert remove(found) == 0


def test_what_another_removes_at_the_same_time_is_nobodys_fault(workspace, run, monkeypatch):
    found, really = superfluous(workspace), os.unlink

    def meanwhile(name, **options):
        monkeypatch.setattr(os, "unlink", really)
        shutil.rmtree(run.folder / "checkpoints" / "000-00001-000002")
        (run.folder / "checkpoints" / "kept-00001.npz").unlink()
        really(name, **options)

    monkeypatch.setattr(os, "unlink", meanwhile)
    remove(found)
    assert superfluous(workspace) == []


def test_what_the_disk_does_not_let_go_is_named_and_the_others_go(workspace, run, monkeypatch):
    def refuse(path, ignore_errors=False):
        if ignore_errors:
            return
        raise PermissionError(13, "Permission denied")

    found = superfluous(workspace)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", refuse)
        with pytest.raises(RunError, match=r"1 of 2 could not be removed: .*checkpoints \(Permission denied\)"):
            remove(found)
    assert list(named(workspace)) == [f"runs/{run.id}/checkpoints"]
