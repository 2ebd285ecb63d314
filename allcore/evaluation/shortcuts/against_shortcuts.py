"""A model beside the shortcut baselines, on the test images of both."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from allcore.evaluation.comparing.comparison import accuracy_difference, holm, mcnemar
from allcore.evaluation.comparing.pairing import pair
from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.evaluation.scoring.intervals import SIGNIFICANCE
from allcore.evaluation.shortcuts.scoring import ShortcutResult

COLUMNS = (
    *("baseline", "what", "accuracy", "low", "high", "difference", "difference_low", "difference_high"),
    *("p", "apart", "reaches", "sees_cells"),
)


def against_shortcuts(predictions: RecordedPredictions, results: Sequence[ShortcutResult]) -> pd.DataFrame:
    """Compare a model's `predictions` with each baseline's of the same images, the best baseline first.

    One row a baseline, accuracies and differences as fractions, intervals at 95 %:

    - baseline, what (it sees), accuracy, low, high;
    - difference (the model's accuracy minus the baseline's), difference_low, difference_high;
    - p (McNemar's test over groups, adjusted for the number of baselines by Holm's method), apart (p below 0.05);
    - reaches (the baseline is at least as accurate as the model), sees_cells (it is not a shortcut).

    Raises `InputError` when they share no image.
    """
    rows = []
    for result in results:
        paired = pair(predictions, result.predictions)
        difference, interval = accuracy_difference(paired.first_right, paired.second_right, paired.groups)
        of_baseline = (result.scores.accuracy, *result.scores.intervals["accuracy"])
        p = mcnemar(paired).p_over_groups
        compared = (difference, *interval, p, False, difference <= 0)
        rows.append((result.name, result.baseline.what, *of_baseline, *compared, result.baseline.sees_cells))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["p"] = holm(table["p"])
    table["apart"] = table["p"] < SIGNIFICANCE
    return table.sort_values("accuracy", ascending=False, kind="stable", ignore_index=True)
