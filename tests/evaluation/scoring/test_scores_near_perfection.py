"""Where hardly an image is wrong, or none, or all of a class: how far the scores could be off."""

import numpy as np
import pytest
import sklearn.metrics as reference

from allcore.evaluation.scoring.intervals import average_interval, f1_interval, wilson
from allcore.evaluation.scoring.scores import score
from tests.evaluation.scoring.drawn import CLASSES, PER_CLASS, SCALARS, copies, predictions, width, wilson_of


def test_a_perfect_score_of_copies_is_worth_as_many_trials_as_there_are_groups():
    labels, p, groups = copies(3, certainty=5.0)
    scores = score(labels, p, CLASSES, groups, samples=100)
    expected = wilson_of(80, 80)
    assert scores.accuracy == 1
    assert scores.intervals["accuracy"] == pytest.approx(expected)


@pytest.mark.parametrize("metric", SCALARS[:11])
def test_a_perfect_score_of_labels_is_never_said_to_be_certain(metric):
    scores = score(*predictions(certainty=5.0), CLASSES, samples=100)
    assert getattr(scores, metric) == 1
    assert scores.intervals[metric][1] == 1
    assert width(scores, metric) > 0.005


def test_a_perfect_class_among_others_is_never_said_to_be_certain():
    true = ["Benign"] * 20 + ["Early"] * 20
    predicted = [0] * 20 + [1] * 15 + [2] * 5
    benign = score(true, np.eye(4)[predicted], CLASSES, samples=50).per_class["Benign"]
    assert benign.f1 == 1
    low, high = benign.intervals["recall"]
    assert (low, high) == pytest.approx(wilson_of(20, 20))
    assert benign.intervals["f1"] == pytest.approx((2 * low / (1 + low), 1))


def scored(right, groups):
    """Score images of two classes, in turn, of which the first `right` are answered rightly."""
    labels = ["AB"[number % 2] for number in range(len(groups))]
    said = ["AB"[(number + (number >= right)) % 2] for number in range(len(groups))]
    return score(labels, np.array([[0.9, 0.1] if one == "A" else [0.1, 0.9] for one in said]), ("A", "B"), groups)


@pytest.mark.parametrize("groups", [range(260), [*range(198), *range(62)]])
def test_an_error_more_never_raises_the_lower_end_of_an_interval(groups):
    of = [scored(right, groups) for right in (260, 259, 258, 257, 256, 250)]
    lows = {metric: [scores.intervals[metric][0] for scores in of] for metric in SCALARS[:11]}
    lows |= {metric: [scores.per_class["A"].intervals[metric][0] for scores in of] for metric in PER_CLASS[:5]}
    for metric, found in lows.items():
        assert found == sorted(found, reverse=True), metric
    assert lows["accuracy"][0] == pytest.approx(0.981 if max(groups) < 259 else 0.985, abs=5e-4)


@pytest.mark.parametrize("wrong", [0.003, 0.01, 0.05, 0.2])
def test_f1_and_its_average_lie_within_their_intervals_about_as_often_as_is_said(wrong):
    """Of four classes, one of them rare; the bootstrap, which only widens these intervals, is left out."""
    rng, nothing = np.random.default_rng(3), np.full(2, np.nan)
    true = np.repeat(np.arange(4), (20, 60, 60, 60))
    size = np.bincount(true)
    hits, others = (1 - wrong) * size, wrong * (200 - size) / 3  # images that are said to be of a class, on average
    expected = 2 * hits / (size + hits + others)
    held = []
    for _ in range(200):
        said = np.where(rng.random(200) < wrong, (true + rng.integers(1, 4, 200)) % 4, true)
        found = reference.f1_score(true, said, average=None)
        ends = [f1_interval(true == said, (true == one) | (said == one), np.arange(200), nothing) for one in range(4)]
        quarters = np.full(4, 0.25)
        ends.append(average_interval(found, np.transpose(ends), quarters, nothing, errors_count_in=2))
        low, high = np.transpose(ends)
        held.append((low <= [*expected, expected.mean()]) & ([*expected, expected.mean()] <= high))
    assert (np.mean(held, axis=0) > 0.91).all()


def test_a_class_is_worth_the_trials_of_its_own_groups():
    groups = [number // 2 if number % 2 else -(number % 4) // 2 for number in range(200)]  # A lies in two of them
    scores = scored(200, groups).per_class
    for label, trials in (("A", 2), ("B", 100)):
        assert scores[label].intervals["recall"] == pytest.approx(np.array(wilson(trials, trials)).ravel())


def test_a_class_that_is_never_found_has_an_f1_that_is_not_certain():
    labels = ["A"] * 20 + ["B"] * 5
    never = score(labels, np.tile([0.9, 0.1], (25, 1)), ("A", "B")).per_class["B"]
    assert never.f1 == 0
    assert never.intervals["f1"][0] == 0
    assert never.intervals["f1"][1] > 0.4
