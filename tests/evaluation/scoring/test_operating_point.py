"""Thresholds, predictive values, decision curve and risk by coverage, against scikit-learn or written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from allcore.errors import InputError
from allcore.evaluation.scoring.operating_point import (
    decision_curve,
    operating_point,
    question,
    risk_coverage,
    threshold_for,
)

CLASSES = ("Benign", "Early", "Pre")
SCORES = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]), st.booleans()), min_size=2, max_size=40)


def asked(scores, positive, groups=None):
    """Return the question "is it not benign?" of images with these scores."""
    p = np.array([[1 - score, score, 0.0] for score in scores])
    return question(["Early" if yes else "Benign" for yes in positive], p, CLASSES, {"Early", "Pre"}, groups)


def at(threshold, scores, positive):
    """Return sensitivity and specificity, counted."""
    called, truth = np.array(scores) >= (np.inf if threshold is None else threshold), np.array(positive)
    return called[truth].mean(), (~called)[~truth].mean()


def both_sides(rows):
    scores, positive = map(list, zip(*rows, strict=True))
    return [*scores, 0.3, 0.6], [*positive, True, False]


@given(SCORES, st.floats(0.01, 1.0))
def test_the_threshold_finds_most_at_a_specificity_as_scikit_learn_does(rows, target):
    scores, positive = both_sides(rows)
    sensitivity, specificity = at(threshold_for(asked(scores, positive), specificity=target), scores, positive)
    false_alarms, found, _ = roc_curve(positive, scores, drop_intermediate=False)
    assert specificity >= target - 1e-12
    assert sensitivity == pytest.approx(found[1 - false_alarms >= target - 1e-12].max())


@given(SCORES, st.floats(0.01, 1.0))
def test_the_threshold_spares_most_at_a_sensitivity_as_scikit_learn_does(rows, target):
    scores, positive = both_sides(rows)
    sensitivity, specificity = at(threshold_for(asked(scores, positive), sensitivity=target), scores, positive)
    false_alarms, found, _ = roc_curve(positive, scores, drop_intermediate=False)
    assert sensitivity >= target - 1e-12
    assert specificity == pytest.approx((1 - false_alarms[found >= target - 1e-12]).max())


def test_the_line_lies_half_way_between_neighbouring_scores():
    assert threshold_for(asked([0.2, 0.8], [False, True]), specificity=1.0) == 0.5


@pytest.mark.parametrize(
    ("below", "above", "line"),
    [
        (0.2, 0.8, 0.5),
        (0.9995, 0.9996, 0.99955),
        (0.0, 0.0006, 0.0003),
        (1 - 3e-9, 1.0, 0.999999998),
        (0.4, 0.4044, 0.402),
    ],
)
def test_a_line_has_as_few_decimals_as_keep_it_between_its_neighbours(below, above, line):
    assert threshold_for(asked([0.0, below, above], [False, False, True]), specificity=1.0) == line


@given(st.integers(0, 10**9).map(lambda n: n / 10**9), st.integers(0, 10**9).map(lambda n: n / 10**9))
def test_a_line_stands_between_its_neighbours(one, other):
    below, above = sorted((one, other))
    line = threshold_for(asked([below, above], [False, True]), specificity=1.0)
    assert line is None if below == above else below < line < above


def test_a_target_that_is_met_exactly_is_met():
    """One of five is found: a fifth, though 1 - 4 / 5 is less than 0.2 as floating-point numbers are."""
    one = asked([0.1, 0.2, 0.3, 0.4, 0.9, 0.5], [True, True, True, True, True, False])
    assert threshold_for(one, sensitivity=0.2) > 0.5


def test_a_line_that_no_score_passes_calls_nothing_positive():
    one = asked([1.0, 1.0, 0.4], [False, True, True])
    assert threshold_for(one, specificity=1.0) is None
    point = operating_point(one, None)
    assert (point.sensitivity, point.specificity, point.ppv) == (0.0, 1.0, None)


def test_predictive_values_are_those_of_a_population_with_that_prevalence():
    scores, positive = [0.9] * 90 + [0.1] * 10 + [0.9] * 20 + [0.1] * 80, [True] * 100 + [False] * 100
    point = operating_point(asked(scores, positive), 0.5, prevalence=0.02)
    found, alarms, missed, spared = 2 * 0.9, 98 * 0.2, 2 * 0.1, 98 * 0.8  # of 100 people
    assert point.ppv == pytest.approx(found / (found + alarms))
    assert point.npv == pytest.approx(spared / (spared + missed))
    low, high = point.intervals["ppv"]
    assert low < point.ppv < high


def test_without_a_prevalence_they_are_those_of_the_images():
    point = operating_point(asked([0.9, 0.9, 0.1, 0.9], [True, True, True, False]), 0.5)
    assert (point.prevalence, point.ppv, point.npv) == pytest.approx((0.75, 2 / 3, 0.0))


def test_images_that_hang_together_widen_the_intervals():
    rng = np.random.default_rng(0)
    positive = np.repeat(np.arange(40) % 2 == 0, 10)
    scores = np.repeat(np.where(rng.random(40) < 0.8, 0.9, 0.1), 10)
    widths = []
    for groups in (None, np.repeat(np.arange(40), 10)):
        low, high = operating_point(asked(scores, positive, groups), 0.5).intervals["sensitivity"]
        widths.append(high - low)
    assert widths[1] > 2 * widths[0]


def test_a_perfect_answer_has_an_interval_all_the_same():
    low, high = operating_point(asked([0.9] * 10 + [0.1] * 10, [True] * 10 + [False] * 10), 0.5).intervals[
        "sensitivity"
    ]
    assert 0.6 < low < 0.8
    assert high == 1.0


@given(SCORES, st.floats(0.05, 0.95))
def test_net_benefit_is_findings_less_weighed_false_alarms(rows, line):
    scores, positive = both_sides(rows)
    curve = decision_curve(asked(scores, positive), np.array([line]))
    found = sum(yes and score >= line for score, yes in zip(scores, positive, strict=True))
    alarms = sum(not yes and score >= line for score, yes in zip(scores, positive, strict=True))
    assert curve.model[0] == pytest.approx((found - alarms * line / (1 - line)) / len(scores))
    everybody = (sum(positive) - (len(positive) - sum(positive)) * line / (1 - line)) / len(positive)
    assert curve.everybody[0] == pytest.approx(everybody)


def test_at_the_prevalence_acting_on_everybody_is_worth_nothing():
    assert decision_curve(asked([0.9, 0.1], [True, False]), np.array([0.03]), 0.03).everybody[0] == pytest.approx(0.0)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.2, 0.5, 0.9])), min_size=1, max_size=30))
def test_risk_by_coverage_is_what_counting_gives(rows):
    wrong, trust = (np.array(column) for column in zip(*rows, strict=True))
    curve = risk_coverage(wrong, trust)
    for coverage, risk, line in zip(curve.coverage, curve.risk, sorted(set(trust), reverse=True), strict=True):
        answered = trust >= line
        assert (coverage, risk) == pytest.approx((answered.mean(), wrong[answered].mean()))
    assert curve.risk[-1] == pytest.approx(wrong.mean())


@pytest.mark.parametrize(
    ("positive", "said"), [({"Pro"}, "none of the classes"), (set(), "no class"), (set(CLASSES), "every class")]
)
def test_a_question_without_two_answers_is_refused(positive, said):
    with pytest.raises(InputError, match=said):
        question(["Early"], np.eye(3)[:1], CLASSES, positive)


def test_targets_and_prevalences_that_make_no_sense_are_refused():
    one = asked([0.9, 0.1], [True, False])
    for targets in ({}, {"specificity": 0.9, "sensitivity": 0.9}):
        with pytest.raises(InputError, match="either"):
            threshold_for(one, **targets)
    with pytest.raises(InputError, match="all positive"):
        threshold_for(asked([0.9], [True]), specificity=0.9)
    with pytest.raises(InputError, match="from 0 to 1"):
        operating_point(one, 0.5, prevalence=2.0)
