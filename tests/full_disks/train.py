"""Trains a tiny network on a disk that refuses every writer once: `python -m … DATASET WORKSPACE ERROR_NUMBER`.

Whatever ends is begun again, as its user would. Prints as JSON who was refused, and how every attempt ended.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from allcore.config import make_config
from allcore.errors import InputError
from allcore.runs.execution.preflight import prepare
from allcore.runs.folder.process import host, own_identity
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.status import Status, read_status, write_status
from allcore.runs.folder.store import Run, RunStore
from allcore.training import wait_for_room
from allcore.training.worker import run_worker
from allcore.workspace import Workspace
from tests.conftest import TINY
from tests.full_disks.failing import FailingDisk

MOST_ATTEMPTS = 60


def main(dataset: str, workspace: Path, error: int) -> None:
    """Launch until a run is there, work until it has succeeded, and print what happened on the way."""
    os.environ["ALLCORE_WORKSPACE"] = str(workspace)
    wait_for_room._PAUSE_SECONDS = 0  # it is tried again at once: there is room by then
    space, disk, attempts = Workspace(workspace), FailingDisk(workspace, error), []
    config = make_config(dataset=dataset, **TINY, epochs=2, optimizer="sgd", checkpoint_minutes=0.001)
    workspace.mkdir()
    run: Run | None = None
    with disk.failing():
        while len(attempts) < MOST_ATTEMPTS and (run is None or run.status().state != "succeeded"):
            try:
                if run is None:
                    run = RunStore(space.runs).create(*prepare(config, space.cache))
                _work(run)
                status = run.status()
                state = "interrupted" if status.state in ACTIVE else status.state  # for its worker would be gone
                attempts.append({"state": state, "error": status.error, "warnings": status.warnings})
            except (InputError, OSError) as raised:
                attempts.append({"state": type(raised).__name__, "error": str(raised), "warnings": []})
    print(json.dumps({"refused": disk.refused, "attempts": attempts}))


def _work(run: Run) -> None:
    """Carry the run out in this process, as its launcher would have it done in one of its own."""
    pid, started = own_identity()
    fresh = {"state": "queued", "pid": pid, "process_started": started, "host": host(), "heartbeat": time.time()}
    write_status(run.folder, Status(**{**read_status(run.folder).model_dump(), **fresh}))
    run_worker(run.folder)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
