"""Whether two settings of a study differ, are the same within a margin, or cannot be told apart yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import combinations

import numpy as np
import pandas as pd

from allcore.arrays import BoolArray
from allcore.errors import InputError
from allcore.evaluation.comparing.comparison import (
    accuracy_difference,
    equivalent,
    holm,
    mcnemar_over_groups,
)
from allcore.evaluation.comparing.pairing import pair
from allcore.evaluation.comparing.repeated import compare_repeated
from allcore.evaluation.comparing.verdict import SettingDifference
from allcore.studies.plan import StudyPlan
from allcore.studies.results import FinishedMember


def compare_settings(plan: StudyPlan, finished: list[FinishedMember], margin: float) -> list[SettingDifference]:
    """Compare every two settings of a study that share finished members, in the plan's order; `margin` is a fraction.

    Raises `InputError` for a margin that is not above 0 and below 1.
    """
    return compare_pairs(finished, combinations(plan.settings, 2), margin)


def compare_pairs(
    finished: list[FinishedMember], pairs: Iterable[tuple[str, str]], margin: float
) -> list[SettingDifference]:
    """Compare the settings of each pair that share parts; p-values are adjusted for the number of these pairs alone.

    `finished` may hold baselines beside members. `margin` is as in `compare_settings`, and what is raised too.
    """
    if not 0 < margin < 1:
        raise InputError(
            f"margin: expected a fraction above 0 and below 1, as 0.01 for one point (received {margin:g})"
        )
    found = []
    for first, second in pairs:
        both = _same_parts(finished, first, second)
        if both:
            found.append(_difference(first, second, both, margin))
    adjusted = holm([each.p for each in found])
    return [each.model_copy(update={"p": float(p)}) for each, p in zip(found, adjusted, strict=True)]


def _same_parts(finished: list[FinishedMember], first: str, second: str) -> list[tuple[FinishedMember, FinishedMember]]:
    """Return the members of both settings that were tested on the same images, labelled alike, by seed and fold."""
    of = {(each.place.setting, each.place.seed, each.place.fold): each for each in finished}
    parts = [(seed, fold) for setting, seed, fold in of if setting == first]
    both = [(of[first, *part], of[second, *part]) for part in parts if (second, *part) in of]
    return [(one, other) for one, other in both if _tested(one) == _tested(other)]  # others divide them otherwise


def _tested(of: FinishedMember) -> Counter[tuple[str, str]]:
    """Return how often each content (sha256) stands among the test images under each label."""
    table = of.predictions.table
    return Counter(zip(table["sha256"], table["label"], strict=True))


def _difference(
    first: str, second: str, both: list[tuple[FinishedMember, FinishedMember]], margin: float
) -> SettingDifference:
    sides: list[tuple[BoolArray, BoolArray]] = []
    groups: list[pd.Series] = []
    for one, other in both:
        paired = pair(one.predictions, other.predictions)
        sides.append((paired.first_right, paired.second_right))
        groups.append(paired.first.table["group"])
    first_right, second_right = (np.concatenate(side) for side in zip(*sides, strict=True))
    group = pd.concat(groups).to_numpy()  # an image stands in it once a seed: its group holds all of them together
    difference, interval = accuracy_difference(first_right, second_right, group)
    repeated = None
    if len(both) > 1:
        by_part = np.array([(ours.mean(), theirs.mean()) for ours, theirs in sides])
        repeated = compare_repeated(by_part[:, 0], by_part[:, 1], _test_to_train(both), margin)
    return SettingDifference(
        first=first,
        second=second,
        images=len(np.unique(np.concatenate([one.predictions.table["path"].to_numpy() for one, _ in both]))),
        difference=difference,
        interval=interval,
        p=mcnemar_over_groups(first_right, second_right, group),
        margin=margin,
        same_images=equivalent(first_right, second_right, group, margin),
        repeated=repeated,
    )


def _test_to_train(both: list[tuple[FinishedMember, FinishedMember]]) -> float:
    counts = [one.run.split.table["split"].value_counts() for one, _ in both]
    return float(np.mean([count["test"] / count["train"] for count in counts]))
