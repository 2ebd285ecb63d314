"""Which settings of a study can be ranked, and which baselines stand beside the best of them."""

from __future__ import annotations

from allcore.studies.baselines import baseline_label, baseline_of, divisions
from allcore.studies.findings import StudyFindings
from allcore.studies.results import CellScores


def best_settings(found: StudyFindings) -> dict[str, CellScores]:
    """Return the setting of the highest mean accuracy of each `division`: others are tested otherwise, and not ranked.

    There is none while no member has succeeded.
    """
    return {of: max(cells, key=_accuracy) for of, cells in ranked_together(found).items()}


def ranked_together(found: StudyFindings) -> dict[str, list[CellScores]]:
    """Return the settings that have scores by their `division`, '' alone where all divide the images alike."""
    of, together = divisions(found.plan), dict[str, list[CellScores]]()
    for cell in found.cells:
        if cell.succeeded:
            together.setdefault(of[cell.cell], []).append(cell)
    return together


def best_shortcut(found: StudyFindings, setting: CellScores) -> CellScores | None:
    """Return the best shortcut that learned from and was scored on the very parts of a setting; None while unknown."""
    of = divisions(found.plan)[setting.cell]
    shortcuts = (each for each in found.baselines if not sees_cells(each))
    return next((each for each in shortcuts if each.cell == baseline_label(baseline_of(each.cell), of)), None)


def sees_cells(baseline: CellScores) -> bool:
    """Return whether a study's baseline is one that may look at cells, and so no shortcut."""
    return baseline_of(baseline.cell).sees_cells


def _accuracy(setting: CellScores) -> float:
    return setting.spreads["accuracy"].mean
