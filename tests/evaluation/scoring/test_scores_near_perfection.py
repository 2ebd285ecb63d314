"""Where hardly an image is wrong, or none, or all of a class: how far the scores could be off."""

from statistics import NormalDist

import numpy as np
import pytest
import sklearn.metrics as reference

from allcore.evaluation.scoring.intervals import auroc_interval, average_interval, f1_interval, wilson
from allcore.evaluation.scoring.metrics import mcc
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


@pytest.mark.parametrize("metric", ["mcc", "auroc_macro", "average_precision_macro"])
def test_a_rare_class_decides_how_far_a_perfect_score_could_be_off(metric):
    labels = ["A"] * 990 + ["B"] * 10
    scores = score(labels, np.eye(2)[[int(label == "B") for label in labels]], ("A", "B"), samples=50)
    low, high = scores.intervals[metric]
    assert 0.5 < low < 0.948  # the MCC of one missed image of the ten
    assert high == 1
    assert scores.per_class["B"].intervals["recall"][0] < scores.per_class["B"].intervals["auroc"][0] < 0.95


def test_a_rare_class_among_several_does_not_decide_what_the_others_decide():
    labels = ["A"] * 500 + ["B"] * 490 + ["C"] * 10
    scores = score(labels, np.eye(3)[["ABC".index(label) for label in labels]], ("A", "B", "C"), samples=50)
    assert scores.intervals["balanced_accuracy"][0] < 0.92
    assert 0.97 < scores.intervals["mcc"][0] < 0.99


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [0.003, 0.01, 0.05, 0.2])
def test_mcc_lies_within_its_interval_about_as_often_as_is_said(wrong):
    rng, support, held = np.random.default_rng(5), np.array([15, 60, 60]), 0
    true = np.repeat(np.arange(3), support)
    expected = mcc(np.full((3, 3), wrong / 2) * support[:, None] + np.diag((1 - 1.5 * wrong) * support))
    for seed in range(150):
        said = np.where(rng.random(135) < wrong, (true + rng.integers(1, 3, 135)) % 3, true)
        scores = score([CLASSES[one] for one in true], np.eye(3)[said], CLASSES[:3], samples=40, seed=seed)
        if scores.mcc is not None:
            low, high = scores.intervals["mcc"]
            held += low <= expected <= high
    assert held / 150 > 0.92


@pytest.mark.parametrize(("positives", "negatives"), [(10, 300), (30, 30)])
@pytest.mark.parametrize("apart", [0.5, 2.0, 3.5])
def test_an_auroc_lies_within_its_interval_about_as_often_as_is_said(positives, negatives, apart):
    """Two normal distributions; the bootstrap, which only widens this interval, is left out."""
    rng, held = np.random.default_rng(4), 0
    expected = NormalDist().cdf(apart / np.sqrt(2))
    for _ in range(300):
        ahead = rng.normal(apart, 1, positives)[:, None] > rng.normal(0, 1, negatives)
        low, high = auroc_interval(ahead.mean(), positives, negatives)
        held += low <= expected <= high
    assert held / 300 > 0.92


@pytest.mark.parametrize("area", [0.0, 0.3, 0.97, 1.0])
def test_the_ends_of_an_auroc_are_where_it_is_as_far_off_as_hanley_and_mcneil_say(area):
    for at in auroc_interval(area, 20, 40):
        shared = at / (2 - at) - at**2, 2 * at**2 / (1 + at) - at**2  # of two positives, of two negatives
        variance = (at * (1 - at) + 29 * sum(shared)) / (20 * 40)  # with sides of their mean size, 30
        assert abs(area - at) == pytest.approx(1.96 * np.sqrt(variance), abs=1e-4)


def test_worse_rankings_have_no_higher_lower_end():
    labels = ["A"] * 60 + ["B"] * 20
    lows = []
    for worst in (0.6, 0.405, 0.395, 0.385, 0.2):  # of the positives, below none, one, two ... of the negatives
        of_b = np.concatenate([np.linspace(0.01, 0.4, 60), np.linspace(0.6, 0.9, 19), [worst]])
        of_class = score(labels, np.column_stack([1 - of_b, of_b]), ("A", "B")).per_class["B"]
        lows.append((of_class.intervals["auroc"][0], of_class.intervals["average_precision"][0]))
    assert lows == sorted(lows, reverse=True)
    assert [low for _, low in lows] == sorted((low for _, low in lows), reverse=True)


def test_images_of_a_group_are_one_positive_of_a_ranking():
    labels, p = ["A"] * 60 + ["B"] * 20, np.repeat(np.eye(2), (60, 20), axis=0)
    grouped = score(labels, p, ("A", "B"), [*range(60), *([60, 61] * 10)], samples=50).per_class["B"].intervals
    assert grouped["auroc"] == pytest.approx(auroc_interval(1.0, 2, 60))
    assert grouped["average_precision"] == pytest.approx(np.ravel(wilson(2, 2)))


def test_resamples_without_a_call_say_nothing_of_a_precision():
    labels, groups = ["A"] * 40 + ["B"] * 9, [*range(40), *np.repeat([50, 51, 52], 3)]
    said = [0] * 40 + [1] * 6 + [0] * 3
    scores = score(labels, np.eye(2)[said], ("A", "B"), groups)
    assert scores.per_class["B"].intervals["precision"][0] == pytest.approx(wilson(2, 2)[0])
    assert scores.intervals["precision_macro"][0] > 0.5


def test_the_precision_of_a_class_that_was_never_predicted_is_not_taken_for_known_in_averages():
    scores = score(["A"] * 40 + ["B"] * 8, np.eye(2)[[0] * 48], ("A", "B"))
    assert scores.per_class["B"].intervals["precision"] == (None, None)
    for average in ("precision_macro", "precision_weighted"):
        assert scores.intervals[average][1] > 0.8


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


@pytest.mark.slow
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
