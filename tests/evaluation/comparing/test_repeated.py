"""Spread over folds and seeds, and two models compared over them, against SciPy or written out."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp, ttest_rel

from allcore.errors import InputError
from allcore.evaluation.comparing.comparison import accuracy_difference, equivalent
from allcore.evaluation.comparing.repeated import compare_repeated, spread

FIRST = np.array([0.98, 0.97, 0.99, 0.96, 0.985])
SECOND = np.array([0.97, 0.975, 0.96, 0.95, 0.98])


def test_the_spread_of_one_seed_is_the_standard_deviation_of_its_folds():
    seen = spread([FIRST])
    assert (seen.mean, seen.sd_folds) == pytest.approx((FIRST.mean(), FIRST.std(ddof=1)))
    assert (seen.sd_seeds, seen.folds, seen.seeds) == (None, 5, 1)


def test_seeds_that_differ_as_a_whole_do_not_widen_the_spread_of_folds():
    seen = spread([FIRST, FIRST - 0.1])
    assert seen.sd_folds == pytest.approx(FIRST.std(ddof=1))
    assert seen.sd_seeds == pytest.approx(0.1 / np.sqrt(2))
    assert seen.mean == pytest.approx(FIRST.mean() - 0.05)


def test_one_score_has_no_spread_and_none_has_no_mean():
    assert spread([[0.9]]).sd_folds is None
    with pytest.raises(InputError, match="run the study first"):
        spread([[np.nan, np.nan]])


def test_folds_that_are_still_running_are_left_out():
    assert spread([[0.9, np.nan, 0.8], [np.nan] * 3]) == spread([[0.9, np.nan, 0.8]])
    assert spread([[0.9, np.nan, 0.8]]).mean == pytest.approx(0.85)


def test_each_run_counts_alike_in_a_mean_whatever_folds_its_seed_has():
    half_way = spread([[0.97] * 5, [0.90] + [np.nan] * 4])
    assert half_way.mean == pytest.approx(5.75 / 6)
    assert half_way.sd_folds == pytest.approx(0)
    assert half_way.sd_seeds is None  # a seed's five folds and another's one are not of the same images
    assert spread([[0.97] * 2, [0.95] * 2, [0.5, np.nan]]).sd_seeds == pytest.approx(np.std([0.97, 0.95], ddof=1))


def test_without_shared_training_images_the_test_is_students():
    seen = compare_repeated(FIRST, SECOND, test_to_train=0.0, margin=0.02)
    expected = ttest_rel(FIRST, SECOND)
    assert seen.p == pytest.approx(expected.pvalue)
    assert (seen.low, seen.high) == pytest.approx(tuple(expected.confidence_interval()))
    beyond = [
        ttest_1samp(FIRST - SECOND, 0.02, alternative="less").pvalue,
        ttest_1samp(FIRST - SECOND, -0.02, alternative="greater").pvalue,
    ]
    assert seen.p_equivalent == pytest.approx(max(beyond))


@given(st.lists(st.floats(-0.2, 0.2), min_size=2, max_size=20), st.floats(0.05, 1.0))
def test_shared_training_images_widen_the_interval_as_nadeau_and_bengio_say(differences, test_to_train):
    d = np.round(differences, 6)
    assume(np.ptp(d) > 1e-3)
    plain = compare_repeated(d, np.zeros(len(d)), 0.0, 0.1)
    corrected = compare_repeated(d, np.zeros(len(d)), test_to_train, 0.1)
    widened = np.sqrt(1 + len(d) * test_to_train)
    assert corrected.high - corrected.low == pytest.approx(widened * (plain.high - plain.low), abs=1e-12)
    assert corrected.p >= plain.p - 1e-12


def test_a_difference_that_cannot_be_seen_is_not_yet_equivalence():
    noisy = compare_repeated(FIRST, SECOND, test_to_train=0.25, margin=0.01)
    assert not noisy.differ
    assert not noisy.equivalent
    same = compare_repeated(FIRST, FIRST - [0.001, -0.001, 0.0, 0.001, -0.001], test_to_train=0.25, margin=0.01)
    assert not same.differ
    assert same.equivalent


def test_parts_that_all_differ_alike_do_not_say_how_much_others_would():
    assert compare_repeated([0.5, 0.75], [0.25, 0.5], test_to_train=0.25, margin=0.1) is None
    assert compare_repeated([0.5, 0.75], [0.5, 0.75], test_to_train=0.25, margin=0.1) is None
    images = np.array([521, 520, 521])  # as folds have them: an image more or less
    first, second = np.array([515, 517, 510]), np.array([510, 512, 505])
    assert compare_repeated(first / images, second / images, test_to_train=0.25, margin=0.1) is None
    second[2] += 1
    assert compare_repeated(first / images, second / images, test_to_train=0.25, margin=0.1).differ


@pytest.mark.parametrize(("first", "margin", "said"), [([0.9], 0.1, "at least two"), ([0.9, 0.8], 0.0, "above 0")])
def test_what_cannot_be_compared_is_refused(first, margin, said):
    with pytest.raises(InputError, match=said):
        compare_repeated(first, first, 0.25, margin)


def test_the_corrected_test_seldom_sees_what_is_not_there():
    """Folds of one pool share what the pool happens to be: the plain test is fooled by it, the corrected one less."""
    rng = np.random.default_rng(0)
    folds, false_alarms = 5, np.zeros(2)
    for _ in range(400):
        shared, own = rng.normal(0, 0.01), rng.normal(0, 0.02, folds)
        differences = shared + own
        for place, ratio in enumerate((0.0, 1 / (folds - 1))):
            false_alarms[place] += compare_repeated(differences, np.zeros(folds), ratio, 0.1).differ
    plain, corrected = false_alarms / 400
    assert plain > 0.10
    assert corrected < 0.06


def test_models_that_agree_on_many_images_are_equivalent_and_on_few_unknown():
    right = np.ones(2000, bool)
    assert equivalent(right, right, np.arange(2000), margin=0.01)
    assert not equivalent(right[:20], right[:20], np.arange(20), margin=0.01)


@pytest.mark.slow
def test_a_true_difference_at_the_margin_is_seldom_called_equivalent():
    rng = np.random.default_rng(1)
    called = 0
    for _ in range(40):
        worse = rng.random(800) < 0.02
        called += equivalent(np.ones(800, bool), ~worse, np.arange(800), margin=0.02)
    assert called <= 6  # 5 % of 40 are 2; seven or more have a chance of 0.3 %


def test_images_that_hang_together_count_once():
    rng = np.random.default_rng(2)
    first = np.repeat(rng.random(40) < 0.9, 25)
    second = np.repeat(rng.random(40) < 0.9, 25)
    alone = accuracy_difference(first, second, np.arange(1000))[1]
    grouped = accuracy_difference(first, second, np.repeat(np.arange(40), 25))[1]
    assert grouped[1] - grouped[0] > 3 * (alone[1] - alone[0])
