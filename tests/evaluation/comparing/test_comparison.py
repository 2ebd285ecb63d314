"""Paired tests and intervals against a second implementation or an exact case."""

import json

import numpy as np
import pytest
import sklearn.metrics as reference
from scipy.stats import binomtest

from allcore.evaluation.comparing.comparison import (
    accuracy_difference,
    compare,
    compare_all,
    holm,
    mcnemar,
    mcnemar_exact,
)
from allcore.evaluation.comparing.pairing import pair
from allcore.evaluation.scoring.intervals import bootstrap_multiplicities, wilson
from allcore.evaluation.scoring.metrics import mcc
from allcore.evaluation.scoring.scores import LABEL_METRICS, SCALAR_METRICS, score
from tests.evaluation.made_predictions import CLASSES, answered, of_rows, recorded, with_column

# McNemar's test


# Holm's adjustment


# The comparison


@pytest.fixture(scope="module", params=[1, 3], ids=["images alone", "groups of three"])
def paired(request):
    size = request.param
    return pair(recorded(0.7, seed=1, group_size=size), recorded(0.4, seed=2, group_size=size))


def test_counts_are_those_of_the_images(paired):
    labels, first, second = (
        paired.first.labels,
        paired.first.probabilities.argmax(axis=1),
        paired.second.probabilities.argmax(axis=1),
    )
    expected = reference.confusion_matrix(first == labels, second == labels)
    test = mcnemar(paired)
    assert [[test.both_wrong, test.only_second], [test.only_first, test.both_right]] == expected.tolist()
    assert test.p == pytest.approx(binomtest(test.only_first, test.only_first + test.only_second).pvalue)


def test_differences_are_first_minus_second_of_every_score(paired):
    result = compare(paired, samples=50)
    assert list(result.differences) == list(result.intervals) == list(SCALAR_METRICS)
    for name, difference in result.differences.items():
        assert difference == pytest.approx(getattr(result.first, name) - getattr(result.second, name))
    assert result.first == score(
        list(paired.first.table["label"]), paired.first.probabilities, CLASSES, list(paired.groups), samples=50
    )


@pytest.mark.slow
def test_intervals_agree_with_a_loop_that_draws_the_same_images_for_both(paired):
    labels = paired.first.labels
    p, q = paired.first.probabilities, paired.second.probabilities
    scores = {
        "balanced_accuracy": lambda true, p: reference.balanced_accuracy_score(true, p.argmax(axis=1)),
        "f1_macro": lambda true, p: reference.f1_score(true, p.argmax(axis=1), average="macro"),
        "mcc": lambda true, p: reference.matthews_corrcoef(true, p.argmax(axis=1)),
        "auroc_macro": lambda true, p: reference.roc_auc_score(true, p, multi_class="ovr"),
        "log_loss": lambda true, p: reference.log_loss(true, p),
    }
    looped = {name: [] for name in scores}
    for row in np.concatenate(list(bootstrap_multiplicities(120, paired.groups, samples=40, seed=7))):
        drawn = np.repeat(np.arange(120), row.astype(int))
        for name, of in scores.items():
            looped[name].append(of(labels[drawn], p[drawn]) - of(labels[drawn], q[drawn]))
    result = compare(paired, samples=40, seed=7)
    for name, values in looped.items():
        low, high = np.percentile(values, [2.5, 97.5])
        if name in (*LABEL_METRICS, "auroc_macro"):  # no narrower
            assert result.intervals[name][0] <= low + 1e-9, name
            assert result.intervals[name][1] >= high - 1e-9, name
        else:
            assert result.intervals[name] == pytest.approx((low, high)), name


def test_difference_of_accuracy_alone_is_that_of_the_whole_comparison(paired):
    result = compare(paired, samples=200, seed=3)
    right = paired.first_right, paired.second_right
    value, interval = accuracy_difference(*right, paired.groups, samples=200, seed=3)
    assert value == pytest.approx(result.differences["accuracy"])
    assert interval == pytest.approx(result.intervals["accuracy"])
    assert result.intervals["recall_weighted"] == result.intervals["accuracy"]


