"""Schedules, and reporting that cannot kill a run."""

import json
import math
import time
from types import SimpleNamespace

import pytest

from allcore.config import make_config
from allcore.installation import PROJECT
from allcore.runs.folder.status import Status, read_status
from allcore.training.checkpoint import TrainingProgress
from allcore.training.loop import REPORTS_PER_EPOCH, Stopped, Trainer, learning_rate
from allcore.training.reporter import Reporter
from tests.training.test_served_weights import BATCH, CountingLearner, Training


def rate(schedule, **progress):
    config = make_config(dataset="smears", epochs=4, learning_rate=0.1, learning_rate_schedule=schedule)
    return learning_rate(config, TrainingProgress(**progress), steps_per_epoch=10)


def test_constant_schedule_is_constant():
    assert rate("constant", epoch=3, step=9) == 0.1


@pytest.mark.parametrize(("epoch", "step", "factor"), [(0, 0, 1.0), (2, 0, 0.5), (4, 0, 0.0)])
def test_cosine_schedule_falls_from_the_full_rate_to_zero(epoch, step, factor):
    assert rate("cosine", epoch=epoch, step=step) == pytest.approx(0.1 * factor, abs=1e-12)


def test_plateau_schedule_uses_the_factor_of_the_progress():
    assert rate("plateau", learning_rate_factor=0.25) == pytest.approx(0.025)


WARMED_UP = [1 / 3, 2 / 3]


@pytest.mark.parametrize(
    ("fields", "losses", "expected"),
    [
        ({}, [1.0] * 3, [1, 1, 1]),
        ({"warmup_epochs": 2}, [1.0] * 4, [*WARMED_UP, 1, 1]),
        (
            {"warmup_epochs": 2, "learning_rate_schedule": "cosine"},
            [1.0] * 6,
            [*WARMED_UP, 1, *((1 + math.cos(math.pi * done)) / 2 for done in (0.25, 0.5, 0.75))],
        ),
        ({"learning_rate_schedule": "plateau"}, [1.0, 2, 2, 2, 2, 2, 2, 2], [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25]),
        ({"learning_rate_schedule": "plateau"}, [1.0, 2, 2, 0.5, 2, 2, 2, 2], [1, 1, 1, 1, 1, 1, 1, 0.5]),
        ({"learning_rate_schedule": "constant"}, [1.0, 2, 2, 2, 2], [1, 1, 1, 1, 1]),
    ],
)
def test_each_step_is_taken_with_the_rate_of_the_schedule(tmp_path, fields, losses, expected):
    """Of one step an epoch."""
    training = Training(tmp_path, losses, learning_rate=0.1, **fields)
    training.run()
    assert training.rates == pytest.approx([0.1 * each for each in expected])


def test_a_training_that_goes_on_has_the_rate_that_it_had_come_to(tmp_path):
    training = Training(tmp_path, [1.0, 2, 2, 2, 2, 2], learning_rate=0.1, learning_rate_schedule="plateau")
    asked = iter([False] * 9 + [True])  # twice an epoch: after its step and after its validation batch
    with pytest.raises(Stopped):
        training.run(stop=lambda: next(asked))
    training.run(losses=[2.0, 2])
    assert training.rates == pytest.approx([0.1] * 4 + [0.05] * 2)


@pytest.fixture
def reporter(tmp_path):
    made = Reporter(tmp_path, Status(state="running", heartbeat=time.time(), queued_at=0.0))
    yield made
    made.close()


def test_records_are_appended_in_order(reporter, tmp_path):
    for step in range(50):
        reporter.record({"kind": "batch", "epoch": 0, "step": step, "global_step": step, "loss": 1.0})
    reporter.flush()
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == list(range(50))


def test_status_is_written_as_updated(reporter, tmp_path):
    reporter.update(epoch=3, phase="validating")
    reporter.flush()
    written = json.loads((tmp_path / "status.json").read_text())
    assert (written["epoch"], written["phase"]) == (3, "validating")


def test_unwritable_metrics_become_a_warning_and_reporting_goes_on(reporter, tmp_path):
    (tmp_path / "metrics.jsonl").mkdir()
    reporter.record({"kind": "batch", "epoch": 0, "step": 1, "global_step": 1, "loss": 1.0})
    reporter.update(epoch=1)
    reporter.flush()
    written = json.loads((tmp_path / "status.json").read_text())
    assert written["epoch"] == 1
    assert any("reporting failed" in warning for warning in written["warnings"])


def test_vanished_run_folder_does_not_raise(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    reporter = Reporter(folder, Status(state="running", heartbeat=time.time(), queued_at=0.0))
    folder.rmdir()
    reporter.record({"kind": "batch", "epoch": 0, "step": 1, "global_step": 1, "loss": 1.0})
    reporter.update(epoch=2)
    reporter.close()
    assert reporter.status.epoch == 2


def test_same_warning_is_said_once(reporter, tmp_path):
    reporter.warn("the disk is full")
    reporter.warn("the disk is full")
    reporter.flush()
    assert read_status(tmp_path).warnings == ("the disk is full",)


def test_each_image_of_an_epoch_is_in_one_report_also_of_the_last_few_steps(tmp_path):
    steps, learner = 205, CountingLearner([0.5])
    source = SimpleNamespace(rows=range(820), steps=steps, batches=lambda epoch, start=0: [BATCH] * (steps - start))
    validation = SimpleNamespace(rows=range(4), steps=1, batches=lambda epoch: [BATCH])
    config = make_config(dataset="smears", epochs=1)
    reporter = Reporter(tmp_path, Status(state="running", heartbeat=time.time(), queued_at=0.0))
    Trainer(config, None, learner, source, validation, tmp_path, reporter, lambda: False, lambda _: 0.0).run()
    reporter.close()
    records = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    reported = [record["step"] for record in records if record["kind"] == "batch"]
    assert reported == [*range(3, steps, 3), steps]
    assert len(reported) <= REPORTS_PER_EPOCH
    page = (PROJECT / "docs" / "run-folder.md").read_text(encoding="utf-8")
    assert f"at most {REPORTS_PER_EPOCH} records an epoch of batches" in page
