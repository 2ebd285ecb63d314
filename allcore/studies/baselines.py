"""The baselines on a study's own parts: each learns from what a member trains on and is scored on what it tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import numpy as np

from allcore.arrays import ImageArray
from allcore.evaluation.shortcuts import BASELINES, Baseline, cached_shortcuts, shortcut_scores_of_run
from allcore.evaluation.shortcuts.frozen import FROZEN
from allcore.evaluation.shortcuts.of_run import frozen_scores_of_run
from allcore.progress import Progress, progress_of_part
from allcore.studies.plan import Place, StudyPlan
from allcore.studies.recipe import shown_values
from allcore.studies.results import FinishedMember

STANDING_BESIDE = (*BASELINES, *FROZEN)


def compute_baselines(
    plan: StudyPlan, finished: list[FinishedMember], cache: Path, on_progress: Progress | None = None, *, frozen: bool
) -> None:
    """Compute what `cache` lacks of the shortcut baselines, and of those on `frozen` features where they are wanted.

    `on_progress` hears of the work done. Raises `InputError` when the images are gone or have changed, or VGG16's
    ImageNet weights are wanted and not at hand.
    """
    features: dict[Callable[[ImageArray], np.ndarray], Callable[[ImageArray], np.ndarray]] = {}

    def once(baseline: Baseline) -> Baseline:
        """Return the baseline such that what it sees in an image is worked out once for all folds."""
        made = features.setdefault(baseline.features, _once_an_image(baseline.features))
        return replace(baseline, features=made)

    shortcuts, hybrids = tuple(map(once, BASELINES)), tuple(map(once, FROZEN))
    parts = _one_a_part(plan, finished)
    works = len(parts) * (2 if frozen else 1)
    for number, each in enumerate(parts):
        shortcut_scores_of_run(each.run, cache, progress_of_part(on_progress, number, works), shortcuts)
        if frozen:
            frozen_scores_of_run(each.run, cache, progress_of_part(on_progress, len(parts) + number, works), hybrids)


def baseline_members(plan: StudyPlan, finished: list[FinishedMember], cache: Path) -> list[FinishedMember]:
    """Return what `cache` holds of the baselines on the parts of the members that have finished, as if trained there.

    In the place of a setting stands the baseline's `baseline_label`. A baseline is there where all parts have it.
    """
    found: dict[str, list[FinishedMember]] = {}
    parts = _one_a_part(plan, finished)
    for each in parts:
        for baseline in STANDING_BESIDE:
            for result in cached_shortcuts(each.run.split, cache, (baseline,)) or ():
                place = replace(each.place, setting=baseline_label(baseline, _dividing_values(plan, each.place)))
                found.setdefault(place.setting, []).append(FinishedMember(place, each.run, result.predictions))
    wanted = {
        baseline_label(baseline, of): sum(_dividing_values(plan, each.place) == of for each in parts)
        for baseline in STANDING_BESIDE
        for of in dict.fromkeys(_dividing_values(plan, each.place) for each in parts)
    }
    return [each for name, count in wanted.items() if len(found.get(name, ())) == count for each in found[name]]


def baseline_label(baseline: Baseline, of_division: str) -> str:
    """Return what a baseline is called in a study's tables: its name, and `_dividing_values` where there are such."""
    return f"{baseline.name} ({of_division})" if of_division else baseline.name


def baseline_of(name: str) -> Baseline:
    """Return the baseline that is so called in a study's tables."""
    return next(each for each in STANDING_BESIDE if name == each.name or name.startswith(f"{each.name} ("))


def _dividing_values(plan: StudyPlan, place: Place) -> str:
    """Return a member's values of the `dividing_fields`, as `split.protocol=random`; '' where none is varied."""
    return " ".join(shown_values(plan, place, dividing_fields(plan)))


def divides_alike(plan: StudyPlan) -> bool:
    """Return whether all settings of a study divide the same images in the same way, so that one baseline is of all."""
    return all(len(plan.vary[path]) == 1 for path in dividing_fields(plan))


def divisions(plan: StudyPlan) -> dict[str, str]:
    """Return the `_dividing_values` of each setting of a study."""
    return {place.setting: _dividing_values(plan, place) for place in plan.places}


def dividing_fields(plan: StudyPlan) -> list[str]:
    """Return the varied fields that decide which images are trained on and tested, or as what."""
    return [path for path in plan.vary if path in ("variant", "labels") or path.startswith("split.")]


def _one_a_part(plan: StudyPlan, finished: list[FinishedMember]) -> list[FinishedMember]:
    """Return one member of each seed, fold and division: their images are the same whatever else is varied."""
    first: dict[tuple[str, int, int | None], FinishedMember] = {}
    for each in finished:
        first.setdefault((_dividing_values(plan, each.place), each.place.seed, each.place.fold), each)
    return list(first.values())


def _once_an_image(features: Callable[[ImageArray], np.ndarray]) -> Callable[[ImageArray], np.ndarray]:
    known: dict[bytes, np.ndarray] = {}

    def of_image(image: ImageArray) -> np.ndarray:
        content = blake2b(image.tobytes(), digest_size=16).digest() + repr(image.shape).encode()
        if content not in known:
            known[content] = features(image)
        return known[content]

    return of_image
