"""The log says what a reader wants to know, once, and is written later where the disk refuses."""

import time

import pytest
import tensorflow  # noqa: F401 - or the reporter would import it while a test waits for what it writes

from allcore.runs.folder.files import LOG_FILE
from allcore.runs.folder.status import SAVING, Status
from allcore.training.log import append_to_log
from allcore.training.reporter import Reporter

EPOCH = {
    "kind": "epoch", "segment": 0, "epoch": 2, "step": 7, "loss": 0.5, "accuracy": 0.875, "validation_loss": 0.25,
    "validation_accuracy": 1.0, "learning_rate": 1e-05, "images_per_second": 31.25, "seconds": 44.6, "time": 0.0,
}  # fmt: skip


@pytest.fixture
def reporter(tmp_path):
    made = Reporter(tmp_path, Status(state="running", heartbeat=time.time(), queued_at=0.0))
    yield made
    made.close(patience=0.0)


def said(folder):
    """Return the log's lines without their times."""
    return [line.split("  ", 1)[1] for line in (folder / LOG_FILE).read_text().splitlines()]


def test_log_has_device_phases_epochs_warnings_and_what_is_served(reporter, tmp_path):
    reporter.update(device="CPU, 2 cores", phase="starting")
    for number in range(3):
        reporter.update(phase=f"decoding images, {number} of 3")
    reporter.record({"kind": "segment", "segment": 1, "epoch": 2, "step": 3, "time": 0.0})
    for phase in ("training", SAVING, "training", "validating", SAVING, "training"):
        reporter.update(phase=phase, step=1)
    reporter.record({**EPOCH, "kind": "batch", "global_step": 21})
    reporter.record(EPOCH)
    reporter.warn("the disk\nis slow")
    reporter.update(served_epoch=2)
    reporter.flush()
    assert said(tmp_path) == [
        "on CPU, 2 cores", "starting", "decoding images", "goes on from epoch 3, step 3", "training",
        "epoch 3: loss 0.5000, accuracy 87.50 %; validation loss 0.2500, accuracy 100.00 %; learning rate 1e-05, "
        "31.2 images/s, 45 s",
        "warning: the disk is slow", "the weights of epoch 3 are served",
    ]  # fmt: skip


def test_lines_that_a_full_disk_refused_are_written_later(reporter, tmp_path, no_room):
    with no_room(LOG_FILE):
        reporter.update(phase="training")
        reporter.flush()
    reporter.flush()
    assert said(tmp_path)[0] == "training"


def test_single_line_that_the_disk_refuses_does_no_harm(tmp_path, no_room):
    with no_room(LOG_FILE):
        append_to_log(tmp_path, "lost")
    append_to_log(tmp_path, "kept")
    assert said(tmp_path) == ["kept"]