def test_pairing_narrows_the_interval_of_models_that_err_alike():
    right = np.arange(300) % 5 > 0
    also_wrong = right & (np.arange(300) % 50 != 1)
    _, (low, high) = accuracy_difference(right, also_wrong, np.arange(300))
    of_one_low, of_one_high = wilson(240, 300)
    assert high - low < 0.5 * (of_one_high - of_one_low)


def test_difference_is_covered_about_as_often_as_said():
    rng = np.random.default_rng(5)
    covered = 0
    for seed in range(100):
        first_right, second_right = rng.random(200) < 0.9, rng.random(200) < 0.8
        _, (low, high) = accuracy_difference(first_right, second_right, np.arange(200), samples=200, seed=seed)
        covered += low <= 0.1 <= high
    assert 0.89 <= covered / 100 <= 0.99


def test_one_image_apart_is_no_more_certain_than_none():
    none, one = np.ones(260, bool), np.ones(260, bool)
    one[7] = False
    _, alike = accuracy_difference(none, none, np.arange(260))
    _, (low, high) = accuracy_difference(none, one, np.arange(260))
    assert alike == pytest.approx((-wilson(0, 260)[1], wilson(0, 260)[1]))
    assert low < 0 < high  # one image, as McNemar's p of 1 says, tells no two models apart
    assert high > alike[1] > 0.01


