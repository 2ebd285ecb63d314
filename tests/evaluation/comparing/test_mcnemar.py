"""McNemar's test, over images and over groups, and Holm's adjustment of several."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, permutation_test

from allcore.evaluation.comparing.comparison import (
    holm,
    mcnemar_exact,
    mcnemar_over_groups,
)

# McNemar's test


@pytest.mark.parametrize(("b", "c"), [(0, 0), (0, 1), (1, 0), (3, 3), (0, 6), (2, 9), (9, 2), (10, 31), (140, 90)])
def test_mcnemar_agrees_with_scipys_binomial_test(b, c):
    expected = binomtest(b, b + c).pvalue if b + c else 1.0
    assert mcnemar_exact(b, c) == pytest.approx(expected, rel=1e-12)


def test_mcnemar_agrees_with_tosses_counted_one_by_one():
    tosses = list(itertools.product([-1, 1], repeat=9))
    assert mcnemar_exact(2, 7) == sum(abs(sum(toss)) >= 5 for toss in tosses) / len(tosses)


def test_six_images_of_which_one_model_gets_all_are_just_enough():
    assert mcnemar_exact(0, 5) == 2 / 2**5 > 0.05
    assert mcnemar_exact(0, 6) == 2 / 2**6 < 0.05


def test_mcnemar_has_no_preference():
    assert mcnemar_exact(3, 12) == mcnemar_exact(12, 3)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_over_groups_of_one_image_the_test_is_mcnemars(both):
    first, second = np.array(both).T
    alone = mcnemar_over_groups(first, second, np.arange(len(both)))
    assert alone == pytest.approx(mcnemar_exact((first & ~second).sum(), (second & ~first).sum()), rel=1e-9)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 6)), min_size=1, max_size=40))
def test_over_groups_the_test_is_that_of_all_choices_of_signs(rows):
    first, second, groups = (np.array(column) for column in zip(*rows, strict=True))
    surplus = [int(first[groups == g].sum()) - int(second[groups == g].sum()) for g in set(groups.tolist())]
    every_choice = itertools.product([-1, 1], repeat=len(surplus))
    sums = [sum(sign * x for sign, x in zip(signs, surplus, strict=True)) for signs in every_choice]
    expected = np.mean([abs(total) >= abs(sum(surplus)) for total in sums])
    assert mcnemar_over_groups(first, second, groups) == pytest.approx(expected)


def test_over_groups_the_test_agrees_with_scipys_permutation_test():
    rng = np.random.default_rng(3)
    first, second, groups = rng.random(40) < 0.9, rng.random(40) < 0.6, np.arange(40) // 4
    surplus = [(first[groups == g].sum() - second[groups == g].sum()) for g in range(10)]
    expected = permutation_test((surplus, np.zeros(10)), lambda x, y: (x - y).sum(), permutation_type="samples")
    assert mcnemar_over_groups(first, second, groups) == pytest.approx(expected.pvalue)


def test_copies_of_an_image_are_no_further_evidence():
    first, second = np.tile([True] * 4 + [False], 5), np.tile([False] * 4 + [True], 5)
    groups = np.tile(np.arange(5), 5)
    assert mcnemar_over_groups(first, second, groups) == mcnemar_exact(4, 1) == 0.375
    assert mcnemar_exact(20, 5) < 0.005


def test_a_fair_coin_is_called_unfair_no_more_often_than_said():
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(60), 3)
    alarms = 0
    for _ in range(400):
        first, second = (np.repeat(rng.random(60) < 0.8, 3) for _ in range(2))
        alarms += mcnemar_over_groups(first, second, groups) < 0.05
    assert alarms / 400 < 0.07


def test_holms_adjustment_written_out():
    # 0.01 × 4, 0.02 × 3, 0.03 × 2 (no less than the one before), 0.04 × 1 (likewise)
    np.testing.assert_allclose(holm([0.02, 0.04, 0.01, 0.03]), [0.06, 0.06, 0.04, 0.06])


def test_holms_adjusted_p_is_at_most_one_and_none_stays_none():
    np.testing.assert_array_equal(holm([0.7, 0.6]), [1.0, 1.0])
    assert holm([]).shape == (0,)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.01, 0.99))
def test_holms_adjustment_rejects_what_stepping_down_rejects(p_values, level):
    rejected = [False] * len(p_values)
    for step, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[place] * (len(p_values) - step) > level:
            break
        rejected[place] = True
    assert list(holm(p_values) <= level) == rejected


def test_mcnemars_counts_reach_far_without_overflow():
    assert 0 < mcnemar_exact(400, 700) < 1e-15
    assert math.isclose(mcnemar_exact(5000, 5000), 1.0)
