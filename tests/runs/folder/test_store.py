"""Run folders: made whole, found by name, deleted when they rest."""

import errno
import gc
import os
import time
import weakref
from datetime import datetime
from pathlib import Path

import pytest

from allcore.data.splits.split import Split
from allcore.errors import RunError
from allcore.runs.execution.preflight import prepare
from allcore.runs.execution.resting_status import resting_status
from allcore.runs.folder.files import METRICS_FILE
from allcore.runs.folder.process import own_identity
from allcore.runs.folder.status import write_status
from allcore.runs.folder.store import Run, RunStore, has_succeeded, state_of
from allcore.runs.folder.worker_lock import worker_lock
from allcore.writing import append_lines


class Frozen(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz=None):
        return cls(2026, 11, 23, 7, 15, 30, tzinfo=tz)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture(scope="module")
def prepared(tiny_config, tmp_path_factory):
    """Return a configuration and its split; what stands in them is only read."""
    return prepare(tiny_config(), tmp_path_factory.mktemp("cache"))


@pytest.fixture
def run(store, prepared):
    return store.create(*prepared)


def test_id_is_readable_and_sortable(run):
    date, clock, network, size, token = run.id.split("-")
    assert (len(date), len(clock), network, size, len(token)) == (8, 6, "vgg16", "32px", 4)


def test_runs_that_draw_the_same_name_in_one_second_have_folders_of_their_own(store, prepared, monkeypatch):
    drawn = iter(["7f3a", "7f3a", "0b1c"])
    monkeypatch.setattr("allcore.runs.folder.store.secrets.token_hex", lambda _: next(drawn))
    monkeypatch.setattr("allcore.runs.folder.store.datetime", Frozen)
    first, second = store.create(*prepared), store.create(*prepared)
    assert [first.id[-4:], second.id[-4:]] == ["7f3a", "0b1c"]
    assert len(store.runs()) == 2


def test_config_comes_back_as_given(run, tiny_config, smears):
    assert run.config == tiny_config(dataset=str(smears.resolve()), variant="")


def test_split_comes_back_with_every_image(run):
    assert len(run.split.table) == 64
    assert set(run.split.table["split"]) == {"train", "validation", "test"}


def test_new_run_is_queued(run):
    assert run.status().state == "queued"


def test_newest_run_comes_first_and_unfinished_folders_are_not_runs(store, run):
    (store.root / ".new-something").mkdir()
    (store.root / "zzz").mkdir()
    assert [found.id for found in store.runs()] == ["zzz", run.id]


def test_run_is_found_by_part_of_its_id_by_latest_and_by_folder(store, run):
    assert store.find(run.id[-4:]) == store.find("latest") == store.find(str(run.folder)) == run


def test_ambiguous_part_is_refused(store, run):
    (store.root / f"{run.id}-copy").mkdir()
    with pytest.raises(RunError, match="fits 2 runs"):
        store.find(run.id[:8])


def test_unknown_run_is_refused_with_what_to_do(store):
    with pytest.raises(RunError, match="`runs list` shows"):
        store.find("nothing")


def test_active_run_is_not_deleted(store, run):
    pid, started = own_identity()
    write_status(run.folder, run.status().model_copy(update={"pid": pid, "process_started": started}))
    with pytest.raises(RunError, match="stop it before"):
        store.delete(run)
    assert run.folder.is_dir()


@pytest.mark.parametrize("damage", [None, "status.json"])
def test_resting_or_damaged_run_is_deleted_whole(store, run, damage):
    write_status(run.folder, run.status().model_copy(update={"state": "failed"}))
    if damage:
        (run.folder / damage).write_text("{")
    store.delete(run)
    assert list(store.root.iterdir()) == []


def test_all_who_ask_share_a_split_until_it_is_written_anew(run):
    first = Run(run.folder).split
    assert Run(run.folder).split is first
    Split(first.table.iloc[::-1]).write(run.folder / "split.csv")
    assert list(Run(run.folder).split.table["path"]) == list(first.table["path"])[::-1]


def test_a_split_is_given_up_for_those_of_other_runs(run, tmp_path):
    gone, small = weakref.ref(run.split), Split(run.split.table.head(3).copy())
    for number in range(40):
        other = Run(tmp_path / f"{number}")
        other.folder.mkdir()
        small.write(other.folder / "split.csv")
        assert len(other.split.table) == 3
    gc.collect()
    assert gone() is None


def test_damaged_split_says_why(run):
    (run.folder / "split.csv").write_text("path,label\na,b\n")
    with pytest.raises(RunError, match=r"split\.csv is not a split"):
        _ = run.split


def test_log_tail_is_the_last_lines(run):
    (run.folder / "worker.log").write_text("\n".join(f"line {n}" for n in range(1000)))
    assert run.log_tail(2) == "line 998\nline 999"


def test_worker_that_ended_before_its_first_line_is_known_by_what_it_printed(run):
    (run.folder / "worker.output").write_text("Segmentation fault\n")
    assert run.log_tail() == "Segmentation fault"


