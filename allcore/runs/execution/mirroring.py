"""Starting the process that mirrors a run to an MLflow server, where MLFLOW_TRACKING_URI names one."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

TRACKING_VARIABLE: Final = "MLFLOW_TRACKING_URI"
_LAST_SECONDS = 30.0


def start_mirroring(folder: Path) -> subprocess.Popen[bytes] | None:
    """Start the exporter of a run or study, which outlives this process; None where no server is named."""
    if not os.environ.get(TRACKING_VARIABLE, "").strip():
        return None
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "allcore", "mlflow", "follow", str(folder)],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:  # no process can be had: the run goes on, `mlflow sync` mirrors it later
        print(f"MLflow: the exporter cannot be started ({error})", file=sys.stderr)
        return None


def leave_time_to(exporter: subprocess.Popen[bytes] | None) -> None:
    """Wait for what is sent last, half a minute at the most: a scheduler ends the exporter together with the job."""
    if exporter is not None:
        with suppress(subprocess.TimeoutExpired):
            exporter.wait(_LAST_SECONDS)
