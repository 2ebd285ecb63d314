"""How long what follows a training takes, by proportion from a few images; time passes by the test's clock alone."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from allcore.training import finish_cost
from allcore.training.finish_cost import baseline_seconds, finishing_seconds

PARTS = {"train": np.arange(300), "validation": np.arange(300, 400), "test": np.arange(400, 500)}
RUN = SimpleNamespace(
    folder=None,
    images=np.zeros(500),
    split=SimpleNamespace(rows=PARTS.__getitem__, table=range(500), labels=lambda: np.zeros(500)),
)
SCALING, FLOAT32, INT8 = 0.1, 0.02, 0.01
"""Seconds an image."""


class Clock:
    """A clock that stands still unless something is said to take seconds."""

    def __init__(self):
        self.now, self._turn = 0.0, threading.Lock()

    def take(self, seconds):
        with self._turn:
            self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(finish_cost, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


@pytest.mark.parametrize(("served", "each"), [("int8", INT8), ("float32", FLOAT32)])
def test_what_is_done_for_each_image_is_scaled_to_the_parts_of_the_split(clock, monkeypatch, served, each):
    """Writing takes 7 s, quantising and comparing speeds 3 s, opening a graph half a second, whatever is trained on."""

    def open_graph(seconds, folder):
        clock.take(0.5)
        return SimpleNamespace(run=lambda images: clock.take(seconds * len(images)))

    def resized(run, rows):
        clock.take(SCALING * len(rows))
        return np.zeros(len(rows))

    def choose_arithmetic(weights, calibration, validation, folder, on_phase):
        clock.take(3.0 + len(calibration) * FLOAT32 + len(validation) * (FLOAT32 + INT8))
        return SimpleNamespace(float32=FLOAT32, int8=INT8, served=served)

    monkeypatch.setattr(finish_cost, "_written", lambda run, model: clock.take(7.0))
    for stand_in in (open_graph, resized, choose_arithmetic):
        monkeypatch.setattr(finish_cost, stand_in.__name__, stand_in)
    calibrated, compared, predicted = 128 * FLOAT32, 100 * (FLOAT32 + INT8), 500 * (SCALING + each)
    assert finishing_seconds(RUN, None) == pytest.approx(7.0 + 3.0 + 1.0 + calibrated + compared + predicted)


def test_baselines_look_at_train_and_test_and_learn_once_each(clock, monkeypatch):
    """Of three baselines that look at an image for 0.1 s each, two of which grow trees, for 5 s each."""

    def trees():
        return SimpleNamespace(fit=lambda features, labels: clock.take(5.0 * len(features) / 300))

    def features(image):
        clock.take(0.1)
        return np.zeros(1)

    monkeypatch.setattr(finish_cost, "trees", trees)
    kinds = (trees, trees, None)
    monkeypatch.setattr(
        finish_cost, "BASELINES", [SimpleNamespace(features=features, classifier=kind) for kind in kinds]
    )
    assert baseline_seconds(RUN) == pytest.approx(0.3 * (300 + 100) + 2 * 5.0)
