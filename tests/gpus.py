"""Machines with GPUs that are not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def tell_of_gpus(folder: Path, patch: pytest.MonkeyPatch, *gpus: str) -> Path:
    """Let the driver's own tool, written into a folder, tell of GPUs, a line each; return it.

    This process is given none of them, and whatever a test makes of `CUDA_VISIBLE_DEVICES` is undone.
    """
    tool = folder / "nvidia-smi"
    tool.write_text("\n".join(["#!/bin/sh", *(f"echo '{gpu}'" for gpu in gpus), ""]))
    tool.chmod(0o755)
    patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    patch.setenv("CUDA_VISIBLE_DEVICES", "")
    patch.delenv("CUDA_VISIBLE_DEVICES")
    return tool
