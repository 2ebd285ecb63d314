"""Differences of AUROC and average precision: not certain where two rankings hardly differ, and covered as is said."""

import numpy as np
import pytest

from allcore.evaluation.comparing.comparison import compare
from allcore.evaluation.comparing.pairing import pair
from allcore.evaluation.scoring.score_table import score_table
from tests.damaged import TIMES
from tests.evaluation.made_predictions import ranked, recorded

RANKINGS = ("auroc_macro", "average_precision_macro")
DRAWS = 20 * TIMES


def with_positives_below(negatives, positives=1):
    """Rank 60 images of one class below 20 of another, but this many of those below as many of the 60."""
    of_second = np.concatenate([np.linspace(0.1, 0.4, 60), np.linspace(0.6, 0.9, 20)])
    lowered = (of_second[60 - negatives - 1] + of_second[60 - negatives]) / 2 if negatives else 0.6
    of_second[60 : 60 + positives] = lowered
    return ranked([0] * 60 + [1] * 20, np.column_stack([1 - of_second, of_second]))


@pytest.mark.parametrize("metric", RANKINGS)
def test_one_image_ranked_otherwise_is_no_more_certain_than_none(metric):
    perfect = with_positives_below(0)
    alike, one, *more = (
        compare(pair(perfect, with_positives_below(*wrong)), samples=200) for wrong in ((0,), (1,), (4,), (1, 4))
    )
    assert alike.differences[metric] == 0 < one.differences[metric]
    for each in (one, *more):
        low, high = each.intervals[metric]
        assert low < 0 < high
        assert high - low >= np.ptp(alike.intervals[metric])
    assert alike.intervals[metric][1] == pytest.approx(1 - alike.first.intervals[metric][0])


@pytest.mark.parametrize("metric", RANKINGS)
def test_turned_round_a_difference_has_the_same_interval(metric):
    models = recorded(1.5, seed=1), recorded(0.8, seed=2)
    (low, high), turned = (compare(pair(*of), samples=100).intervals[metric] for of in (models, models[::-1]))
    assert turned == pytest.approx((-high, -low))


def test_a_class_without_images_is_left_out_and_without_another_class_there_is_no_auroc():
    labels = np.array([0] * 30 + [1] * 10)
    models = [np.eye(3)[np.where(np.arange(40) < wrong, 1 - labels, labels)] for wrong in (0, 1)]
    for metric in RANKINGS:
        low, high = compare(pair(*(ranked(labels, p) for p in models)), samples=50).intervals[metric]
        assert low < 0 < high
    result = compare(pair(*(ranked(labels[:30], p[:30]) for p in models)), samples=50)
    assert result.differences["auroc_macro"] is None
    assert result.intervals["auroc_macro"] == (None, None)
    assert result.differences["average_precision_macro"] == 0


@pytest.mark.parametrize("metric", RANKINGS)
def test_rankings_that_err_alike_are_known_better_than_those_that_err_apart(metric):
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1], 200)
    apart, alike = (
        compare(pair(*(ranked(labels, p) for p in drawn(rng, labels, 2, (2, 2), shared))), samples=100)
        for shared in (0, 0.98)
    )
    assert np.ptp(alike.intervals[metric]) < 0.6 * np.ptp(apart.intervals[metric])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sizes", "strengths", "shared"),
    [((60, 20), (5, 4), 0.8), ((60, 20), (2, 1.5), 0.9), ((40, 30, 20, 10), (7, 5), 0.8), ((60, 60, 60, 4), (4, 3), 0)],
)
def test_differences_of_rankings_are_covered_about_as_often_as_said(sizes, strengths, shared):
    rng = np.random.default_rng(2)
    n_classes = len(sizes)
    many = np.repeat(np.arange(n_classes), np.multiply(sizes, 300))
    first, second = (score_table(many, p, np.ones(len(many))) for p in drawn(rng, many, n_classes, strengths, shared))
    labels = np.repeat(np.arange(n_classes), sizes)
    held = dict.fromkeys(RANKINGS, 0)
    for seed in range(DRAWS):
        models = [ranked(labels, p) for p in drawn(rng, labels, n_classes, strengths, shared)]
        found = compare(pair(*models), samples=50, seed=seed).intervals
        for metric in RANKINGS:
            low, high = found[metric]
            held[metric] += low <= first[metric] - second[metric] <= high
    assert min(held.values()) / DRAWS > 0.92, held


def drawn(rng, labels, n_classes, strengths, shared):
    """Draw two models' probabilities, whose errors have this share of their variance in common."""
    both = rng.normal(size=(len(labels), n_classes))
    for strength in strengths:
        own = rng.normal(size=both.shape)
        raised = np.exp(np.sqrt(shared) * both + np.sqrt(1 - shared) * own + strength * np.eye(n_classes)[labels])
        yield raised / raised.sum(axis=1, keepdims=True)
