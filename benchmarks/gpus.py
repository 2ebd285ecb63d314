"""One epoch on each GPU there is, its loss curve held against the processor's, and its speed beside the peers'.

    python -m benchmarks.gpus        (make test-gpu)

It says so where there is no GPU, and fails where one trains otherwise than the processor, or not at all.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from allcore.config import make_config
from allcore.data.synthetic import SyntheticSpec, write_dataset
from allcore.hardware import nvidia_gpus
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.folder.states import ACTIVE
from allcore.workspace import Workspace

NO_GPU: Final = "NO GPU: nvidia-smi names none on this machine, so NOTHING WAS TRIED ON A GPU"
_VISIBLE: Final = "CUDA_VISIBLE_DEVICES"
_SIZE: Final = 96
_TOLERANCE: Final = 0.02
"""How far a step's loss may be from the processor's, as a part of it: GPUs round products to TF32."""


class Epoch(NamedTuple):
    """The loss of each step of an epoch, images a second, and what it was trained on."""

    losses: tuple[float, ...]
    images_per_second: float
    device: str


def main() -> int:
    """Try each GPU and return the exit status: 0 where all are as they should be, or there is none."""
    gpus = nvidia_gpus()
    if not gpus:
        print(f"{NO_GPU}\n", flush=True)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        data, wrong = Path(scratch, "drawn"), 0
        write_dataset(data, SyntheticSpec(images_per_class=100, image_size=_SIZE))
        expected = one_epoch(Path(scratch, "cpu"), data, device="cpu", precision="float32")
        print(f"{expected.device}: {expected.images_per_second:.4g} images/s in float32", flush=True)
        for number, gpu in enumerate(gpus):
            with _seen_alone(gpu.uuid or str(number)):
                folder = Path(scratch, f"gpu-{number}")
                if not _is_as_expected(f"GPU {number}", folder, data, expected):
                    wrong += 1
                    continue
                subprocess.run([sys.executable, "-m", "benchmarks", f"training-{_SIZE}", "--data", data], check=False)
    return 1 if wrong else 0


def one_epoch(folder: Path, data: Path, **fields: Any) -> Epoch:  # noqa: ANN401 - of any field of a configuration
    """Train an epoch of the paper's network in a run of its own. Raises `RuntimeError` when it does not succeed."""
    executor = LocalExecutor(Workspace(folder))
    config = make_config(dataset=str(data), image_size=_SIZE, epochs=1, weights="random", **fields)
    run = executor.submit(config)
    while run.status().state in ACTIVE:
        time.sleep(0.2)
    status = run.status()
    if status.state != "succeeded":
        raise RuntimeError(f"training on {fields} is {status.state}: {status.error}\n{run.log_tail()}")
    history = run.history()
    return Epoch(tuple(history.batches["loss"]), float(history.epochs["images_per_second"].iloc[0]), status.device)


def furthest(losses: Sequence[float], expected: Sequence[float]) -> float:
    """Return how far a loss curve is from another at the most, as a part of that one; infinitely where one is longer.

    A loss that is no number is infinitely far.
    """
    if len(losses) != len(expected):
        return float("inf")
    parts = [abs(loss - other) / other for loss, other in zip(losses, expected, strict=True)]
    return max((part if part == part else float("inf") for part in parts), default=float("inf"))  # NaN is not itself


def _is_as_expected(label: str, folder: Path, data: Path, expected: Epoch) -> bool:
    """Train on the GPU that is seen, print how that went, and return whether its loss curve is the processor's."""
    try:
        exact = one_epoch(folder, data, device="gpu", precision="float32")
        usual = one_epoch(folder, data, device="gpu")
    except RuntimeError as error:
        print(f"{label}: {error}", flush=True)
        return False
    apart = furthest(exact.losses, expected.losses)
    same = apart <= _TOLERANCE
    print(
        f"{label}: {exact.device}: {exact.images_per_second:.4g} images/s in float32, loss curve "
        f"{'as' if same else 'NOT AS'} the processor's ({apart:.2%} apart at the most, {_TOLERANCE:.0%} allowed)\n"
        f"{label}: {usual.device}: {usual.images_per_second:.4g} images/s as runs are trained",
        flush=True,
    )
    return same


@contextmanager
def _seen_alone(gpu: str) -> Iterator[None]:
    before = os.environ.get(_VISIBLE)
    os.environ[_VISIBLE] = gpu
    try:
        yield
    finally:
        if before is None:
            del os.environ[_VISIBLE]
        else:
            os.environ[_VISIBLE] = before


if __name__ == "__main__":
    sys.exit(main())
