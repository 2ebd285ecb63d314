"""Trains a tiny network under the recorder's eyes: `python train.py DATASET WORKSPACE LOG`.

The run is stopped after its second checkpoint and resumed, so that both ways out of training are recorded.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from allcore.config import make_config
from allcore.evaluation.shortcuts import registry
from allcore.runs.execution.preflight import prepare
from allcore.runs.folder.files import CHECKPOINTS_FOLDER
from allcore.runs.folder.process import host, own_identity
from allcore.runs.folder.status import STOP_FILE, Status, read_status, write_status
from allcore.runs.folder.store import Run, RunStore
from allcore.training import loop
from allcore.training.worker import run_worker
from allcore.workspace import Workspace
from tests.conftest import TINY
from tests.power_cuts.recorder import Recorder


def main(dataset: str, workspace: Path, log: Path) -> None:
    """Train, stop, resume and finish one run below `workspace`; record all of it in `log`."""
    registry.TREES = 30
    recorder = Recorder(workspace, log)
    os.environ["ALLCORE_WORKSPACE"] = str(workspace)
    space = Workspace(workspace)
    config = make_config(
        dataset=dataset, **{**TINY, "batch_size": 16}, epochs=2, optimizer="sgd", checkpoint_minutes=0.001
    )
    resolved, split = prepare(config, space.cache)
    with recorder.recording():
        run = RunStore(space.runs).create(resolved, split)
        recorder.mark("created")
        _mark_checkpoints(recorder, run)
        for state in ("cancelled", "succeeded"):
            _work(run)
            assert run.status().state == state, run.log_tail()
            recorder.mark(state)


def _work(run: Run) -> None:
    """Carry the run out in this process, as its launcher would have it done in one of its own."""
    pid, started = own_identity()
    fresh = {"state": "queued", "pid": pid, "process_started": started, "host": host(), "heartbeat": time.time()}
    write_status(run.folder, Status(**{**read_status(run.folder).model_dump(), **fresh}))
    run_worker(run.folder)


def _mark_checkpoints(recorder: Recorder, run: Run) -> None:
    """Say of each checkpoint that it is there, once it was saved; ask the run to stop after the second."""
    save = loop.save_checkpoint
    saved = 0

    def save_and_mark(folder: Path, *arguments: object) -> None:
        nonlocal saved
        save(folder, *arguments)
        saved += 1
        recorder.mark(f"checkpoint {max(child.name for child in (run.folder / CHECKPOINTS_FOLDER).glob('[0-9]*'))}")
        if saved == 2:
            (run.folder / STOP_FILE).touch()

    loop.save_checkpoint = save_and_mark


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
