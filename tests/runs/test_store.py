"""Run folders: made whole, found by name, deleted when they rest."""

import time

import pytest

from allcore.errors import RunError
from allcore.runs.preflight import prepare
from allcore.runs.process import own_identity
from allcore.runs.status import write_status
from allcore.runs.store import RunStore


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def run(store, tiny_config, tmp_path):
    return store.create(*prepare(tiny_config(), tmp_path / "cache"))


def test_id_is_readable_and_sortable(run):
    date, clock, network, size, token = run.id.split("-")
    assert (len(date), len(clock), network, size, len(token)) == (8, 6, "vgg16", "32px", 4)


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


def test_damaged_split_says_why(run):
    (run.folder / "split.csv").write_text("path,label\na,b\n")
    with pytest.raises(RunError, match=r"split\.csv is not a split"):
        _ = run.split


def test_log_tail_is_the_last_lines(run):
    (run.folder / "worker.log").write_text("\n".join(f"line {n}" for n in range(1000)))
    assert run.log_tail(2) == "line 998\nline 999"


def test_predictions_that_are_not_there_yet_say_so(run):
    write_status(run.folder, run.status().model_copy(update={"heartbeat": time.time()}))
    with pytest.raises(RunError, match="has no predictions: it is queued"):
        run.predictions()
