"""Predictions that are drawn, and the names of what they are scored by."""

import numpy as np
from scipy.stats import binomtest

CLASSES = ["Benign", "Early", "Pre", "Pro"]
SCALARS = [
    *("accuracy", "balanced_accuracy", "precision_weighted", "recall_weighted", "f1_weighted"),
    *("precision_macro", "recall_macro", "f1_macro", "specificity_macro", "npv_macro", "mcc"),
    *("auroc_macro", "average_precision_macro", "ece", "brier", "log_loss"),
]
PER_CLASS = ["precision", "recall", "specificity", "npv", "f1", "auroc", "average_precision"]


def predictions(seed=0, n=326, certainty=1.0):
    rng = np.random.default_rng(seed)
    true = rng.permutation(np.arange(n) % 4)
    p = rng.dirichlet(np.full(4, 0.6), n) + certainty * np.eye(4)[true]
    return [CLASSES[index] for index in true], p / p.sum(axis=1, keepdims=True)


def copies(times, n=80, **kwargs):
    labels, p = predictions(n=n, **kwargs)
    return labels * times, np.tile(p, (times, 1)), list(range(n)) * times


def wilson_of(successes, trials):
    return tuple(binomtest(successes, trials).proportion_ci(method="wilson"))


def width(scores, metric):
    low, high = scores.intervals[metric]
    return high - low
