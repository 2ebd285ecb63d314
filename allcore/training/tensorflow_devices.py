"""This machine's devices as TensorFlow sees them."""

from __future__ import annotations

from contextlib import suppress

import tensorflow as tf

from allcore.errors import DevicesUnknownError
from allcore.hardware import Devices, Gpu, cpu_has_avx2_alone, cpu_is_faster_in_bfloat16, cpu_slots, nvidia_gpus
from allcore.memory import available_memory
from allcore.processors import processors


def tensorflow_devices() -> Devices:
    """Return this machine's devices, and let TensorFlow take GPU memory only as it grows.

    Raises `ConfigError` where ALLCORE_CPU_SLOTS is no number of runs.
    """
    memory: dict[str, int | None] = {}
    with suppress(DevicesUnknownError):
        memory = {gpu.name: gpu.memory for gpu in nvidia_gpus()}  # TensorFlow does not say how much a GPU has
    gpus = []
    for device in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(device, enable=True)
        details = tf.config.experimental.get_device_details(device)
        name = details.get("device_name", device.name)
        gpus.append(Gpu(name, details.get("compute_capability"), memory.get(name)))
    return Devices(
        cores=processors(),
        cpu_bfloat16=cpu_is_faster_in_bfloat16(),
        memory=available_memory() // cpu_slots(),
        gpus=tuple(gpus),
        cpu_avx2_alone=cpu_has_avx2_alone(),
    )
