"""What a run's test images gave, as a model that is passed on carries it."""

from __future__ import annotations

from pathlib import Path

from allcore.evaluation.recorded import recorded_predictions
from allcore.evaluation.shortcuts import best_shortcut, kept_shortcuts_of_run
from allcore.inference.metadata import HeldOutScore
from allcore.runs.store import Run


def held_out_score(run: Run, cache: Path) -> HeldOutScore:
    """Return the accuracy on the run's test images, beside the best of the shortcut baselines that `cache` holds.

    Raises `RunError` when the run's predictions or its split are missing or damaged.
    """
    recorded = recorded_predictions(run, "test")
    scores, shortcuts = recorded.score(), kept_shortcuts_of_run(run, cache)
    best = None if shortcuts is None else best_shortcut(shortcuts)
    return HeldOutScore(
        images=scores.n,
        twins=int(recorded.table["twin"].sum()),
        accuracy=scores.accuracy,
        interval=scores.intervals["accuracy"],
        shortcut=None if best is None else best.name,
        shortcut_accuracy=None if best is None else best.scores.accuracy,
    )
