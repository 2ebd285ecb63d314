"""Scores as tables that can be read beside the paper's."""

from __future__ import annotations

import math

import pandas as pd

from allcore.evaluation.scoring.scores import CLASS_METRICS, ClassScores, Scores
from allcore.number_text import hundredfold
from allcore.paper import HEADLINE

CLASS_METRIC_NAMES = {
    "precision": "precision",
    "recall": "sensitivity",
    "specificity": "specificity",
    "npv": "negative predictive value",
    "f1": "F1",
    "auroc": "AUROC",
    "average_precision": "average precision",
}

SCORE_NAMES = {
    "accuracy": "accuracy",
    "precision_weighted": "precision (weighted)",
    "recall_weighted": "sensitivity (weighted)",
    "f1_weighted": "F1 (weighted)",
    "mcc": "Matthews correlation",
    "balanced_accuracy": "balanced accuracy",
    "precision_macro": "precision (macro)",
    "recall_macro": "sensitivity (macro)",
    "f1_macro": "F1 (macro)",
    "specificity_macro": "specificity (macro)",
    "npv_macro": "negative predictive value (macro)",
    "auroc_macro": "AUROC (macro)",
    "average_precision_macro": "average precision (macro)",
}
ERROR_NAMES = {"ece": "expected calibration error", "brier": "Brier score", "log_loss": "log loss (nats)"}

_SCORES = (
    ("accuracy", "accuracy", "balanced_accuracy"),
    ("precision", "precision_weighted", "precision_macro"),
    ("sensitivity", "recall_weighted", "recall_macro"),
    ("F1", "f1_weighted", "f1_macro"),
    ("Matthews correlation", "mcc", ""),
    ("specificity", "", "specificity_macro"),
    ("negative predictive value", "", "npv_macro"),
    ("AUROC", "", "auroc_macro"),
    ("average precision", "", "average_precision_macro"),
)


def headline_table(scores: Scores) -> pd.DataFrame:
    """Return one row a score, in per cent: support-weighted beside the paper's, then macro, with 95 % intervals.

    Columns: score, weighted, low, high, paper, macro, macro_low, macro_high; nan where a score has no such average.
    Accuracy's macro average is the balanced accuracy.
    """
    rows = [
        (name, *in_per_cent(scores, weighted), 100 * HEADLINE.get(weighted, math.nan), *in_per_cent(scores, macro))
        for name, weighted, macro in _SCORES
    ]
    return pd.DataFrame(rows, columns=["score", "weighted", "low", "high", "paper", "macro", "macro_low", "macro_high"])


def class_table(scores: Scores) -> pd.DataFrame:
    """Return one row a class and score, in per cent: class, images, score, value, low, high."""
    rows = [
        (name, of_class.support, CLASS_METRIC_NAMES[metric], *in_per_cent(of_class, metric))
        for name, of_class in scores.per_class.items()
        for metric in CLASS_METRICS
    ]
    return pd.DataFrame(rows, columns=["class", "images", "score", "value", "low", "high"])


def calibration_table(scores: Scores) -> pd.DataFrame:
    """Return the three errors of the probabilities, the smaller the better: score, value, low, high."""
    rows = [(name, getattr(scores, key), *scores.intervals[key]) for key, name in ERROR_NAMES.items()]
    return pd.DataFrame(rows, columns=["score", "value", "low", "high"])


def in_per_cent(scores: Scores | ClassScores, metric: str) -> tuple[float, float, float]:
    """Return value, low and high of a metric in per cent, nan where undefined or where its name is empty."""
    if not metric:
        return (math.nan, math.nan, math.nan)
    of = (hundredfold(fraction) for fraction in (getattr(scores, metric), *scores.intervals[metric]))
    value, low, high = (math.nan if number is None else number for number in of)
    return value, low, high
