"""The worker: one process that carries out one run, from its folder alone.

It imports TensorFlow only once it holds the device, so that a queued run costs no more than a plain Python process.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

from allcore.errors import InputError, RunError
from allcore.runs.lease import device_lease
from allcore.runs.process import own_identity
from allcore.runs.status import STOP_FILE, Status, read_status, write_status

_LAUNCHER_SECONDS = 5.0


class StopSignal:
    """Whether the run was asked to stop: by its request file, or by SIGTERM."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / STOP_FILE
        self._terminated = False
        signal.signal(signal.SIGTERM, self._on_signal)

    def __call__(self) -> bool:
        """Return whether to stop."""
        return self._terminated or self._file.exists()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._terminated = True


def run_worker(folder: Path) -> int:
    """Carry out the run in `folder` and return the process's exit status: 0 done or stopped, 1 failed, 2 refused."""
    try:
        with FileLock(folder / ".worker.lock", timeout=0):
            return _work(folder)
    except Timeout:
        print(f"run {folder.name} already has a worker", file=sys.stderr)
        return 2
    except RunError as error:
        print(error, file=sys.stderr)
        return 2


def _work(folder: Path) -> int:
    stop = StopSignal(folder)
    status = _take_over(folder)
    with device_lease(folder.parent, folder.name, status.queued_at, stop) as leased:
        if not leased:
            _end(folder, "cancelled")
            return 0
        try:
            return _train(folder, status, stop)
        except InputError as error:
            print(error, file=sys.stderr)
            _end(folder, "failed", str(error))
        except MemoryError:
            _end(folder, "failed", "out of memory: use a smaller image size, batch size or micro-batch size")
        except Exception as error:
            traceback.print_exc()
            _end(folder, "failed", _one_line(error))
        return 1


def _train(folder: Path, status: Status, stop: StopSignal) -> int:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from allcore.training.session import carry_out  # TensorFlow comes in here

    finished = carry_out(folder, status, stop)
    _end(folder, "succeeded" if finished else "cancelled")
    return 0


def _take_over(folder: Path) -> Status:
    """Wait until the launcher has recorded this process, or record it where there was no launcher."""
    pid, started = own_identity()
    deadline = time.monotonic() + _LAUNCHER_SECONDS
    status = read_status(folder)
    while status.pid != pid and time.monotonic() < deadline:
        time.sleep(0.02)
        status = read_status(folder)
    segment = status.segment + 1 if (folder / "environment.json").exists() else status.segment
    taken = status.model_copy(
        update={
            "state": "queued", "pid": pid, "process_started": started, "heartbeat": time.time(),
            "segment": segment, "phase": "waiting for the device",
        }
    )  # fmt: skip
    write_status(folder, taken)
    return taken


def _end(folder: Path, state: str, error: str = "") -> None:
    """Write the last status; should the disk refuse it, the run reads as interrupted, which it then is."""
    try:
        status = read_status(folder)
        update = {"state": state, "error": error, "phase": "", "eta_seconds": None, "heartbeat": time.time()}
        write_status(folder, status.model_copy(update=update))
    except (OSError, RunError):
        traceback.print_exc()
    (folder / STOP_FILE).unlink(missing_ok=True)


def _one_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    if type(error).__name__ == "ResourceExhaustedError":
        return "the device ran out of memory: use a smaller image size, batch size or micro-batch size"
    return f"{type(error).__name__}: {text[0] if text else 'no message'}; the whole message stands in worker.log"
