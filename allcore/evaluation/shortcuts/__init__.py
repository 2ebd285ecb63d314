"""What classifiers reach that see too little to judge a cell: the lines that a network's score has to stand above."""

from allcore.evaluation.shortcuts.of_run import (
    cached_shortcuts_of_run,
    frozen_scores_of_run,
    shortcut_scores_of_run,
)
from allcore.evaluation.shortcuts.registry import BASELINES, Baseline
from allcore.evaluation.shortcuts.scoring import (
    ShortcutResult,
    baselines_json,
    best_shortcut,
    cached_shortcuts,
    shortcut_scores,
)

__all__ = [
    "BASELINES",
    "Baseline",
    "ShortcutResult",
    "baselines_json",
    "best_shortcut",
    "cached_shortcuts",
    "cached_shortcuts_of_run",
    "frozen_scores_of_run",
    "shortcut_scores",
    "shortcut_scores_of_run",
]
