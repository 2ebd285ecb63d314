"""The hardware plan: what to train on and how, decided by looking; nothing here needs TensorFlow."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from allcore.config import TrainConfig
from allcore.errors import ConfigError, DevicesUnknownError
from allcore.installation import command_that_adds
from allcore.memory import available_memory
from allcore.processors import processors

CPU_SLOTS = "ALLCORE_CPU_SLOTS"
VISIBLE_GPUS = "CUDA_VISIBLE_DEVICES"

_ACTIVATION_COPIES = 2.0
"""Forward values and their gradients; with it the estimate is within a fifth of what was measured at 300 px."""

_PRODUCTS_COPIES = 0.9
"""More of them where kernels' gradients are matrix products, as measured at 150 px."""

_MEMORY_SHARE = 0.8
"""Part of a device's memory that a batch may take; the rest is for workspaces and fragmentation."""

_TOOL_SECONDS = 30.0


@dataclass(frozen=True)
class Gpu:
    """One GPU: name, CUDA compute capability (major, minor), memory in bytes (None when unknown), and its UUID."""

    name: str
    compute_capability: tuple[int, int] | None
    memory: int | None
    uuid: str = ""


@dataclass(frozen=True)
class Devices:
    """What the machine has: CPU cores, whether they are faster in bfloat16, memory in bytes for a run, and its GPUs.

    `cpu_avx2_alone`: the CPU has AVX2 and no AVX-512.
    """

    cores: int
    cpu_bfloat16: bool
    memory: int
    gpus: tuple[Gpu, ...] = ()
    cpu_avx2_alone: bool = False


@dataclass(frozen=True)
class HardwarePlan:
    """How a run uses the machine: device kind and count, Keras dtype policy, XLA, images at once on each device.

    `kernel_products`: the gradients of 3×3 kernels are matrix products.
    """

    kind: str
    replicas: int
    precision: str
    jit: bool
    micro_batch_size: int
    estimated_memory: int
    description: str
    kernel_products: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain values."""
        return asdict(self)


def plan_hardware(config: TrainConfig, classes: int, devices: Devices) -> HardwarePlan:
    """Return the plan for `config` on `devices`.

    GPU: mixed bfloat16 from compute capability 8.0, mixed float16 from 7.0, else float32; XLA on. CPU: mixed bfloat16
    where the processor has AMX for it, else float32; XLA off, because it makes these convolutions slower there; with
    AVX2 alone, matrix products for the gradients of kernels, where what they take fits too. A batch that does not fit
    is divided into micro-batches; `normalised_in_parts` says where that changes the step. Raises `ConfigError` when a
    GPU is asked for and missing.
    """
    if config.device == "gpu" and not devices.gpus:
        raise ConfigError(
            f"device: gpu was asked for and TensorFlow sees none; install a driver and TensorFlow with CUDA "
            f"({command_that_adds('gpu')}), or use device auto or cpu"
        )
    gpus = devices.gpus[: config.devices] if config.device != "cpu" else ()
    replicas = max(1, len(gpus))
    precision = config.precision if config.precision != "auto" else _precision(gpus, devices)
    memory = _smallest_memory(gpus, devices)
    share = math.ceil(config.batch_size / replicas)
    micro = config.micro_batch_size or _largest_that_fits(config, classes, precision, share, memory)
    micro = min(micro, share)
    products = (
        not gpus
        and devices.cpu_avx2_alone
        and precision == "float32"
        and estimate_memory(config, classes, precision, micro, products=True) <= _MEMORY_SHARE * devices.memory
    )
    return HardwarePlan(
        kind="gpu" if gpus else "cpu",
        replicas=replicas,
        precision=precision,
        jit=bool(gpus),
        micro_batch_size=micro,
        estimated_memory=estimate_memory(config, classes, precision, micro, products=products),
        description=_describe(gpus, devices, precision),
        kernel_products=products,
    )


def estimate_memory(config: TrainConfig, classes: int, precision: str, images: int, *, products: bool = False) -> int:
    """Return about how many bytes a training step with `images` at once takes on a device.

    Weights, gradients and Adam's two moments in float32, plus every layer's values and their gradients; with
    `products`, what the largest layer's are copied to for its kernel's gradient.
    """
    bytes_per_value = 4 if precision == "float32" else 2
    weights = 16 * config.parameter_count(classes)
    copies = _ACTIVATION_COPIES + (_PRODUCTS_COPIES if products else 0.0)
    return int(weights + images * config.trunk.activations(config.image_size) * bytes_per_value * copies)


def normalised_in_parts(config: TrainConfig, plan: HardwarePlan) -> str:
    """Return what is to be said where memory, and not the user, decides over how many images a trunk normalises.

    An empty text where it does not: training is then the same on every machine.
    """
    images, batch = plan.micro_batch_size, config.batch_size
    if not config.trunk.batch_normalised or config.micro_batch_size is not None or images * plan.replicas >= batch:
        return ""
    return (
        f"{config.trunk.title} normalises {images} images at a time instead of the whole batch of {batch}, because no "
        "more fit into memory: with more or less memory the run would train otherwise. Set batch_size or "
        f"micro_batch_size to {images}, so that it is the same on every machine"
    )


def set_before_tensorflow() -> None:
    """Choose what TensorFlow reads from the environment as it is imported; what is set there already stays.

    It takes oneDNN's kernels by itself only where a processor has AVX-512 VNNI or more. Without those, too, VGG16's
    steps take a quarter less time with them, ResNet50's half (docs/performance.md).
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def cpu_is_faster_in_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Return whether the processor multiplies matrices of bfloat16 (amx_bf16); False where nothing says so.

    With the vectors of avx512_bf16 alone a step takes 1.4 to 2.4 times as long as in float32 (docs/performance.md).
    """
    return "amx_bf16" in _cpu_flags(cpuinfo)


def cpu_has_avx2_alone(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Return whether the processor has AVX2 and no AVX-512; False where nothing says so."""
    return {"avx2", "avx512f"} & _cpu_flags(cpuinfo) == {"avx2"}


