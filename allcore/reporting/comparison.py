"""Two models beside each other: tables, and what the tests say in words."""

from __future__ import annotations

import math

import pandas as pd

from allcore.evaluation.comparing.comparison import Comparison, McNemar
from allcore.evaluation.scoring.intervals import SIGNIFICANCE
from allcore.reporting.score_tables import ERROR_NAMES, SCORE_NAMES
from allcore.text import counted

_SMALLEST_P = 1e-4


def score_differences(comparison: Comparison) -> pd.DataFrame:
    """Return one row a score, in per cent and points: score, first, second, difference, low, high (95 %).

    nan where a value is undefined.
    """
    return _table(comparison, SCORE_NAMES, 100.0)


def error_differences(comparison: Comparison) -> pd.DataFrame:
    """Return the three errors of the probabilities, the smaller the better, in the columns of `score_differences`."""
    return _table(comparison, ERROR_NAMES, 1.0)


def mcnemar_table(test: McNemar, first: str, second: str) -> pd.DataFrame:
    """Return the 2×2 table of images: a row each for `first` right and wrong, a column each for `second`."""
    return pd.DataFrame(
        {
            "": [f"{first} right", f"{first} wrong"],
            f"{second} right": [test.both_right, test.only_second],
            f"{second} wrong": [test.only_first, test.both_wrong],
        }
    )


def verdict(test: McNemar, first: str, second: str) -> str:
    """Return in one sentence whether the models can be told apart by the images that one alone gets right."""
    counts = f"{first} alone gets {counted(test.only_first, 'image')} right, {second} alone {test.only_second}"
    can = "can" if test.p_over_groups < SIGNIFICANCE else "cannot"
    return f"They {can} be told apart: {counts} ({p_text(test.p_over_groups)})."


def pairs_in_words(pairs: pd.DataFrame) -> str:
    """Return which of the models that `compare_all` compared cannot be told apart."""
    alike = [f"{row['first']} and {row['second']}" for row in pairs[~pairs["apart"]].to_dict("records")]
    if not alike:
        return "Every two runs that were compared can be told apart by their accuracy."
    if len(pairs) == 1:
        return f"{alike[0]} cannot be told apart by their accuracy."
    if len(alike) == len(pairs):
        return "No two runs that were compared can be told apart by their accuracy."
    return f"{len(alike)} of {len(pairs)} pairs cannot be told apart by their accuracy: {'; '.join(alike)}."


def not_compared(compared: int, n_runs: int) -> str:
    """Return how many pairs of `n_runs` runs `compare_all` left out, and why; '' where all of them are `compared`."""
    pairs = math.comb(n_runs, 2)
    if compared == pairs:
        return ""
    return (
        f"Not compared: {pairs - compared} of {counted(pairs, 'pair')} of runs, which share no test image, label one "
        "differently, or have other classes."
    )


def p_text(p: float) -> str:
    """Return a p-value as text: "p = 0.0421", "p < 0.0001"."""
    return f"p = {p_value(p)}" if p >= _SMALLEST_P else f"p {p_value(p)}"


def p_value(p: float) -> str:
    """Return a p-value as a table shows it: "0.0421", "< 0.0001"."""
    return f"{p:.3g}" if p >= _SMALLEST_P else f"< {_SMALLEST_P:.4f}"


def _table(comparison: Comparison, names: dict[str, str], scale: float) -> pd.DataFrame:
    def scaled(value: float | None) -> float:
        return math.nan if value is None else scale * value

    rows = [
        (
            name,
            scaled(getattr(comparison.first, key)),
            scaled(getattr(comparison.second, key)),
            scaled(comparison.differences[key]),
            *map(scaled, comparison.intervals[key]),
        )
        for key, name in names.items()
    ]
    return pd.DataFrame(rows, columns=["score", "first", "second", "difference", "low", "high"])
