"""The curves of a run's training, as figures of a report."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allcore.evaluation.scoring.intervals import wilson
from allcore.number_text import per_cent
from allcore.reporting.report.rendering.blocks import Figure
from allcore.reporting.report.rendering.figures import Line, lines_figure
from allcore.runs.folder.history import History

_TITLES = {"loss": ("Loss", "cross-entropy (nats)", 1.0), "accuracy": ("Accuracy", "accuracy (%)", 100.0)}


def training_figures(history: History, validation_groups: int) -> tuple[Figure, ...]:
    """Return loss and accuracy by epoch, train and validation; without what no epoch has a finite number of.

    Validation accuracy has its 95 % interval (Wilson, with `validation_groups` as trials).
    """
    if history.epochs.empty:
        return ()
    numbers = {quantity: history.epochs[[quantity, f"validation_{quantity}"]].to_numpy() for quantity in _TITLES}
    there = [quantity for quantity, found in numbers.items() if np.isfinite(found).any()]
    return tuple(_figure(history.epochs, quantity, validation_groups) for quantity in there)


def _figure(epochs: pd.DataFrame, quantity: str, validation_groups: int) -> Figure:
    name, unit, scale = _TITLES[quantity]
    x = epochs["epoch"].to_numpy(np.float64) + 1
    train = epochs[quantity].to_numpy(np.float64)
    validation = epochs[f"validation_{quantity}"].to_numpy(np.float64)
    low = high = None
    if quantity == "accuracy":
        low, high = wilson(validation * validation_groups, validation_groups)
    lines = (Line("train", "train", x, train), Line("validation", "validation", x, validation, low, high))
    of_train, of_validation = (_said(quantity, float(values[-1])) for values in (train, validation))
    last = f"{of_train} in train and {of_validation} in validation after epoch {x[-1]:.0f}"
    caption = f"{name} by epoch" + (", with the 95 % interval of validation" if low is not None else "")
    return lines_figure(caption, lines, "epoch", unit, scale, f"{caption}: {last}")


def _said(quantity: str, value: float) -> str:
    return per_cent(value, 1) if quantity == "accuracy" else f"{value:.3g}"
