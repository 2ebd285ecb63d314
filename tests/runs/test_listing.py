"""The list of runs says what their files say now, and reads a run once where nothing else can change it."""

import json
import os
import shutil
import time

import pytest

from allcore.errors import FileError
from allcore.runs import listing
from allcore.runs import summarize as reading
from allcore.runs.folder.about import About, say_of_run
from allcore.runs.folder.launches import claim_launch, last_launch, record_launch
from allcore.runs.folder.process import own_identity
from allcore.runs.folder.status import write_status
from allcore.runs.listing import list_runs
from allcore.runs.summarize import summarize
from allcore.runs.summary import RunSummary
from tests.copies import copy_without_models


@pytest.fixture
def run(workspace, finished_run):
    """Return a run that has ended long ago, in a workspace of its own."""
    copied = copy_without_models(finished_run, workspace.runs / finished_run.id)
    settle(copied)
    return copied


def settle(run):
    """Make it long ago that anything was written in a run's folder."""
    for path in (run.folder, *run.folder.rglob("*")):
        os.utime(path, (path.stat().st_mtime - 3600,) * 2)


def list_file(workspace):
    return workspace.cache / "runs" / "list.json"


def told(workspace):
    """Return the names of the runs that the list on the disk tells of."""
    return set(json.loads(list_file(workspace).read_text().partition("\n")[2])["runs"])


@pytest.fixture
def read(monkeypatch):
    """Return the names of the runs whose files are read, as they are."""
    names = []

    def noted(run):
        names.append(run.id)
        return summarize(run)

    monkeypatch.setattr(reading, "summarize", noted)
    return names


def test_a_run_that_has_ended_is_read_once(workspace, run, read):
    first = list_runs(workspace)
    assert first == [summarize(run)]
    assert first[0].best_validation_accuracy is not None
    assert list_runs(workspace) == first
    assert read == [run.id]


def fail(run):
    write_status(run.folder, run.status().model_copy(update={"state": "failed", "error": "the disk is full"}))


def start(run):
    moment = time.time()
    fields = {"state": "running", "pid": os.getpid(), "process_started": None, "host": "", "heartbeat": moment}
    write_status(run.folder, run.status().model_copy(update=fields))


def learn_more(run):
    file = run.folder / "metrics.jsonl"
    last = [record for record in map(json.loads, file.read_text().splitlines()) if record["kind"] == "epoch"][-1]
    with file.open("a") as more:
        more.write(json.dumps({**last, "epoch": last["epoch"] + 1, "validation_accuracy": 1.0}) + "\n")


@pytest.mark.parametrize(
    "change",
    [
        fail,
        start,
        learn_more,
        lambda run: say_of_run(run, About(name="the best", note="of all", tags=("good", "new"))),
        lambda run: say_of_run(run, About(hidden=True)),
        lambda run: (run.folder / "predictions.parquet").unlink(),
        lambda run: (run.folder / "config.json").unlink(),
        lambda run: (run.folder / "metrics.jsonl").unlink(),
        lambda run: claim_launch(run.folder, "slurm", last_launch(run.folder)),
        lambda run: run.folder.rename(run.folder.with_name("another")),
        lambda run: shutil.rmtree(run.folder),
    ],
)
def test_whatever_changes_in_a_run_is_seen(workspace, run, change):
    list_runs(workspace)
    change(run)
    found = list_runs(workspace)
    list_file(workspace).unlink()
    assert found == list_runs(workspace)


@pytest.mark.parametrize(
    ("name", "said"),
    [("about.json", lambda one: one.name), ("predictions.parquet", lambda one: one.test_accuracy)],
)
def test_what_is_mended_in_place_is_seen(workspace, run, name, said):
    say_of_run(run, About(name="first"))
    file = run.folder / name
    whole = file.read_bytes()
    file.unlink()  # other tests' runs share it
    file.write_bytes(whole[:-9])
    settle(run)
    (before,) = list_runs(workspace)
    file.write_bytes(whole)
    (after,) = list_runs(workspace)
    assert (before.state, after.state) == ("succeeded", "succeeded")
    assert not said(before)
    assert said(after)


def test_a_folder_that_cannot_be_looked_at_or_has_no_text_as_name_takes_no_list_down(workspace, run):
    (workspace.runs / "in-a-circle").symlink_to("in-a-circle")
    (workspace.runs / os.fsdecode(b"L\xe4ufe")).mkdir()
    assert {one.id: one.state for one in list_runs(workspace)} == {run.id: "succeeded", "in-a-circle": "damaged"}


def test_a_dataset_that_was_renamed_has_its_new_name(workspace, run, monkeypatch):
    list_runs(workspace)
    monkeypatch.setattr("allcore.runs.folder.store.present_place", lambda place: "/datasets/renamed")
    workspace.datasets.mkdir()
    (found,) = list_runs(workspace)
    assert found.dataset == "/datasets/renamed"
    assert found.says("RENAMED")


