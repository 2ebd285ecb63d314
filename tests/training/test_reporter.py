"""Nothing ends reporting, and what a disk refused is written later."""

import json
import sys
import threading
import time
from pathlib import Path

import pytest
import tensorflow as tf

from allcore.runs.folder.launches import Launch
from allcore.runs.folder.status import Status, read_status
from allcore.runs.folder.turns import take_turn
from allcore.training.reporter import Reporter

FULL = "reporting failed: No space left on device; it is tried again"
HELD_UP = "reporting was held up (No space left on device); it is now up to date"


@pytest.fixture
def reporter(tmp_path):
    made = Reporter(tmp_path, Status(state="failed", heartbeat=time.time(), queued_at=0.0, epochs=10))
    yield made
    made.close(patience=0.0)


def of_step(step):
    return {"kind": "batch", "epoch": 0, "step": step, "global_step": step, "loss": 1.0, "time": 5.0}


def record(reporter, *steps):
    for step in steps:
        reporter.record(of_step(step))
    reporter.flush()


def written(folder):
    return [json.loads(line)["step"] for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_disk_that_is_full_for_a_while_costs_no_record_and_is_said(reporter, tmp_path, no_room):
    record(reporter, 1)
    with no_room(str(tmp_path)):
        reporter.update(epoch=1)
        record(reporter, 2, 3)
        assert reporter.status.warnings == (FULL,)
    reporter.update(epoch=2)
    record(reporter, 4)
    assert written(tmp_path) == [1, 2, 3, 4]
    status = read_status(tmp_path)
    assert (status.epoch, status.warnings) == (2, (HELD_UP,))


def test_full_disk_at_the_very_end_is_waited_for(reporter, tmp_path, no_room, monkeypatch):
    full = no_room(str(tmp_path))
    full.__enter__()
    record(reporter, 1)
    monkeypatch.setattr("allcore.training.reporter.time.sleep", lambda seconds: full.__exit__(None, None, None))
    reporter.close()
    assert written(tmp_path) == [1]
    assert read_status(tmp_path).warnings == (HELD_UP,)


def test_event_writer_that_fails_ends_nothing_and_writes_everything_later(reporter, tmp_path):
    """TensorFlow raises an error of its own here, which is no `OSError`."""
    (tmp_path / "tensorboard").touch()
    reporter.update(epoch=1)
    record(reporter, 1, 2)
    assert written(tmp_path) == [1, 2]
    assert read_status(tmp_path).epoch == 1
    assert read_status(tmp_path).warnings[0].startswith("reporting failed: ")
    (tmp_path / "tensorboard").unlink()
    record(reporter, 3)
    assert written(tmp_path) == [1, 2, 3]
    events = [
        event
        for file in Path(tmp_path / "tensorboard").iterdir()
        for event in tf.compat.v1.train.summary_iterator(str(file))
    ]
    scalars = [(event.step, value.tag) for event in events for value in event.summary.value]
    assert scalars == [(1, "batch/loss"), (2, "batch/loss"), (3, "batch/loss")]


def test_whatever_is_raised_while_the_status_is_written_is_survived(reporter, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("allcore.training.reporter.write_status", lambda *_: (_ for _ in ()).throw(RuntimeError("odd")))
        record(reporter, 1)
    reporter.update(epoch=7)
    record(reporter, 2)
    assert (written(tmp_path), read_status(tmp_path).epoch) == ([1, 2], 7)


def test_worker_that_has_nothing_new_to_say_is_heard_of(tmp_path, monkeypatch):
    monkeypatch.setattr("allcore.training.reporter._HEARTBEAT_SECONDS", 0.0)
    monkeypatch.setattr("allcore.training.reporter._PAUSE_SECONDS", 0.001)
    written, heard = threading.Semaphore(0), []

    def write(folder, status):
        heard.append(status.heartbeat)
        written.release()

    monkeypatch.setattr("allcore.training.reporter.write_status", write)
    reporter = Reporter(tmp_path, Status(state="running", heartbeat=0.0, queued_at=0.0))
    for _ in range(3):
        assert written.acquire(timeout=60)
    reporter.close(patience=0.0)
    assert len(set(heard)) > 1


def test_held_back_records_do_not_grow_without_end(reporter, tmp_path, no_room, monkeypatch):
    monkeypatch.setattr("allcore.training.reporter._MOST_HELD_BACK", 3)
    with no_room("metrics.jsonl"):
        record(reporter, 1)
        record(reporter, 2, 3, 4, 5)
    record(reporter)
    assert written(tmp_path)[-1] == 5
    assert len(written(tmp_path)) < 5
    assert (
        "the disk could not be written for too long: the oldest unwritten metrics are lost"
        in read_status(tmp_path).warnings
    )


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_worker_whose_turn_is_over_writes_no_status_over_that_of_the_next(tmp_path, monkeypatch):
    def leave(code):  # this process is the tests' own: the thread that would write ends instead
        raise SystemExit(code)

    monkeypatch.setattr("allcore.runs.folder.turns.os._exit", leave)
    launch = Launch(number=1)
    reporter = Reporter(tmp_path, Status(state="running", heartbeat=0.0, queued_at=0.0), take_turn(tmp_path, launch))
    reporter.flush()
    take_turn(tmp_path, launch)
    of_the_next = (tmp_path / "status.json").read_bytes()
    reporter.update(epoch=7)
    reporter.record(of_step(1))
    for thread in threading.enumerate():
        if thread.name == "reporter":
            thread.join()
    assert (tmp_path / "status.json").read_bytes() == of_the_next
    assert not (tmp_path / "metrics.jsonl").exists()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_worker_whose_turn_ends_while_a_slow_disk_takes_its_metrics_writes_no_status(tmp_path, monkeypatch):
    monkeypatch.setattr("allcore.runs.folder.turns.os._exit", sys.exit)  # as above
    launch = Launch(number=1)
    reporter = Reporter(tmp_path, Status(state="running", heartbeat=0.0, queued_at=0.0), take_turn(tmp_path, launch))
    written = []

    def slowly(*_):
        take_turn(tmp_path, launch)
        written.append("metrics")

    monkeypatch.setattr("allcore.training.reporter.write_status", lambda *_: written.append("status"))
    monkeypatch.setattr("allcore.training.reporter.append_lines", slowly)
    reporter.record(of_step(1))
    for thread in threading.enumerate():
        if thread.name == "reporter":
            thread.join()
    assert written[-1] == "metrics"
