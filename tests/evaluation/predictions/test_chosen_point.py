"""A line between positive and negative classes is chosen on some images and judged on others."""

import numpy as np
import pandas as pd
import pytest

from allcore.errors import InputError
from allcore.evaluation.predictions.chosen_point import Target, asked_of, chosen_point, risk_by_trust
from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.evaluation.scoring.operating_point import decision_curve
from allcore.reporting.operating import decision_figure, no_threshold, operating_table, risk_figure

CLASSES = ("Benign", "Early", "Pro")


def predictions(benign, positive, **columns):
    """Return predictions of images of Benign and Early with these probabilities of not being benign."""
    score = np.array([*benign, *positive])
    p = np.column_stack([1 - score, score / 2, score / 2])
    table = pd.DataFrame({"label": ["Benign"] * len(benign) + ["Early"] * len(positive), "group": range(len(score))})
    probabilities = {f"probability_{name}": of for name, of in zip(CLASSES, p.T, strict=True)}
    return RecordedPredictions(CLASSES, table.assign(**probabilities, **columns))


VALIDATION = predictions([0.1, 0.2, 0.3, 0.6], [0.5, 0.8, 0.9])
TEST = predictions([0.1, 0.4, 0.72], [0.4, 0.75, 0.9, 0.95])


def test_the_line_is_that_of_the_images_it_was_chosen_on():
    chosen = chosen_point(TEST, {"Early", "Pro"}, Target("specificity", 1.0), VALIDATION)
    assert chosen.point.threshold == pytest.approx(0.7)
    assert (chosen.point.sensitivity, chosen.point.specificity) == pytest.approx((3 / 4, 2 / 3))
    assert not chosen.same_images


def test_without_other_images_the_target_is_held_and_that_is_said():
    chosen = chosen_point(TEST, {"Early", "Pro"}, Target("specificity", 1.0))
    assert chosen.point.specificity == 1.0
    assert chosen.same_images


def test_images_of_one_side_cannot_choose_a_line():
    with pytest.raises(InputError, match="all positive or all negative"):
        chosen_point(TEST, {"Early"}, Target("sensitivity", 0.9), predictions([0.1, 0.2], []))


def test_the_table_has_each_rule_in_words():
    points = [chosen_point(TEST, {"Early"}, Target("specificity", 0.95), VALIDATION, prevalence=0.1)]
    (row,) = operating_table(points).to_dict("records")
    assert row["rule"] == "specificity at least 95 %"
    assert row["sensitivity"] == "75.0 % (30.1 to 95.4)"


def test_where_no_threshold_holds_the_target_that_is_said_and_nothing_is_called_positive():
    sure = predictions([0.1, 1.0], [0.5, 0.8])
    chosen = chosen_point(TEST, {"Early", "Pro"}, Target("specificity", 0.95), sure)
    assert (chosen.point.sensitivity, chosen.point.specificity, chosen.point.ppv) == (0, 1, None)
    said = "No threshold holds a specificity of at least 95 % on the validation images, so nothing is called malignant."
    assert no_threshold(chosen, "malignant") == said
    assert operating_table([chosen])["threshold"].tolist() == ["none"]
    held = chosen_point(TEST, {"Early", "Pro"}, Target("specificity", 0.5), sure)
    assert no_threshold(held, "malignant") == ""
    assert operating_table([held])["threshold"].tolist() == ["0.300"]


def test_what_is_wrong_falls_when_the_doubtful_are_left_out():
    of = predictions([0.1, 0.2, 0.55], [0.9, 0.8, 0.45], novelty=[0.1, 0.2, 3.0, 0.1, 0.2, 0.3])
    curves = risk_by_trust(of)
    assert set(curves) == {"confidence", "novelty"}
    assert curves["confidence"].risk[0] == 0
    assert curves["confidence"].risk[-1] == curves["novelty"].risk[-1]
    assert len(risk_figure(curves).data) == 2


def test_novelty_that_was_not_recorded_orders_nothing():
    assert set(risk_by_trust(TEST)) == {"confidence"}


def test_the_decision_curve_is_drawn_beside_everybody_and_nobody():
    figure = decision_figure(decision_curve(asked_of(TEST, {"Early"}), np.linspace(0.01, 0.99, 9)), "biopsy")
    assert [line.name for line in figure.data] == ["by the model", "biopsy for everybody", "biopsy for nobody"]
