"""The hardware plan follows from what the machine has."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import allcore
from allcore.config import make_config
from allcore.errors import ConfigError
from allcore.hardware import (
    Devices,
    Gpu,
    cpu_has_avx2_alone,
    cpu_is_faster_in_bfloat16,
    estimate_memory,
    parse_nvidia_gpus,
    plan_hardware,
    set_before_tensorflow,
    system_devices,
)
from allcore.memory import available_memory
from allcore.presets import PRESETS
from allcore.runs.execution.preflight import prepare
from allcore.runs.folder.store import RunStore

GIB = 2**30
PACKAGE = Path(allcore.__file__).parent
AMPERE = Gpu("A100", (8, 0), 40 * GIB)
TURING = Gpu("T4", (7, 5), 16 * GIB)
PASCAL = Gpu("GTX 1080", (6, 1), 8 * GIB)
AVX2 = Devices(cores=2, cpu_bfloat16=False, memory=24 * GIB, cpu_avx2_alone=True)


def machine(*gpus, bfloat16=True, memory=24 * GIB):
    return Devices(cores=2, cpu_bfloat16=bfloat16, memory=memory, gpus=gpus)


def plan(devices, /, **fields):
    return plan_hardware(make_config(dataset="smears", **fields), 4, devices)


@pytest.mark.parametrize(
    ("devices", "precision"),
    [
        (machine(AMPERE), "mixed_bfloat16"),
        (machine(TURING), "mixed_float16"),
        (machine(PASCAL), "float32"),
        (machine(AMPERE, TURING), "mixed_float16"),
        (machine(Gpu("unknown", None, None)), "float32"),
        (machine(), "mixed_bfloat16"),
        (machine(bfloat16=False), "float32"),
    ],
)
def test_precision_is_what_the_weakest_device_multiplies_fast(devices, precision):
    assert plan(devices, devices=max(1, len(devices.gpus))).precision == precision


def test_xla_is_on_for_gpus_and_off_for_cpus():
    assert plan(machine(AMPERE)).jit
    assert not plan(machine()).jit


def test_cpu_can_be_chosen_over_a_gpu():
    chosen = plan(machine(AMPERE), device="cpu")
    assert (chosen.kind, chosen.jit, chosen.replicas) == ("cpu", False, 1)


@pytest.mark.parametrize(
    ("installed", "command"), [(False, "pip install -r requirements-gpu.txt"), (True, "pip install 'allscope[gpu]'")]
)
def test_missing_gpu_is_said_with_what_to_do_where_this_copy_stands(installed, command, monkeypatch):
    monkeypatch.setattr("allcore.installation.IS_INSTALLED", installed)
    with pytest.raises(ConfigError, match=rf"gpu was asked for.*{re.escape(command)}"):
        plan(machine(), device="gpu")


@pytest.mark.parametrize(("devices", "replicas"), [(1, 1), (2, 2), (3, 3)])
def test_a_run_uses_as_many_gpus_as_it_asked_for(devices, replicas):
    assert plan(machine(AMPERE, AMPERE, AMPERE), devices=devices).replicas == replicas


def test_asked_precision_wins():
    assert plan(machine(AMPERE), precision="float32").precision == "float32"


@pytest.mark.parametrize(
    ("capability", "precision", "at_once"),
    [((8, 9), "mixed_bfloat16", 32), ((7, 5), "mixed_float16", 32), ((6, 1), "float32", 16)],
)
def test_paper_configuration_fits_a_gpu_of_8_gb_divided_where_it_must_be(capability, precision, at_once):
    gpu = Gpu("8 GB", capability, 8 * GIB)
    chosen = plan(machine(gpu), **PRESETS["paper"])
    assert (chosen.kind, chosen.precision, chosen.micro_batch_size) == ("gpu", precision, at_once)
    assert chosen.estimated_memory < 0.8 * gpu.memory
    assert estimate_memory(make_config(dataset="smears"), 4, "float32", 32) > 0.8 * gpu.memory  # why it must be


def test_batch_that_does_not_fit_is_divided():
    small = Gpu("small", (8, 0), 3 * GIB)
    chosen = plan(machine(small), precision="float32")
    assert 1 <= chosen.micro_batch_size < 32
    assert chosen.estimated_memory <= 0.8 * small.memory


def test_batch_is_divided_by_what_a_control_group_leaves_and_by_how_many_runs_share_it(tmp_path, monkeypatch):
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=512 * GIB))
    monkeypatch.setattr("allcore.hardware.available_memory", lambda: available_memory(tmp_path))
    monkeypatch.delenv("ALLCORE_CPU_SLOTS", raising=False)
    assert plan(system_devices(), device="cpu", precision="float32").micro_batch_size == 32
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/job\n")
    (tmp_path / "sys/fs/cgroup/job").mkdir(parents=True)
    for name, text in (("max", str(8 * GIB)), ("current", "0"), ("stat", "inactive_file 0")):
        (tmp_path / "sys/fs/cgroup/job" / f"memory.{name}").write_text(text)
    assert plan(system_devices(), device="cpu", precision="float32").micro_batch_size == 16
    monkeypatch.setenv("ALLCORE_CPU_SLOTS", "2")
    assert plan(system_devices(), device="cpu", precision="float32").micro_batch_size == 8
    monkeypatch.setenv("ALLCORE_CPU_SLOTS", "no number")  # said where a run is launched
    assert system_devices().memory == 8 * GIB


def test_one_image_at_once_when_nothing_fits():
    assert plan(machine(Gpu("tiny", (8, 0), GIB // 4))).micro_batch_size == 1


def test_unknown_memory_keeps_the_batch_whole():
    assert plan(machine(Gpu("unknown", (8, 0), None))).micro_batch_size == 32


def test_batch_is_shared_among_gpus_before_it_is_divided():
    assert plan(machine(AMPERE, AMPERE, AMPERE, AMPERE), devices=4).micro_batch_size == 8


def test_micro_batch_is_never_larger_than_the_share():
    assert plan(machine(AMPERE, AMPERE), devices=2, micro_batch_size=32).micro_batch_size == 16


@pytest.mark.parametrize(
    ("precision", "images", "measured"),
    [("float32", 16, 4.0e9), ("mixed_bfloat16", 16, 3.2e9), ("mixed_bfloat16", 32, 4.5e9)],
)
def test_memory_estimate_is_near_what_was_measured_at_300_px(precision, images, measured):
    config = make_config(dataset="smears", image_size=300)
    assert estimate_memory(config, 4, precision, images) == pytest.approx(measured, rel=0.2)


@pytest.mark.parametrize(
    ("flags", "faster"), [("avx512_bf16 amx_bf16", True), ("sse avx512_bf16 fma", False), ("avx2", False)]
)
def test_only_matrices_of_bfloat16_are_faster_than_float32(tmp_path, flags, faster):
    (tmp_path / "cpuinfo").write_text(f"flags : {flags}")
    assert cpu_is_faster_in_bfloat16(tmp_path / "cpuinfo") is faster


def test_no_cpu_flags_mean_no_bfloat16(tmp_path):
    assert cpu_is_faster_in_bfloat16(tmp_path / "nothing") is False


@pytest.mark.parametrize(
    ("flags", "alone"), [("fma avx avx2", True), ("avx2 avx512f avx512bw", False), ("asimd", False), ("avx", False)]
)
def test_processors_without_avx512_are_told_by_their_flags(tmp_path, flags, alone):
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    assert cpu_has_avx2_alone(tmp_path / "cpuinfo") is alone
    assert cpu_has_avx2_alone(tmp_path / "nothing") is False


@pytest.mark.parametrize(
    ("changes", "fields", "products"),
    [
        ({}, {}, True),
        ({"cpu_avx2_alone": False}, {}, False),
        ({}, {"precision": "mixed_bfloat16"}, False),
        ({"gpus": (AMPERE,)}, {"precision": "float32"}, False),
    ],
)
def test_gradients_of_kernels_are_products_with_avx2_alone_where_they_fit(changes, fields, products):
    chosen = plan(replace(AVX2, **changes), image_size=96, **fields)
    assert chosen.kernel_products is products


def test_products_that_do_not_fit_are_left_and_the_batch_stays_whole():
    config = make_config(dataset="smears", image_size=96)
    without, products = (estimate_memory(config, 4, "float32", 32, products=each) for each in (False, True))
    for memory, expected in ((without, without), (products, products)):
        chosen = plan(replace(AVX2, memory=int(memory / 0.8) + 1), image_size=96)
        assert (chosen.micro_batch_size, chosen.estimated_memory) == (32, expected)
        assert chosen.kernel_products is (expected == products)
    assert without < products


def test_gpus_are_read_from_the_drivers_own_tool():
    lines = "GPU-1a, NVIDIA A100-SXM4-40GB, 8.0, 40960\nGPU-2b, NVIDIA GeForce GTX 1080, 6.1, 8192\n"
    assert parse_nvidia_gpus(lines) == (
        Gpu("NVIDIA A100-SXM4-40GB", (8, 0), 40 * GIB, "GPU-1a"),
        Gpu("NVIDIA GeForce GTX 1080", (6, 1), 8 * GIB, "GPU-2b"),
    )


def test_what_the_driver_does_not_know_is_unknown():
    assert parse_nvidia_gpus("GPU-3c, Orin, [N/A], [N/A]") == (Gpu("Orin", None, None, "GPU-3c"),)


def test_message_instead_of_gpus_is_no_gpu():
    assert parse_nvidia_gpus("No devices were found\n") == ()


def test_tensorflow_takes_its_fast_kernels_on_every_processor_unless_somebody_chose(monkeypatch):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    set_before_tensorflow()
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "1"
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    set_before_tensorflow()
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0"


AS_TENSORFLOW_COMES = """
import os, sys

class Stop:
    def find_spec(self, name, path=None, target=None):
        if name in ("keras", "tensorflow"):
            print(os.environ.get("TF_ENABLE_ONEDNN_OPTS"), flush=True)
            os._exit(0)

sys.meta_path.insert(0, Stop())
"""
"""A beginning of a program that says what is set as Keras or TensorFlow is imported, and ends there."""


@pytest.mark.process
@pytest.mark.parametrize("command", ["worker", "measure"])
def test_whoever_trains_chooses_before_tensorflow_is_imported(command, workspace, tiny_config, monkeypatch):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    run = RunStore(workspace.runs).create(*prepare(tiny_config(), workspace.cache))
    of = run.folder if command == "worker" else run.folder / "config.json"
    program = f"{AS_TENSORFLOW_COMES}\nfrom allcore.cli.main import main\nmain()"
    started = subprocess.Popen(
        [sys.executable, "-c", program, command, of], cwd=PACKAGE.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with started:  # its input stays open as long as it runs
        assert started.stdout.read().split()[-1:] == [b"1"]