def _cpu_flags(cpuinfo: Path) -> set[str]:
    try:
        return set(cpuinfo.read_text(encoding="utf-8").split())
    except OSError:
        return set()


def cpu_slots() -> int:
    """Return how many runs share the processor: 1, or what ALLCORE_CPU_SLOTS says.

    Raises `ConfigError` where that is no number from 1 to four times the number of processors.
    """
    said = os.environ.get(CPU_SLOTS, "").strip() or "1"
    if not said.isdecimal() or not 1 <= int(said) <= processors() * 4:
        raise ConfigError(f"{CPU_SLOTS}: expected how many runs share the processor, from 1, received {said!r:.40}")
    return int(said)


def system_devices() -> Devices:
    """Return this machine's devices as the system tells them; whether TensorFlow can use a GPU, only a worker knows."""
    slots = 1
    gpus: tuple[Gpu, ...] = ()
    with suppress(ConfigError):  # no run begins then
        slots = cpu_slots()
    with suppress(DevicesUnknownError):  # nor then
        gpus = nvidia_gpus()
    return Devices(
        cores=processors(),
        cpu_bfloat16=cpu_is_faster_in_bfloat16(),
        memory=available_memory() // slots,
        gpus=gpus,
        cpu_avx2_alone=cpu_has_avx2_alone(),
    )


def nvidia_gpus() -> tuple[Gpu, ...]:
    """Return the NVIDIA GPUs in the order of the driver's own tool; none where that tool is missing or fails.

    It is not asked where CUDA_VISIBLE_DEVICES hides all GPUs. Raises `DevicesUnknownError` where it does not answer:
    there may be GPUs, and other runs may have them.
    """
    tool = shutil.which("nvidia-smi")
    if tool is None or os.environ.get(VISIBLE_GPUS, "all").strip() in ("", "-1"):
        return ()
    command = [tool, "--query-gpu=uuid,name,compute_cap,memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_TOOL_SECONDS, check=False)
    except OSError:
        return ()
    except subprocess.TimeoutExpired:
        raise DevicesUnknownError(
            f"nvidia-smi did not answer within {_TOOL_SECONDS:.0f} s, so this machine's GPUs are not known: try again "
            "(nvidia-smi -pm 1 keeps the driver loaded, and answers sooner), or train on the processor with "
            "CUDA_VISIBLE_DEVICES=-1"
        ) from None
    return parse_nvidia_gpus(answer.stdout) if answer.returncode == 0 else ()


def parse_nvidia_gpus(lines: str) -> tuple[Gpu, ...]:
    """Return the GPUs that lines of uuid, name, compute capability and memory in MiB describe; "[N/A]" is unknown."""
    rows = [[*line.split(",", 1)[:1], *line.partition(",")[2].rsplit(",", 2)] for line in lines.splitlines()]
    return tuple(_parse_gpu(*map(str.strip, row)) for row in rows if len(row) == 4)


def _parse_gpu(uuid: str, name: str, capability: str, memory: str) -> Gpu:
    major, _, minor = capability.partition(".")
    return Gpu(
        name=name,
        compute_capability=(int(major), int(minor)) if major.isdigit() and minor.isdigit() else None,
        memory=int(memory) * 2**20 if memory.isdigit() else None,
        uuid=uuid,
    )


def _precision(gpus: tuple[Gpu, ...], devices: Devices) -> str:
    if not gpus:
        return "mixed_bfloat16" if devices.cpu_bfloat16 else "float32"
    capability = min(gpu.compute_capability or (0, 0) for gpu in gpus)
    if capability >= (8, 0):
        return "mixed_bfloat16"
    return "mixed_float16" if capability >= (7, 0) else "float32"


def _smallest_memory(gpus: tuple[Gpu, ...], devices: Devices) -> int | None:
    if not gpus:
        return devices.memory
    known = [gpu.memory for gpu in gpus if gpu.memory is not None]
    return min(known) if len(known) == len(gpus) else None


def _largest_that_fits(config: TrainConfig, classes: int, precision: str, share: int, memory: int | None) -> int:
    """Return the largest share / 2^k whose step fits, at least 1; the whole share when the memory is unknown."""
    images = share
    while (
        memory is not None
        and images > 1
        and estimate_memory(config, classes, precision, images) > _MEMORY_SHARE * memory
    ):
        images = math.ceil(images / 2)
    return images


def _describe(gpus: tuple[Gpu, ...], devices: Devices, precision: str) -> str:
    names = ", ".join(gpu.name for gpu in gpus) if gpus else f"CPU, {devices.cores} cores"
    return f"{names}, {precision}"
