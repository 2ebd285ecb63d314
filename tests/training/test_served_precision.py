"""int8 is served where it agrees with float32 on validation and is faster, and float32 everywhere else."""

from dataclasses import dataclass

import numpy as np
import pytest

from allcore.inference.metadata import Agreement
from allcore.inference.network import NetworkOutputs
from allcore.training.served_precision import agreement_of, choose_arithmetic, is_served_in_int8
from tests.inference.conftest import SIZE, toy_graph

AGREEING = {
    "images": 100, "labels_differing": 1, "mean_change": 0.001, "largest_change": 0.2,
    "float32_seconds": 0.04, "int8_seconds": 0.01,
}  # fmt: skip


@dataclass
class Saying:
    """A network of 8 px whose probabilities are those of a table, in the order in which images come."""

    probabilities: np.ndarray
    image_size: int = 8
    asked: int = 0

    def run(self, images):
        start = self.asked
        self.asked += len(images)
        return NetworkOutputs(np.resize(self.probabilities[start : self.asked], (len(images), 2)), None, None)


@pytest.mark.parametrize(
    ("change", "served"),
    [
        ({}, True),
        ({"labels_differing": 0}, True),
        ({"labels_differing": 2}, False),
        ({"images": 99}, False),
        ({"images": 3}, False),
        ({"images": 3, "labels_differing": 0}, True),
        ({"images": 1_000, "labels_differing": 2}, True),
        ({"images": 1_000, "labels_differing": 3}, False),
        ({"images": 10_000, "labels_differing": 20, "mean_change": 0.0005}, True),
        ({"images": 10_000, "labels_differing": 21, "mean_change": 0.0005}, False),
        ({"mean_change": 0.011}, False),
        ({"int8_seconds": 0.04}, False),
    ],
)
def test_int8_is_served_only_where_it_agrees_and_is_faster(change, served):
    assert is_served_in_int8(Agreement(**AGREEING | change)) is served


def test_comparison_counts_labels_and_measures_changes():
    float32 = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.5, 0.5], [0.7, 0.3]])
    int8 = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.5, 0.5], [0.7, 0.3]])
    said = []
    found = agreement_of(Saying(float32), Saying(int8), np.zeros((5, 8, 8, 3), np.uint8), said.append)
    assert (found.images, found.labels_differing) == (5, 1)
    assert found.mean_change == pytest.approx((0.2 + 0.1) / 5)
    assert found.largest_change == pytest.approx(0.2)
    assert said == [f"comparing int8 with float32, {start} of 5 images" for start in (0, 4)]


def test_choice_leaves_no_working_file_and_serves_the_graph_that_it_names(tmp_path, monkeypatch):
    """Of graphs that run in no time: a finished run has those of a network."""
    monkeypatch.setattr("allcore.training.served_precision.build_serving_graph", lambda weights: toy_graph())
    monkeypatch.setattr("allcore.training.served_precision.in_int8", lambda weights, float32, batches: toy_graph())
    images = np.random.default_rng(0).integers(0, 256, (6, SIZE, SIZE, 3)).astype(np.uint8)
    chosen = choose_arithmetic(None, images[:4], images[4:], tmp_path, on_phase=lambda phase: None)
    assert list(tmp_path.iterdir()) == []
    assert chosen.graph is (chosen.int8 if chosen.served == "int8" else chosen.float32)
    assert chosen.served == ("int8" if is_served_in_int8(chosen.agreement) else "float32")
