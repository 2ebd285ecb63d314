"""What a run's test images gave, as a model that is passed on carries it."""

from __future__ import annotations

from pathlib import Path

from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.evaluation.probes.probing import ProbeReport, cached_report
from allcore.evaluation.probes.subject import subject_of_run
from allcore.evaluation.shortcuts import best_shortcut, cached_shortcuts_of_run
from allcore.inference.metadata import HeldOutScore, ViewScore
from allcore.runs.folder.store import Run


def held_out_score(run: Run, cache: Path) -> HeldOutScore:
    """Return the accuracy on the run's test images, beside what `cache` holds of shortcut baselines and probes.

    Raises `RunError` when the run's predictions, its split or its model are missing or damaged.
    """
    probes = cached_report(subject_of_run(run), cache)
    recorded = recorded_predictions(run, "test")
    scores, shortcuts = recorded.score(), cached_shortcuts_of_run(run, cache)
    best = None if shortcuts is None else best_shortcut(shortcuts)
    return HeldOutScore(
        images=scores.n,
        twins=int(recorded.table["twin"].sum()),
        accuracy=scores.accuracy,
        interval=scores.intervals["accuracy"],
        shortcut=None if best is None else best.name,
        shortcut_accuracy=None if best is None else best.scores.accuracy,
        views=() if probes is None else views_of(probes),
    )


def views_of(report: ProbeReport) -> tuple[ViewScore, ...]:
    """Return the scores under the probes that were made, that of the images as they are first."""
    views = []
    for result in report.results:
        if result.scores is None:
            continue
        recalls = {name: of.recall for name, of in result.scores.per_class.items() if of.recall is not None}
        lowest = min(recalls, key=lambda name: recalls[name], default=None)
        views.append(
            ViewScore(
                probe=result.name,
                accuracy=result.scores.accuracy,
                interval=result.scores.intervals["accuracy"],
                lowest_class=lowest,
                lowest_recall=None if lowest is None else recalls[lowest],
                followed_other=result.followed_other,
                followed_neither=result.followed_neither,
            )
        )
    return tuple(views)
