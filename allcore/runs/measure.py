"""Measuring how fast a configuration trains, without a run: a few steps in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from allcore.config import TrainConfig
from allcore.errors import RunError
from allcore.runs.estimate import Speed, WholeRun
from allcore.runs.execution.executor import worker_environment
from allcore.runs.execution.preflight import require_training
from allcore.runs.folder.files import CONFIG_FILE
from allcore.workspace import Workspace

TIMEOUT_SECONDS = 600.0
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Measurement:
    """What a few steps say of a run: its speed, its seconds, its memory in bytes, and the device that it would have.

    `images` counts those of train, validation and all.
    """

    images_per_second: float
    before_seconds: float
    seconds_per_epoch: float
    after_seconds: float
    baseline_seconds: float
    total_seconds: float
    images: tuple[int, int, int]
    memory_bytes: int
    device: str

    def speed(self) -> Speed:
        """Return the measurement as what runs are estimated from."""
        whole = WholeRun(
            self.before_seconds, self.seconds_per_epoch, self.after_seconds, self.baseline_seconds, self.images
        )
        return Speed(self.images_per_second, "measured", self.memory_bytes, whole)

    def to_json(self) -> str:
        """Return the measurement as one line of JSON."""
        return json.dumps(asdict(self))


def measure(
    config: TrainConfig,
    workspace: Workspace,
    timeout: float = TIMEOUT_SECONDS,
    while_waiting: Callable[[], None] = lambda: None,
) -> Measurement:
    """Train a few steps of `config` in a process of their own, keep nothing of them, and return what they took.

    `while_waiting` is called several times a second; when it raises, as when this process ends, the other is ended.
    Raises `RunError` when no device is free, when the steps fail, or when they take longer than `timeout` seconds,
    `InputError` where TensorFlow is not installed.
    """
    require_training()
    with TemporaryDirectory() as folder:
        file = Path(folder) / CONFIG_FILE
        file.write_text(config.to_json(), encoding="utf-8")
        done = _run([sys.executable, "-m", "allcore", "measure", str(file)], workspace, timeout, while_waiting)
    if done.returncode != 0:
        raise RunError(_reason(done))
    found = json.loads(done.stdout.splitlines()[-1])
    return Measurement(**{**found, "images": tuple(found["images"])})


def _run(
    command: list[str], workspace: Workspace, timeout: float, while_waiting: Callable[[], None]
) -> subprocess.CompletedProcess[str]:
    """Return what a process said whose standard input is open for as long as it is wanted."""
    watched, held = os.pipe()  # the system closes the held end when this process ends, in whatever way
    deadline = time.monotonic() + timeout
    environment = worker_environment(workspace)
    try:
        with subprocess.Popen(
            command, stdin=watched, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        ) as process:
            try:
                while time.monotonic() < deadline:
                    with suppress(subprocess.TimeoutExpired):
                        said = process.communicate(timeout=_LOOK_SECONDS)
                        return subprocess.CompletedProcess(command, process.returncode, *said)
                    while_waiting()
            finally:
                process.kill()
    finally:
        os.close(watched)
        os.close(held)
    raise RunError(f"a few steps took longer than {timeout:g} seconds; try a smaller image size")


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode < 0:
        return (
            f"measuring was ended by signal {-done.returncode}, most likely because memory ran out: "
            "try a smaller image size, batch size or micro-batch size"
        )
    said = [line for line in done.stderr.splitlines() if line.strip()]
    last = said[-1] if said else f"exit status {done.returncode}"
    return f"the steps failed: {last.removeprefix('error: ').removeprefix('fault: ')}"