def test_predictions_that_are_not_there_yet_say_so(run):
    write_status(run.folder, run.status().model_copy(update={"heartbeat": time.time()}))
    with pytest.raises(RunError, match="has no predictions: it is queued"):
        run.predictions()


@pytest.mark.parametrize("name", ["", " ", "\t"])
def test_empty_name_is_refused_though_it_is_a_part_of_every_id(store, run, name):
    with pytest.raises(RunError, match="the run's name is empty; give its id"):
        store.find(name)


def test_deleting_a_linked_run_removes_the_link_alone(store, run, tmp_path):
    write_status(run.folder, run.status().model_copy(update={"state": "failed"}))
    elsewhere = run.folder.rename(tmp_path / "elsewhere")
    run.folder.symlink_to(elsewhere)
    before = sorted(path.name for path in elsewhere.iterdir())
    for name in (run.id, str(run.folder)):
        found = store.find(name)
        assert found.folder == run.folder
    store.delete(found)
    assert list(store.root.iterdir()) == []
    assert before == sorted(path.name for path in elsewhere.iterdir())


def test_linked_run_that_is_active_is_not_deleted(store, run, tmp_path):
    run.folder.symlink_to(run.folder.rename(tmp_path / "elsewhere"))
    with pytest.raises(RunError, match="is queued; stop it before"):
        store.delete(run)
    assert run.folder.is_symlink()


def test_run_that_cannot_be_moved_away_is_kept_whole(store, run, monkeypatch):
    def busy(path, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    write_status(run.folder, run.status().model_copy(update={"state": "failed"}))
    before = sorted(run.folder.rglob("*"))
    monkeypatch.setattr(Path, "rename", busy)
    with pytest.raises(RunError, match=r"cannot be deleted \(Invalid cross-device link\); all of it is still there"):
        store.delete(run)
    assert before == sorted(run.folder.rglob("*"))


def test_what_a_killed_deletion_left_goes_with_the_next(store, run):
    write_status(run.folder, run.status().model_copy(update={"state": "failed"}))
    (store.root / ".trash-0123-other").mkdir()
    store.delete(run)
    assert list(store.root.iterdir()) == []


def test_of_two_deletions_at_once_each_is_done_and_none_says_that_it_failed(store, prepared, monkeypatch):
    first, second = store.create(*prepared), store.create(*prepared)
    for run in (first, second):
        write_status(run.folder, run.status().model_copy(update={"state": "failed"}))
    really = os.unlink

    def meanwhile(name, **options):
        monkeypatch.setattr(os, "unlink", really)
        store.delete(second)  # which removes what is left of earlier ones, this one too
        really(name, **options)

    monkeypatch.setattr(os, "unlink", meanwhile)
    store.delete(first)
    assert list(store.root.iterdir()) == []


def test_run_whose_worker_lives_is_not_deleted_whatever_its_status_says(store, run):
    (run.folder / "status.json").write_text("{")
    with worker_lock(run.folder), pytest.raises(RunError, match=r"the worker of run .* is still running"):
        store.delete(run)
    assert run.folder.is_dir()


def test_damaged_status_of_a_dead_run_is_made_anew_in_its_last_segment(run):
    append_lines(run.folder / METRICS_FILE, ['{"kind": "segment", "segment": 2, "epoch": 0, "step": 0}'])
    (run.folder / "checkpoints" / "003-00001-000000").mkdir(parents=True)
    (run.folder / "status.json").write_text('{"schema_number": 2, "sta')
    status = resting_status(run)
    assert (status.state, status.segment, status.epochs) == ("interrupted", 3, run.config.epochs)


def test_damaged_status_is_not_made_anew_while_a_worker_lives_or_the_configuration_is_gone(run):
    (run.folder / "status.json").unlink()
    with worker_lock(run.folder), pytest.raises(RunError, match=r"has no status\.json"):
        resting_status(run)
    (run.folder / "config.json").write_text("{")
    with pytest.raises(RunError, match=r"config\.json"):
        resting_status(Run(run.folder))


def test_new_run_is_on_the_disk_before_it_has_its_name(store, tiny_config, tmp_path, no_room):
    config, split = prepare(tiny_config(), tmp_path / "cache")
    with no_room("split.csv"), pytest.raises(RunError, match=r"cannot be written below .* \(No space left on device\)"):
        store.create(config, split)
    assert list(store.root.iterdir()) == []


@pytest.mark.parametrize(("damage", "said"), [(None, "succeeded"), ("{", ""), ("gone", "")])
def test_state_of_a_run_that_cannot_be_read_is_none_and_no_error(store, prepared, damage, said):
    run = store.create(*prepared)
    write_status(run.folder, run.status().model_copy(update={"state": "succeeded"}))
    if damage == "gone":
        store.delete(run)
    elif damage is not None:
        (run.folder / "status.json").write_text(damage)
    assert (state_of(run), has_succeeded(run)) == (said, said == "succeeded")
