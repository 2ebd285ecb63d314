"""Whether a member divides the images that its study began on: folds of other images do not fit the folds before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from allcore.config import TrainConfig
from allcore.data.splits.split import Split
from allcore.errors import DatasetError, RunError
from allcore.runs.folder.states import RESUMABLE
from allcore.runs.folder.store import Run, state_of

_IMAGES = ("path", "sha256", "label")


def must_be_those_of(members: Iterable[Run], config: TrainConfig, split: Split) -> None:
    """Raise `DatasetError` where a new member's split is of other images or groups than the first member's.

    `config` has its variant and its labels named. A member of another variant, other labels or another table of groups
    has other images or groups, as it should; one that is damaged tells nothing.
    """
    alike = [run for run in members if _divides_so(run, config)]
    if alike:
        _must_be_same(alike, config, split)


def _divides_so(run: Run, config: TrainConfig) -> bool:
    try:
        return _divides(run.config) == _divides(config) and run.split is not None
    except RunError:
        return False


def _divides(config: TrainConfig) -> tuple[str | None, ...]:
    return config.variant, config.labels, config.split.groups


def _must_be_same(alike: Sequence[Run], config: TrainConfig, now: Split) -> None:
    run, former = alike[0], alike[0].split
    can_begin_anew = all(state_of(each) in RESUMABLE for each in alike)  # as no other has what these images gave
    ids, has = ", ".join(each.id for each in alike), "has" if len(alike) == 1 else "have"
    begin_anew = f"delete run {ids}, which {has} not succeeded, " if can_begin_anew else ""
    if first := _first_that_differs(former, now, _IMAGES):
        raise DatasetError(
            f"the images of {config.dataset} are others than when the study began: {len(former.table):,} in run "
            f"{run.id}, {len(now.table):,} now, the first that differs is {first}; put them back as they were, "
            f"{begin_anew}or make another study"
        )
    grouped_by = ("path", "group", "stain") if config.split.protocol == "stain" else ("path", "group")
    if first := _first_that_differs(former, now, grouped_by):
        table = f"put the table {config.split.groups} back as it was, " if config.split.groups else ""
        raise DatasetError(
            f"the images of {config.dataset} are grouped otherwise than when the study began, in run {run.id}, the "
            f"first that differs is {first}; {table}go on with the version of ALLscope that the study began with, "
            f"{begin_anew}or make another study"
        )


def _first_that_differs(former: Split, now: Split, columns: Sequence[str]) -> str:
    """Return the path of the first image that two splits do not have alike, '' where there is none."""
    before, after = (list(zip(*(each.table[name] for name in columns), strict=True)) for each in (former, now))
    if before == after:
        return ""
    return min(set(before) ^ set(after), default=("their order",))[0]
