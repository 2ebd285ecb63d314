"""What a long queue costs to make and to look at: `python -m benchmarks.many_runs [1000]`, in milliseconds.

Submits so many runs on images that were read before to a scheduler that takes them at once and answers nothing, as a
study of seeds, five folds and twenty settings does, and looks at them as `runs list`, a process of its own, and the
app's pages do, while the scheduler need not be asked. Submitting waits for the disk, whose time is told beside. The
process of a study leaves the list ready, which is told as well. Ends with status 1 where a look takes more than 300 ms.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from allcore.config import TrainConfig, make_config
from allcore.data.synthetic import SyntheticSpec, write_dataset
from allcore.installation import PROJECT
from allcore.runs.execution.launch_many import launch_all
from allcore.runs.execution.preflight import prepare
from allcore.runs.execution.scheduled import ScheduledExecutor, Word
from allcore.runs.folder.launches import Launch
from allcore.runs.folder.store import Run
from allcore.runs.listing import list_runs
from allcore.runs.summary import summary_table
from allcore.workspace import Workspace

_IMAGES_PER_CLASS = 150
_FOLDS, _SETTINGS = 5, 20
_GOAL_MILLISECONDS = 300.0
_SETTLING_SECONDS = 3.0
"""How long a list does not rely on what has just been written."""


@dataclass(frozen=True)
class _TakesAll(ScheduledExecutor):
    """A scheduler that has every job wait; asking a real one costs a process each time."""

    name: ClassVar[str] = "slurm"

    def can_ask(self) -> bool:
        return True

    def submit_job(self, run: Run, launch: Launch) -> str:
        return run.id[-4:]

    def words(self, jobs: Sequence[str]) -> dict[str, Word]:
        return {job: Word("waiting", "pending, Priority") for job in jobs}

    def cancel(self, job: str, *, only_waiting: bool = False) -> None:
        """Have nothing to end."""

    def check(self, config: TrainConfig) -> None:
        """Refuse nothing."""


def main() -> None:
    """Print what submitting costs, and a first and a second look."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with TemporaryDirectory() as folder:
        os.environ["ALLCORE_WORKSPACE"] = folder
        workspace = Workspace(Path(folder))
        write_dataset(workspace.datasets / "smears", SyntheticSpec(images_per_class=_IMAGES_PER_CLASS))
        executor = _TakesAll(workspace)
        prepare(_config(str(workspace.datasets / "smears"), 0), workspace.cache)  # which reads and searches the images
        began = time.monotonic()
        spent = _milliseconds(lambda: _submit(executor, count))
        print(f"{count:,} runs submitted in {time.monotonic() - began:,.0f} s, with {spent:,.0f} ms of the processor")
        executor.look()
        time.sleep(_SETTLING_SECONDS)
        print(f"runs list, first look of all: {_milliseconds(_list):,.0f} ms")
        (workspace.cache / "runs" / "list.json").unlink()
        left = _milliseconds(lambda: list_runs(workspace))
        print(f"the list left ready by who has launched them: {left:,.0f} ms")
        looks = []
        for look in ("first", "second", "third"):
            executor.look()
            looks.append(_milliseconds(_list))
            print(f"runs list then, {look} look: {looks[-1]:,.0f} ms")
        os.environ["ALLCORE_WORKSPACE"] = str(workspace.root / "empty")
        print(f"runs list without any run: {_milliseconds(_list):,.0f} ms")
        os.environ["ALLCORE_WORKSPACE"] = folder

        from pages.ui.known.runs import runs, summaries

        for look in ("first", "second", "third"):
            looks.append(_milliseconds(lambda: summary_table(summaries(runs()))))
            print(f"page, {look} look: {looks[-1]:,.0f} ms")
        if max(looks) > _GOAL_MILLISECONDS:
            sys.exit(f"the goal of {_GOAL_MILLISECONDS:.0f} ms a look is not reached")


def _submit(executor: _TakesAll, count: int) -> None:
    configs = [_config(str(executor.workspace.datasets / "smears"), number) for number in range(count)]
    launch_all([partial(executor.submit, config) for config in configs])


def _config(dataset: str, number: int) -> TrainConfig:
    divided, setting = divmod(number, _SETTINGS)
    seed, fold = divmod(divided, _FOLDS)
    split = {"protocol": "grouped", "folds": _FOLDS, "fold": fold + 1, "seed": seed}
    return make_config(dataset=dataset, weights="random", seed=seed, learning_rate=1e-5 * (setting + 1), split=split)


def _list() -> None:
    command = [sys.executable, "-m", "allcore", "runs", "list"]
    subprocess.run(command, cwd=PROJECT, stdout=subprocess.DEVNULL, check=True)


def _milliseconds(work: Callable[[], object]) -> float:
    """Return the processor's time that work takes, in this process and in those that it starts."""
    before = _spent()
    work()
    return 1000 * (_spent() - before)


def _spent() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    main()
