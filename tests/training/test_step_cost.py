"""What a few steps say of an epoch: the step, and how fast all threads together make batches."""

import threading

import numpy as np
import pytest
import tensorflow as tf

from allcore.config import make_config
from allcore.errors import RunError
from allcore.hardware import HardwarePlan
from allcore.training import batches, measure, step_cost
from allcore.training.batches import BatchSource


class Making(BatchSource):
    """Makes each image while it alone may, as Python does: a millisecond by the test's clock."""

    def _image(self, epoch, row):
        with CLOCK.turn:
            CLOCK.now += 0.001
        return np.zeros((32, 32, 3), np.uint8)


class Clock:
    def __init__(self):
        self.now, self.turn = 0.0, threading.Lock()


CLOCK = Clock()


def step(seconds):
    """Return a step that takes so many seconds by the clock, of whatever batch."""

    def take(batch):
        with CLOCK.turn:
            CLOCK.now += seconds

    return take


@pytest.mark.parametrize(
    ("kind", "seconds", "expected"),
    [("gpu", 0.0, 0.001), ("gpu", 0.016, 0.002), ("cpu", 0.016, 0.003), ("cpu", 0.0, 0.001)],
)
@pytest.mark.parametrize("images", [20, 1000])
def test_making_batches_is_timed_in_all_threads_at_once(monkeypatch, kind, seconds, expected, images):
    """What only one thread can do at a time is no faster with sixteen. A GPU learns meanwhile, a processor does not."""
    for module in (batches, step_cost):
        monkeypatch.setattr(module, "THREADS", 16)
    monkeypatch.setattr(step_cost, "monotonic", lambda: CLOCK.now)
    config = make_config(dataset="smears", image_size=32, batch_size=8)
    source = Making(None, np.zeros(images, np.int64), np.arange(images), config, augmented=True)
    plan = HardwarePlan(kind, 1, "float32", False, 8, 0, "")
    assert step_cost._seconds_an_image(source, step(seconds), plan) == pytest.approx(expected)


@pytest.mark.parametrize("raised", [MemoryError(), tf.errors.ResourceExhaustedError(None, None, "OOM")])
def test_measuring_that_finds_no_memory_says_what_to_do(workspace, tiny_config, monkeypatch, raised):
    def compile_steps(*_):
        raise raised

    monkeypatch.setattr("allcore.training.learner.Learner", lambda *_: None)  # its steps are what finds none
    monkeypatch.setattr(step_cost, "compile_steps", compile_steps)
    config = tiny_config()
    with pytest.raises(RunError, match="ran out of memory: use a smaller image size, batch size or micro-batch size"):
        measure._measure(config, measure._read(config, workspace))
