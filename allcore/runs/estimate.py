"""What a run will take before it is launched: memory from the plan, time from how fast images are trained on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from allcore.config import TrainConfig
from allcore.data.splits.split import Split
from allcore.errors import RunError
from allcore.hardware import Devices, HardwarePlan, normalised_in_parts, plan_hardware
from allcore.runs.folder.files import PREDICTIONS_FILE, STATUS_FILE
from allcore.runs.folder.status import Status
from allcore.runs.folder.store import Run

_VALIDATION_SPEEDUP = 3.0
"""About how many times faster images are scored than trained on: a forward pass without its backward pass."""

FINISHING_SECONDS, FINISHING_SHARE = 15.0, 0.3
"""What follows the last epoch takes about so many seconds, and for each image this share of its time in training."""
_SCORING_SECONDS = 1.0
"""Where the shortcut baselines took less, another run had scored them on the same split."""
PROCESS_BYTES = 1_300 * 2**20
"""About what a worker's process takes on a CPU besides its steps and images: libraries, the model, served graphs.

Measured: the most that runs on drawn and real images took, less their steps and images.
"""
_CELL_MAPS = 1 / 3
"""What the maps of the cells add to the decoded images, as a share: one byte a pixel beside red, green and blue."""

_COSTLY = (
    *("network", "image_size", "batch_size", "trainable_from", "trainable_to", "head", "dense_units", "optimizer"),
    "augment",
)
_COSTLY_HERE = (*_COSTLY, "device", "devices", "precision", "micro_batch_size", "dataset", "variant")


@dataclass(frozen=True)
class WholeRun:
    """Seconds of a whole run: before its first epoch, of an epoch with all that belongs to it, and after the last.

    `baselines` are those that the shortcut baselines take then, where they are not scored on the split yet. All are
    those of a run with so many `images` in train, validation and in all.
    """

    before: float
    epoch: float
    after: float
    baselines: float
    images: tuple[int, int, int]


@dataclass(frozen=True)
class Speed:
    """Images a second, where they are known from (a run's id, or `measured`), and if known memory and the whole.

    `memory_bytes` is the most that the process takes, results and all; on a GPU, what training takes there.
    """

    images_per_second: float
    source: str
    memory_bytes: int | None = None
    whole: WholeRun | None = None


@dataclass(frozen=True)
class Estimate:
    """What a run would take: its hardware plan and, when its speed is known, seconds for an epoch and for all.

    `image_bytes` are those of the decoded images, which the process maps into its memory.
    """

    config: TrainConfig
    plan: HardwarePlan
    speed: Speed | None
    seconds_per_epoch: float | None
    total_seconds: float | None
    image_bytes: int = 0

    @property
    def memory_bytes(self) -> int:
        """The most memory that the run takes: as it was measured, or of the steps and, on a CPU, process and images."""
        if self.speed is not None and self.speed.memory_bytes:
            return self.speed.memory_bytes
        if self.plan.kind != "cpu":
            return self.plan.estimated_memory
        images = self.image_bytes * (1 + _CELL_MAPS if self.config.augment.changes_fields else 1)
        return self.plan.estimated_memory + PROCESS_BYTES + int(images)

    @property
    def warning(self) -> str:
        """What is to be said of how the run would train on this machine; nothing where all machines train alike."""
        return normalised_in_parts(self.config, self.plan)


def estimate(
    config: TrainConfig,
    split: Split,
    devices: Devices,
    speed: Speed | None,
    *,
    scored: bool = False,
    image_bytes: int = 0,
) -> Estimate:
    """Return what a run of `config` on `split` would take; `scored` says that the split's baselines are kept.

    `image_bytes` are those of the decoded images.

    Raises `ConfigError` when a GPU is asked for and missing.
    """
    plan = plan_hardware(config, len(split.classes), devices)
    if speed is None:
        return Estimate(config, plan, None, None, None, image_bytes)
    train, validation = len(split.rows("train")), len(split.rows("validation"))
    if speed.whole is None:
        seconds = epoch_seconds(train, validation, speed.images_per_second)
        before = 0.0
    else:
        seconds = speed.whole.epoch * _work(train, validation) / _work(*speed.whole.images[:2])
        before = speed.whole.before
    total = before + config.epochs * seconds + after_seconds(len(split.table), speed, scored=scored)
    return Estimate(config, plan, speed, seconds, total, image_bytes)


def after_seconds(images: int, speed: Speed, *, scored: bool = False) -> float:
    """Return about how long what follows the training takes for so many images in all, `scored` as in `estimate`.

    Where no whole run is known, it is taken to be on the processor that trained.
    """
    if speed.whole is not None:
        whole = speed.whole
        return (whole.after + (0.0 if scored else whole.baselines)) * images / whole.images[2]
    return FINISHING_SECONDS + FINISHING_SHARE * images / speed.images_per_second


def epoch_seconds(train_images: int, validation_images: int, images_per_second: float) -> float:
    """Return the seconds that one epoch takes: training on some images and scoring others."""
    return _work(train_images, validation_images) / images_per_second


def former_speed(config: TrainConfig, device: str, runs: Iterable[Run]) -> Speed | None:
    """Return the speed of the first of `runs` that trained on `device` with steps as costly as those of `config`.

    `device` is a hardware plan's description: the same devices and the same precision. Runs that came to their end and
    scored the shortcut baselines come first, for they know what the whole takes, then others that came to their end.
    Memory is that of a run on the same images: it grows with their number.
    """
    wanted = [getattr(config, name) for name in _COSTLY]
    without_end: Speed | None = None
    without_baselines: Speed | None = None
    for run in runs:
        try:
            status = run.status()
            alike = status.device == device and [getattr(run.config, name) for name in _COSTLY] == wanted
            if not alike or not status.images_per_second:
                continue
            whole = _whole_of(run, status)
        except RunError:
            continue
        memory = status.peak_memory if _same_images(config, run.config) else None
        speed = Speed(status.images_per_second, run.id, memory, whole)
        if whole is None:
            without_end = without_end or speed
        elif whole.baselines < _SCORING_SECONDS:
            without_baselines = without_baselines or speed
        else:
            return speed
    return without_baselines or without_end


def _same_images(one: TrainConfig, other: TrainConfig) -> bool:
    return one.variant == other.variant and Path(one.dataset).resolve() == Path(other.dataset).resolve()


def _whole_of(run: Run, status: Status) -> WholeRun | None:
    """Return what the whole of a run took that went through in one go and recorded it; None of any other."""
    if status.state != "succeeded" or status.segment > 0 or status.started is None:
        return None
    ends = run.history().epochs.get("time")
    if ends is None or ends.isna().any() or len(ends) < 2:
        return None
    counts = run.split.table["split"].value_counts()
    after = max(0.0, status.heartbeat - float(ends.iloc[-1]))
    baselines = min(after, max(0.0, _written(run, STATUS_FILE) - _written(run, PREDICTIONS_FILE)))
    epoch = float(ends.diff().median())
    return WholeRun(
        before=max(0.0, float(ends.iloc[0]) - epoch - status.started),
        epoch=epoch,
        after=after - baselines,
        baselines=baselines,
        images=(int(counts["train"]), int(counts["validation"]), len(run.split.table)),
    )


def _written(run: Run, name: str) -> float:
    """Return when a file of a run was written, by the clock of the disk that holds it."""
    try:
        return (run.folder / name).stat().st_mtime
    except OSError as error:
        raise RunError(f"run {run.id}: its {name} cannot be looked at ({error.strerror})") from None


def _work(train_images: int, validation_images: int) -> float:
    """Return an epoch's work in images trained on."""
    return train_images + validation_images / _VALIDATION_SPEEDUP


def cost_key(config: TrainConfig) -> str:
    """Return a text that is the same for configurations whose steps take the same time on this machine."""
    return config.model_dump_json(include=set(_COSTLY_HERE))
