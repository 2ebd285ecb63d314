"""Every writer of a run's life is refused once: it goes on or says why it ended, and in the end nothing is missing."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from allcore.installation import PROJECT
from allcore.runs.folder.files import (
    CONFIG_FILE,
    ENVIRONMENT_FILE,
    FORMER_UNFINISHED,
    METRICS_FILE,
    PREDICTIONS_FILE,
    SERVED_FILE,
    SPLIT_FILE,
)
from allcore.runs.folder.store import RunStore
from allcore.writing import unfinished
from tests.damaged import TIMES

ERRORS = [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO]
FEWEST_WRITERS = 15
WRITTEN = (CONFIG_FILE, SPLIT_FILE, ENVIRONMENT_FILE, METRICS_FILE, PREDICTIONS_FILE, SERVED_FILE)


@pytest.mark.process
@pytest.mark.skipif(TIMES == 1, reason="trains for a minute or two: make soak does")
@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
def test_a_disk_that_refuses_every_writer_once_costs_nothing_that_was_promised(error, smears: Path, tmp_path: Path):
    workspace = tmp_path / "workspace"
    command = [sys.executable, "-m", "tests.full_disks.train", smears, workspace, str(error)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert len(said["refused"]) >= FEWEST_WRITERS, said["refused"]

    for attempt in said["attempts"][:-1]:
        assert os.strerror(error) in attempt["error"] or attempt["state"] == "interrupted", attempt
    assert said["attempts"][-1]["state"] == "succeeded", said
    (run,) = RunStore(workspace / "runs").runs()
    assert len(run.history().epochs) == run.config.epochs
    assert set(run.predictions()["split"]) == {"validation", "test"}
    assert all((run.folder / name).stat().st_size for name in WRITTEN)
    assert unfinished(run.folder, FORMER_UNFINISHED) == []
