"""All that a study says so far, as its report, its page and the command line show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from allcore.evaluation.comparing.verdict import SettingDifference
from allcore.runs.folder.store import Run
from allcore.studies.baselines import STANDING_BESIDE, baseline_label, baseline_members, divisions
from allcore.studies.between_settings import compare_pairs, compare_settings
from allcore.studies.costs import measured_latencies
from allcore.studies.plan import StudyPlan
from allcore.studies.probes import SettingProbes, setting_probes
from allcore.studies.results import FinishedMember, SettingScores, finished_members, scores_of, setting_scores

MARGIN = 0.01
"""Accuracies that are less than a point apart count as the same, unless somebody says otherwise."""


@dataclass(frozen=True)
class StudyFindings:
    """A study's scores: of its `settings`, and of the `baselines` on the same parts as far as those are computed.

    `differences` compare every two settings, `against_baselines` each setting (first) with each baseline (second);
    `probes` are those that were made. `finished` are the members that have succeeded, `margin` is a fraction.
    """

    name: str
    plan: StudyPlan
    margin: float
    finished: list[FinishedMember]
    settings: list[SettingScores]
    differences: list[SettingDifference]
    baselines: list[SettingScores]
    against_baselines: list[SettingDifference]
    probes: list[SettingProbes]

    @property
    def is_whole(self) -> bool:
        """Whether every member has succeeded."""
        return len(self.finished) == self.plan.members

    @property
    def are_drawn(self) -> bool:
        """Whether the images are drawn smears, as the names of their files tell; not while no member has succeeded."""
        return bool(self.finished) and self.finished[0].predictions.are_drawn

    @property
    def beside_paper(self) -> bool:
        """Whether the paper's figures may stand beside the study's; not while no member has succeeded."""
        return bool(self.finished) and self.finished[0].predictions.beside_paper

    def to_json(self) -> dict[str, Any]:
        """Return what was found as JSON values, in fractions."""
        return {
            "study": self.name,
            "seeds": list(self.plan.seeds),
            "folds": list(self.plan.folds),
            "margin": self.margin,
            "cells": [each.model_dump(mode="json") for each in self.settings],
            "differences": [_compared(each) for each in self.differences],
            "baselines": [each.model_dump(mode="json") for each in self.baselines],
            "against_baselines": [_compared(each) for each in self.against_baselines],
            "probes": [each.model_dump(mode="json") for each in self.probes],
        }


def study_findings(
    name: str, plan: StudyPlan, members: Mapping[str, Run], cache: Path, margin: float = MARGIN, *, timed: bool = False
) -> StudyFindings:
    """Return what the succeeded of a study's `members` say together, with what `cache` holds of baselines and probes.

    With `timed`, one image is sent through a network of each setting, which takes a moment. Raises `RunError` for a
    damaged member, `InputError` for a margin that is not above 0 and below 1.
    """
    finished = finished_members(plan, members)
    differences = compare_settings(plan, finished, margin)
    settings = setting_scores(plan, finished, cache)
    if timed:
        seconds = measured_latencies({setting: _runs(finished, setting) for setting in plan.settings})
        settings = [each.model_copy(update={"latency_seconds": seconds.get(each.setting)}) for each in settings]
    beside = baseline_members(plan, finished, cache)
    known = {each.place.setting for each in beside}
    pairs = [
        (setting, baseline_label(baseline, of))
        for setting, of in divisions(plan).items()
        for baseline in STANDING_BESIDE
    ]
    pairs = [(setting, baseline) for setting, baseline in pairs if baseline in known]
    return StudyFindings(
        name=name,
        plan=plan,
        margin=margin,
        finished=finished,
        settings=settings,
        differences=differences,
        baselines=baseline_scores(plan, beside, cache),
        against_baselines=compare_pairs([*finished, *beside], pairs, margin),
        probes=setting_probes(plan, finished, cache),
    )


def baseline_scores(plan: StudyPlan, beside: list[FinishedMember], cache: Path) -> list[SettingScores]:
    """Return the scores of each baseline of `baseline_members`, the best first."""
    names = dict.fromkeys(each.place.setting for each in beside)
    scores = [scores_of(plan, name, [each for each in beside if each.place.setting == name], cache) for name in names]
    return sorted(scores, key=lambda each: -each.spreads["accuracy"].mean)


def _runs(finished: list[FinishedMember], setting: str) -> list[Run]:
    return [each.run for each in finished if each.place.setting == setting]


def _compared(each: SettingDifference) -> dict[str, Any]:
    return {**each.model_dump(mode="json"), "verdict": each.verdict}
