"""A small study, and an executor whose runs end at once: what is tried here is who starts which run and when."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from allcore.config import TrainConfig
from allcore.config_parts import SplitConfig
from allcore.data.splits.split import Split, make_split
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.execution.preflight import Look
from allcore.runs.folder.files import CHECKPOINTS_FOLDER
from allcore.runs.folder.process import own_identity
from allcore.runs.folder.status import Status, write_status
from allcore.runs.folder.store import Run
from allcore.studies.plan import StudyPlan, make_plan
from allcore.studies.store import Study, StudyStore
from allcore.workspace import Workspace
from tests.data.rows import images

LEFT = ("model.keras", "model.onnx", "model.float32.onnx", "features.npy", "predictions.parquet", "metrics.jsonl")


def set_state(run: Run, state: str, **fields: object) -> None:
    """Write the state of a run whose worker, where it has one, is this process."""
    pid, started = own_identity()
    moment = time.time()
    identity = {"pid": pid, "process_started": started, "heartbeat": moment, "queued_at": moment}
    write_status(run.folder, Status(state=state, **{**identity, **fields}))


@dataclass(frozen=True)
class Instantly(LocalExecutor):
    """Carries out runs in no time. `ends` says how each submission and resumption ends, by the run's place."""

    split: Split
    ends: Callable[[str], str] = lambda place: "succeeded"
    launched: list[str] = field(default_factory=list)

    def submit(self, config: TrainConfig, on_progress: object = None, look: Look | None = None) -> Run:
        if look is not None:
            look(config, self.split)
        run = self.store.create(config, self.split)
        self._carry_out(run)
        return run

    def resume(self, run: Run) -> None:
        self._carry_out(run)

    def _carry_out(self, run: Run) -> None:
        assert run.config.place is not None
        self.launched.append(run.config.place)
        state = self.ends(run.config.place)
        if state == "succeeded":
            for name in LEFT:
                (run.folder / name).write_bytes(b"")
            (run.folder / CHECKPOINTS_FOLDER).mkdir(exist_ok=True)
        set_state(run, state, error="no such luck" if state == "failed" else "")


@pytest.fixture
def plan(tiny_config: Callable[..., TrainConfig]) -> StudyPlan:
    """Return the plan of a study of two sizes and two of three folds."""
    config = tiny_config(split={"protocol": "grouped", "folds": 3})
    return make_plan(name="sizes", config=config, folds=(1, 2), vary={"image_size": [32, 48]})


@pytest.fixture
def study(tmp_path: Path, plan: StudyPlan) -> Study:
    """Return the study of that plan, of which nothing is done."""
    return StudyStore(tmp_path / "workspace" / "studies").create(plan)


@pytest.fixture
def split() -> Split:
    """Return a split of a few images, which nobody reads."""
    return make_split(images({"A": 4, "B": 4}), SplitConfig())


@pytest.fixture
def executor(tmp_path: Path, split: Split) -> Instantly:
    """Return an executor whose runs succeed at once."""
    return Instantly(Workspace(tmp_path / "workspace"), split)
