import numpy as np
import pytest

from allcore.evaluation.scoring.scores import CLASS_METRICS, score
from allcore.paper import HEADLINE
from allcore.reporting.score_tables import calibration_table, class_table, headline_table

CLASSES = ("Benign", "Early", "Pre")


@pytest.fixture(scope="module")
def scores():
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    p = rng.dirichlet(np.ones(3), 90) + 0.5 * np.eye(3)[labels]
    return score([CLASSES[number] for number in labels], p / p.sum(axis=1, keepdims=True), CLASSES, samples=200)


def test_weighted_scores_stand_beside_the_papers_and_before_macro_averages(scores):
    rows = headline_table(scores).set_index("score")
    assert list(rows.columns) == ["weighted", "low", "high", "paper", "macro", "macro_low", "macro_high"]
    precision = rows.loc["precision"]
    assert precision["weighted"] == 100 * scores.precision_weighted
    assert (precision["low"], precision["high"]) == tuple(100 * end for end in scores.intervals["precision_weighted"])
    assert precision["paper"] == 100 * HEADLINE["precision_weighted"]
    assert precision["macro"] == 100 * scores.precision_macro


def test_every_headline_of_the_paper_is_in_the_table(scores):
    assert headline_table(scores)["paper"].count() == len(HEADLINE)


def test_scores_without_a_weighted_average_leave_its_columns_empty(scores):
    row = headline_table(scores).set_index("score").loc["specificity"]
    assert row[["weighted", "low", "high", "paper"]].isna().all()
    assert row["macro"] == 100 * scores.specificity_macro


def test_accuracys_macro_average_is_the_balanced_accuracy(scores):
    assert headline_table(scores).set_index("score").loc["accuracy", "macro"] == 100 * scores.balanced_accuracy


def test_class_table_has_every_score_of_every_class(scores):
    table = class_table(scores)
    assert len(table) == len(CLASSES) * len(CLASS_METRICS)
    row = table[(table["class"] == "Pre") & (table["score"] == "sensitivity")].iloc[0]
    assert (row["images"], row["value"]) == (30, 100 * scores.per_class["Pre"].recall)


def test_undefined_class_score_is_left_empty():
    table = class_table(score(["Benign", "Early"], np.eye(3)[[0, 1]], CLASSES, samples=10))
    assert np.isnan(table[(table["class"] == "Pre") & (table["score"] == "sensitivity")]["value"].iloc[0])


def test_calibration_errors_are_not_in_per_cent(scores):
    assert list(calibration_table(scores)["value"]) == [scores.ece, scores.brier, scores.log_loss]
