"""`train --plan`: what a run would take, by an earlier run or a few steps, with nothing launched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from allcore.cli.kit.output import print_json, progress_bar, say
from allcore.number_text import duration, memory
from allcore.reporting.estimate_words import division, memory_source, speed_source
from allcore.text import counted

if TYPE_CHECKING:
    from allcore.config import TrainConfig
    from allcore.data.splits.split import Split
    from allcore.runs.estimate import Estimate
    from allcore.workspace import Workspace


def show_plan(config: TrainConfig, workspace: Workspace, *, measured: bool, json: bool) -> None:
    """Say, or print as JSON, the images, the time, the memory and the device of a run; `measured` by a few steps."""
    split, found = _plan(config, workspace, measured)
    if json:
        print_json(_plan_json(split, found))
        return
    parts = {part: len(split.rows(part)) for part in ("train", "validation", "test")}
    say(f"{counted(sum(parts.values()), 'image')}: " + ", ".join(f"{count} {part}" for part, count in parts.items()))
    about = f"about {duration(found.total_seconds)} ({speed_source(found)})"
    say(f"time: {'not known; --measure trains a few steps to tell' if found.speed is None else about}")
    say(f"memory: about {memory(found.memory_bytes)} ({memory_source(found)})")
    say(f"images at once: {found.plan.micro_batch_size} ({division(found)})")
    say(f"device: {found.plan.description}")
    if found.warning:
        say(f"warning: {found.warning}")


def _plan(config: TrainConfig, workspace: Workspace, measured: bool) -> tuple[Split, Estimate]:
    """Return a run's split, and what it would take.

    Raises `InputError` where it could not be launched, `RunError` where it cannot be measured.
    """
    from allcore.data.catalog import scan
    from allcore.data.decoded import decoded_bytes
    from allcore.evaluation.shortcuts import cached_shortcuts
    from allcore.hardware import system_devices
    from allcore.runs.estimate import estimate, former_speed
    from allcore.runs.execution.choose_executor import open_executor
    from allcore.runs.execution.preflight import prepare
    from allcore.runs.folder.store import RunStore
    from allcore.runs.measure import measure

    open_executor(workspace).check(config)
    with progress_bar("reading the dataset") as progress:
        resolved, split = prepare(config, workspace.cache, progress, workspace.judgements)
    devices, images = system_devices(), scan(Path(resolved.dataset), workspace.cache)
    image_bytes = decoded_bytes(images.trainable_images(resolved.variant))
    scored = cached_shortcuts(split, workspace.cache) is not None
    device = estimate(resolved, split, devices, None).plan.description
    speed = (
        measure(resolved, workspace).speed()
        if measured
        else former_speed(resolved, device, RunStore(workspace.runs).runs())
    )
    return split, estimate(resolved, split, devices, speed, scored=scored, image_bytes=image_bytes)


def _plan_json(split: Split, found: Estimate) -> dict[str, Any]:
    return {
        "images": {part: len(split.rows(part)) for part in ("train", "validation", "test")},
        "total_seconds": found.total_seconds, "seconds_per_epoch": found.seconds_per_epoch,
        "images_per_second": None if found.speed is None else found.speed.images_per_second,
        "known_from": None if found.speed is None else found.speed.source,
        "memory_bytes": found.memory_bytes, "micro_batch_size": found.plan.micro_batch_size,
        "device": found.plan.description, "warnings": [found.warning] if found.warning else [],
    }  # fmt: skip