def test_a_change_within_the_step_of_the_disks_clock_is_seen(workspace, run):
    write_status(run.folder, run.status().model_copy(update={"epoch": 1}))
    times = {path: path.stat().st_mtime_ns for path in (run.folder, run.folder / "status.json")}
    assert list_runs(workspace)[0].epoch == 1
    write_status(run.folder, run.status().model_copy(update={"epoch": 2}))
    for path, moment in times.items():
        os.utime(path, ns=(moment, moment))
    assert list_runs(workspace)[0].epoch == 2


def test_what_its_files_alone_do_not_tell_is_read_every_time(workspace, run, read):
    waiting, damaged = (copy_without_models(run, workspace.runs / name) for name in ("waiting", "damaged"))
    queued = {"state": "queued", "pid": None, "queued_at": time.time()}
    write_status(waiting.folder, waiting.status().model_copy(update=queued))
    (damaged.folder / "config.json").write_text("{")
    settle(damaged)
    for _ in range(2):
        assert {one.id: one.state for one in list_runs(workspace)} == {
            run.id: "succeeded", "waiting": "queued", "damaged": "damaged",
        }  # fmt: skip
    assert told(workspace) == {run.id}
    assert sorted(read) == sorted([run.id, *2 * ["waiting", "damaged"]])


def test_a_run_that_another_machine_hears_nothing_of_is_judged_anew_by_its_own(workspace, run, monkeypatch):
    pid, started = own_identity()
    waits = {"state": "queued", "pid": pid, "process_started": started, "host": "there", "phase": "waiting"}
    write_status(run.folder, run.status().model_copy(update=waits))
    settle(run)
    assert [one.state for one in list_runs(workspace)] == ["interrupted"]
    monkeypatch.setattr("allcore.runs.folder.process.host", lambda: "there")
    assert [one.state for one in list_runs(workspace)] == ["queued"]


def test_a_launch_that_cannot_be_read_for_a_moment_is_read_again(workspace, run, monkeypatch):
    launch = claim_launch(run.folder, "slurm", last_launch(run.folder))
    record_launch(
        run.folder, launch.model_copy(update={"job": "7", "state": "waiting", "word": "Slurm job 7: pending"})
    )
    write_status(run.folder, run.status().model_copy(update={"state": "queued", "pid": None, "phase": ""}))
    settle(run)

    def refused(*of):
        raise FileError("it cannot be read (Stale file handle)")

    with monkeypatch.context() as moment:
        moment.setattr("allcore.runs.folder.launches.read_json", refused)
        list_runs(workspace)
    assert [one.state for one in list_runs(workspace)] == ["queued"]


def test_a_run_that_waits_in_a_schedulers_queue_is_known_until_the_scheduler_says_more(workspace, run, read):
    launch = claim_launch(run.folder, "slurm", last_launch(run.folder))
    launch = launch.model_copy(update={"job": "7", "state": "waiting", "word": "Slurm job 7: pending, Priority"})
    record_launch(run.folder, launch)
    queued = {"state": "queued", "pid": None, "phase": "", "queued_at": time.time()}
    write_status(run.folder, run.status().model_copy(update=queued))
    settle(run)
    for _ in range(2):
        assert [one.state for one in list_runs(workspace)] == ["queued"]
    assert read == [run.id]
    record_launch(run.folder, launch.model_copy(update={"state": "over", "word": "Slurm job 7: its machine failed"}))
    (found,) = list_runs(workspace)
    assert (found.state, found.note) == ("interrupted", "Slurm job 7: its machine failed")


def in_its_own_words(change):
    """Return a way to write a list that is whole, but says something else."""

    def harm(text):
        said = json.loads(text.partition("\n")[2])
        change(said)
        again = json.dumps(said)
        return f"{listing._digest(again.encode()).decode()}\n{again}"

    return harm


def failed(said):
    """Have the only run of a list be told as failed."""
    ((_, told),) = said["runs"].values()
    told[RunSummary._fields.index("state")] = "failed"


def of_another_version(said):
    failed(said)
    said["work"][0] -= 1


def of_other_fields(said):
    failed(said)
    said["work"].append("another")


@pytest.mark.parametrize(
    "harm",
    [
        lambda text: "",
        lambda text: text[:-20],
        lambda text: text.replace("succeeded", "failed"),
        lambda text: text.partition("\n")[2],
        lambda text: "\n[]",
        lambda text: "[" * 100_000,
        in_its_own_words(of_another_version),
        in_its_own_words(of_other_fields),
    ],
)
def test_a_list_that_is_damaged_or_of_another_version_is_made_again(workspace, run, harm):
    first = list_runs(workspace)
    file = list_file(workspace)
    harmed = harm(file.read_text())
    assert harmed != file.read_text()
    file.write_text(harmed)
    assert list_runs(workspace) == first
    assert told(workspace) == {run.id}


def test_where_nothing_can_be_written_the_runs_are_listed_all_the_same(workspace, run, no_room):
    with no_room("/cache/"):
        assert [one.id for one in list_runs(workspace)] == [run.id]
    assert not list_file(workspace).exists()


def test_no_runs_are_an_empty_list_and_leave_nothing_behind(workspace):
    assert list_runs(workspace) == []
    assert not workspace.root.exists()
    assert listing.run_names(workspace.runs) == []
