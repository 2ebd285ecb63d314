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
    for run in members:
        try:
            if _divides(run.config) == _divides(config):
                _must_be_same(run, config, split)
                return
        except RunError:
            continue


def _divides(config: TrainConfig) -> tuple[str | None, ...]:
    return config.variant, config.labels, config.split.groups


def _must_be_same(run: Run, config: TrainConfig, now: Split) -> None:
    former = run.split
    begin_anew = f"delete run {run.id}, which has not succeeded, " if state_of(run) in RESUMABLE else ""
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
