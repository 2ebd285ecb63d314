"""Which settings of a study can be ranked, and which baselines stand beside the best of them."""

from __future__ import annotations

from allcore.studies.baselines import baseline_label, baseline_of, divisions
from allcore.studies.findings import StudyFindings
from allcore.studies.results import SettingScores


def best_settings(found: StudyFindings) -> dict[str, SettingScores]:
    """Return the setting of the highest mean accuracy of each division: others are tested otherwise, and not ranked.

    There is none while no member has succeeded.
    """
    return {of: max(scores, key=_accuracy) for of, scores in ranked_together(found).items()}


def ranked_together(found: StudyFindings) -> dict[str, list[SettingScores]]:
    """Return the settings that have scores by their division, '' alone where all divide the images alike."""
    of, together = divisions(found.plan), dict[str, list[SettingScores]]()
    for scores in found.settings:
        if scores.succeeded:
            together.setdefault(of[scores.setting], []).append(scores)
    return together


def best_shortcut(found: StudyFindings, of_setting: SettingScores) -> SettingScores | None:
    """Return the best shortcut that learned from and was scored on the very parts of a setting; None while unknown."""
    of = divisions(found.plan)[of_setting.setting]
    shortcuts = (each for each in found.baselines if not sees_cells(each))
    return next((each for each in shortcuts if each.setting == baseline_label(baseline_of(each.setting), of)), None)


def sees_cells(baseline: SettingScores) -> bool:
    """Return whether a study's baseline is one that may look at cells, and so no shortcut."""
    return baseline_of(baseline.setting).sees_cells


def _accuracy(scores: SettingScores) -> float:
    return scores.spreads["accuracy"].mean
