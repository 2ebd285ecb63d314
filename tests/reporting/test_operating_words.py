"""A threshold is written so that whoever applies what is written calls the same images positive."""

import numpy as np
import pytest

from allcore.evaluation.scoring.operating_point import RiskCoverage, operating_point, question, threshold_for
from allcore.reporting.operating import risk_figure, threshold_in_per_cent, threshold_text


def point(below, above):
    """Return what a line between the highest negative and the lowest positive image does."""
    p = np.array([[1 - score, score] for score in (0.0, below, above, 1.0)])
    asked = question(["A", "A", "B", "B"], p, ("A", "B"), {"B"})
    return operating_point(asked, threshold_for(asked, specificity=1.0))


@pytest.mark.parametrize(
    ("below", "above", "said", "in_per_cent"),
    [
        (0.4, 0.6, "0.500", "50.0 %"),
        (0.71, 0.716, "0.713", "71.3 %"),
        (0.9995, 0.9996, "0.99955", "99.955 %"),
        (0.0001, 0.0005, "0.0003", "0.03 %"),
        (0.50001, 0.50003, "0.50002", "50.002 %"),
    ],
)
def test_a_threshold_is_written_with_the_decimals_that_it_needs(below, above, said, in_per_cent):
    at = point(below, above)
    assert (threshold_text(at), threshold_in_per_cent(at)) == (said, in_per_cent)
    assert below < float(said) < above


def test_where_there_is_no_threshold_none_is_written():
    asked = question(["A", "B"], np.array([[0.5, 0.5], [0.5, 0.5]]), ("A", "B"), {"B"})
    at = operating_point(asked, threshold_for(asked, specificity=1.0))
    assert threshold_text(at) == threshold_in_per_cent(at) == "none"


def test_few_wrong_answers_are_not_said_to_be_none():
    curve = RiskCoverage(np.array([0.5, 0.999, 1.0]), np.array([0.0, 0.0004, 0.02]))
    points = risk_figure({"confidence": curve}).data[0].customdata
    said = [("0.0 %", "50 %"), ("&lt; 0.1 %", "&gt; 99 %"), ("2.0 %", "100 %")]
    assert [tuple(each) for each in points] == said