@pytest.mark.parametrize(("only_first", "only_second"), [(0.01, 0.0), (0.01, 0.004), (0.02, 0.02), (0.45, 0.4)])
@pytest.mark.parametrize("twins", [1, 2])
def test_differences_of_rare_and_of_common_errors_are_covered_at_both_ends(only_first, only_second, twins):
    rng = np.random.default_rng(6)
    below = above = 0
    for seed in range(150):
        answers = np.repeat(
            rng.choice(3, 260 // twins, p=[only_first, only_second, 1 - only_first - only_second]), twins
        )
        groups = np.arange(260) // twins
        _, (low, high) = accuracy_difference(answers == 0, answers == 1, groups, samples=100, seed=seed)
        below, above = below + (high < only_first - only_second), above + (low > only_first - only_second)
    assert max(below, above) / 150 < 0.06


def test_no_score_of_labels_tells_two_models_apart_by_one_image():
    one = recorded(5.0, n=120)
    probabilities = one.probabilities.copy()
    probabilities[7] = np.roll(probabilities[7], 1)
    other = with_column(one, **{f"probability_{name}": of for name, of in zip(CLASSES, probabilities.T, strict=True)})
    result = compare(pair(one, other))
    assert result.mcnemar.only_first + result.mcnemar.only_second == 1
    for name in LABEL_METRICS:
        low, high = result.intervals[name]
        assert low < 0 < high, name


def test_models_that_answer_alike_are_not_said_to_be_certainly_alike():
    one = recorded(0.5, n=80, group_size=2)
    result = compare(pair(one, one), samples=50)
    unseen = float(wilson(0, 40)[1])
    assert result.mcnemar.p == result.mcnemar.p_over_groups == 1
    assert result.intervals["accuracy"] == pytest.approx((-unseen, unseen))
    for name in (*LABEL_METRICS, "auroc_macro", "average_precision_macro"):
        assert result.differences[name] == 0
        low, high = result.intervals[name]
        assert low == pytest.approx(-high)
        assert high > 0.02, name
    assert result.intervals["brier"] == (0, 0)


def test_two_models_that_are_right_throughout_may_differ_as_far_as_a_rare_class_says():
    both = answered([0] * 990 + [1] * 10, [0] * 990 + [1] * 10)
    result = compare(pair(both, both), samples=50)
    unseen = float(wilson(0, 10)[1])
    assert result.intervals["balanced_accuracy"] == pytest.approx((-unseen / 2, unseen / 2), rel=0.01)
    for name in ("precision_macro", "f1_macro", "specificity_macro", "npv_macro", "mcc"):
        low, high = result.intervals[name]
        assert -high == pytest.approx(low)
        assert high > 0.05, name


def test_two_equal_models_may_differ_by_their_whole_mcc_where_a_rare_class_is_found_once():
    both = answered([0] * 100 + [1] * 4, [0] * 101 + [0] * 2 + [1])
    result = compare(pair(both, both), samples=50)
    assert 0 < result.first.mcc < result.intervals["mcc"][1]


def test_a_class_that_two_equal_models_hardly_find_is_not_taken_for_one_that_is_wrongly_called():
    labels, said = [0] * 100 + [1] * 100 + [2] * 3, [0] * 100 + [1] * 100 + [2, 0, 0]
    both = answered(labels, said)
    assert compare(pair(both, both), samples=50).intervals["precision_macro"][1] < 0.35


def test_the_worse_model_could_still_be_level_where_it_misses_a_class():
    """Its recall of that class cannot fall; the other's could have been lower."""
    labels = [0] * 60 + [1] * 3
    result = compare(pair(answered(labels, [0] * 63), answered(labels, [0] * 61 + [1] * 2)), samples=50)
    turned = compare(pair(answered(labels, [0] * 61 + [1] * 2), answered(labels, [0] * 63)), samples=50)
    for name in ("balanced_accuracy", "f1_macro"):
        low, high = result.intervals[name]
        assert low < result.differences[name] < 0 < high
        assert turned.intervals[name] == pytest.approx((-high, -low))


@pytest.mark.slow
def test_the_difference_of_mcc_is_covered_about_as_often_as_said():
    rng, covered = np.random.default_rng(7), 0
    labels = np.repeat([0, 1, 2], (100, 60, 15))
    for seed in range(80):
        said = [
            np.where(rng.random(175) < wrong, (labels + rng.integers(1, 3, 175)) % 3, labels) for wrong in (0.02, 0.06)
        ]
        low, high = compare(pair(*(answered(labels, one) for one in said)), samples=50, seed=seed).intervals["mcc"]
        covered += low <= mcc_with(0.02) - mcc_with(0.06) <= high
    assert covered / 80 > 0.9


def mcc_with(wrong):
    """The MCC of three classes of 100, 60 and 15 images, of each of which this share is called either other class."""
    support = np.array([100, 60, 15])
    return float(mcc(np.full((3, 3), wrong / 2) * support[:, None] + np.diag((1 - 1.5 * wrong) * support)))


def test_every_difference_lies_within_its_interval(paired):
    result = compare(paired, samples=100)
    for name, (low, high) in result.intervals.items():
        assert low <= result.differences[name] <= high, name


def test_images_of_one_group_say_nothing_of_the_variation():
    both = pair(recorded(0.5, seed=1, n=20, group_size=20), recorded(0.5, seed=2, n=20, group_size=20))
    result = compare(both, samples=50)
    assert result.n_groups == 1
    assert result.mcnemar.p_over_groups == 1


def test_comparison_as_json_has_no_number_that_json_lacks(paired):
    text = json.dumps(compare(paired, samples=50).to_json(), allow_nan=False)
    assert list(json.loads(text)) == [
        *("n", "n_groups", "n_first", "n_second", "differences", "intervals", "mcnemar", "first", "second")
    ]


# All pairs of several models


@pytest.fixture(scope="module")
def pairs():
    return compare_all({"good": recorded(2.0), "fair": recorded(0.6, seed=1), "other fair": recorded(0.6, seed=2)})


def test_every_two_models_are_compared_once(pairs):
    assert list(zip(pairs["first"], pairs["second"], strict=True)) == [
        ("good", "fair"),
        ("good", "other fair"),
        ("fair", "other fair"),
    ]


def test_each_pair_is_tested_as_alone_and_adjusted_for_all(pairs):
    for row in pairs.to_dict("records"):
        assert row["p"] == mcnemar_exact(row["only_first"], row["only_second"])
        assert row["difference"] == pytest.approx((row["only_first"] - row["only_second"]) / row["images"])
        assert row["low"] <= row["difference"] <= row["high"]
    np.testing.assert_array_equal(pairs["p_holm"], holm(pairs["p_over_groups"]))


def test_clear_differences_are_told_apart_and_small_ones_are_not(pairs):
    assert list(pairs["apart"]) == [True, True, False]


def test_pairs_without_a_shared_image_are_left_out():
    everything = recorded(n=40)
    parts = {"a": range(20), "b": range(30), "c": range(20, 40)}
    table = compare_all({name: of_rows(everything, rows) for name, rows in parts.items()})
    assert list(zip(table["first"], table["second"], table["images"], strict=True)) == [("a", "b", 20), ("b", "c", 10)]


def test_one_model_has_no_pair():
    assert compare_all({"alone": recorded()}).empty
