"""Measuring how fast a configuration trains, without a run: a few steps in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from allcore.config import TrainConfig
from allcore.errors import RunError
from allcore.runs.executor import worker_environment
from allcore.workspace import Workspace

TIMEOUT_SECONDS = 600.0


@dataclass(frozen=True)
class Measurement:
    """What a few steps say of a run: its speed, its seconds, its memory in bytes, and the device that it would have."""

    images_per_second: float
    seconds_per_epoch: float
    total_seconds: float
    memory_bytes: int
    device: str

    def to_json(self) -> str:
        """Return the measurement as one line of JSON."""
        return json.dumps(asdict(self))


def measure(config: TrainConfig, workspace: Workspace, timeout: float = TIMEOUT_SECONDS) -> Measurement:
    """Train a few steps of `config` in a process of their own, keep nothing of them, and return what they took.

    Raises `RunError` when a run has the device, when the steps fail, or when they take longer than `timeout` seconds.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "config.json"
        file.write_text(config.to_json(), encoding="utf-8")
        command = [sys.executable, "-m", "allcore", "measure", str(file)]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
                env=worker_environment(workspace),
            )
        except subprocess.TimeoutExpired:
            raise RunError(f"a few steps took longer than {timeout:g} seconds; try a smaller image size") from None
    if done.returncode != 0:
        raise RunError(_reason(done))
    return Measurement(**json.loads(done.stdout.splitlines()[-1]))


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode < 0:
        return (
            f"measuring was ended by signal {-done.returncode}, most likely for want of memory: "
            "try a smaller image size, batch size or micro-batch size"
        )
    said = [line for line in done.stderr.splitlines() if line.strip()]
    last = said[-1] if said else f"exit status {done.returncode}"
    return f"the steps failed: {last.removeprefix('error: ').removeprefix('fault: ')}"
