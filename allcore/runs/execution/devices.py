"""The devices of this machine that runs take turns on: its GPUs, and places on its processor."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from allcore.config import TrainConfig
from allcore.errors import ConfigError, DevicesUnknownError
from allcore.hardware import VISIBLE_GPUS, Gpu, cpu_slots, nvidia_gpus
from allcore.runs.folder.process import host

_ORDER = "CUDA_DEVICE_ORDER"
_PART = "MIG-"


@dataclass(frozen=True)
class Device:
    """A GPU, or a place on the processor: its number among those of its kind, and what it is called.

    `identity` is the same for every process that may use it, and another's on every other machine. `strength` is the
    CUDA compute capability (major, minor) and the memory in bytes of a GPU, zeros where they are not known.
    """

    kind: Literal["gpu", "cpu"]
    number: int
    identity: str
    name: str = ""
    strength: tuple[int, int, int] = (0, 0, 0)

    @property
    def label(self) -> str:
        """The device in a few words."""
        return f"{self.kind.upper()} {self.number}"


def devices_here() -> tuple[Device, ...]:
    """Return the GPUs that NVIDIA's tool lists, of which CUDA_VISIBLE_DEVICES may leave some out, and the processor.

    Parts of GPUs (MIG-…) are those that the variable names: the tool's list is of whole ones. The processor is one
    device, or as many as ALLCORE_CPU_SLOTS says. Raises `ConfigError` where that is no number, or a number in
    CUDA_VISIBLE_DEVICES may be one GPU for the tool and another for CUDA, and `DevicesUnknownError` where the tool does
    not answer.
    """
    listed = nvidia_gpus()
    _check_numbers(listed)
    gpus = [
        Device("gpu", number, gpu.uuid or f"{host()}-{number}", gpu.name, _strength(gpu))
        for number, gpu in enumerate(listed)
        if _is_visible(number, gpu)
    ]
    parts = enumerate(_named_parts(), start=max((gpu.number for gpu in gpus), default=-1) + 1)
    gpus += [Device("gpu", number, part, "part of a GPU") for number, part in parts]
    places = [Device("cpu", number, f"{host()}-{number}") for number in range(cpu_slots())]
    return (*gpus, *places)


def suitable(config: TrainConfig, here: tuple[Device, ...]) -> tuple[Device, ...]:
    """Return the devices of a machine that a run may have, any `config.devices` of them, the strongest GPUs first.

    Raises `ConfigError` where there are fewer.
    """
    gpus = tuple(sorted((one for one in here if one.kind == "gpu"), key=lambda gpu: gpu.strength, reverse=True))
    if config.devices > max(1, len(gpus)):
        raise ConfigError(f"devices: {config.devices} GPUs were asked for, and this machine has {len(gpus)} for runs")
    return gpus if gpus and config.device != "cpu" else tuple(device for device in here if device.kind == "cpu")


def see_only(devices: tuple[Device, ...]) -> None:
    """Let this process see no GPU but these; TensorFlow takes all that it sees, so this must come before it."""
    gpus = [device for device in devices if device.kind == "gpu"]
    if gpus or _may_have_gpus():  # GPUs of which NVIDIA's tool, if there is one, tells nothing are left as they are
        os.environ[VISIBLE_GPUS] = ",".join(_cuda_name(gpu) for gpu in gpus) or "-1"


def take_given(config: TrainConfig, executor: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what the devices are called that a scheduler gave this process, and what is to be warned of.

    Its machine may have GPUs that other jobs were given: what it was not given is hidden from it.
    """
    try:
        gpus = tuple(device.label for device in devices_here() if device.kind == "gpu")
    except ConfigError:  # which GPUs the names mean CUDA alone knows, or the tool does not answer
        gpus = ("GPU",)
    if gpus and _names() is not None:
        return gpus, ()
    see_only(())
    warns = gpus and config.device != "cpu"
    return ("CPU",), (_not_given(len(gpus), executor),) if warns else ()


def _not_given(gpus: int, executor: str) -> str:
    there = "a GPU is" if gpus == 1 else f"{gpus} GPUs are"
    to_do = "(ray.gpus)"
    if executor == "slurm":
        to_do = (
            "(slurm.gpu), or, where Slurm does not manage GPUs and the job has its machine to itself, name one in "
            f"slurm.lines: export {VISIBLE_GPUS}=0"
        )
    return (
        f"{there} there, and {executor.capitalize()} gave the run none, so the processor trains: ask for one in "
        f"cluster.json {to_do}"
    )


def _may_have_gpus() -> bool:
    try:
        return bool(nvidia_gpus())
    except DevicesUnknownError:
        return True


def _cuda_name(gpu: Device) -> str:
    return gpu.identity if gpu.identity.startswith(("GPU-", _PART)) else str(gpu.number)


def _names() -> list[str] | None:
    """Return what CUDA_VISIBLE_DEVICES names, each once; None where it is not set and all GPUs are visible."""
    allowed = os.environ.get(VISIBLE_GPUS)
    return None if allowed is None else list(dict.fromkeys(name.strip() for name in allowed.split(",")))


def _check_numbers(listed: tuple[Gpu, ...]) -> None:
    """Raise `ConfigError` where GPUs are named by numbers that mean others to CUDA, which counts the fastest first."""
    numbers = [name for name in _names() or () if name.isdecimal()]
    if numbers and len({gpu.name for gpu in listed}) > 1 and os.environ.get(_ORDER) != "PCI_BUS_ID":
        raise ConfigError(
            f"{VISIBLE_GPUS}: this machine's GPUs differ, and the number {numbers[0]} can mean either of two; name "
            f"GPUs by their UUIDs (nvidia-smi -L lists them), or set {_ORDER}=PCI_BUS_ID"
        )


def _strength(gpu: Gpu) -> tuple[int, int, int]:
    return (*(gpu.compute_capability or (0, 0)), gpu.memory or 0)


def _named_parts() -> list[str]:
    return [name for name in _names() or () if name.startswith(_PART)]


def _is_visible(number: int, gpu: Gpu) -> bool:
    names = _names()
    if names is None:
        return True
    return str(number) in names or any(name.startswith("GPU-") and gpu.uuid.startswith(name) for name in names)
