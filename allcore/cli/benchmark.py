"""`allcore benchmark`: what ALLscope claims to be faster at, measured on this machine."""

from __future__ import annotations

import subprocess
import sys

import typer

from allcore.errors import InputError
from allcore.installation import IS_INSTALLED, PROJECT


def benchmark(context: typer.Context) -> None:
    """Run the benchmarks of the source tree with these arguments, and end with their status."""
    if IS_INSTALLED:
        raise InputError(
            "the benchmarks come with the source tree and not with an installed package; run it from there"
        )
    done = subprocess.run([sys.executable, "-m", "benchmarks", *context.args], cwd=PROJECT, check=False)
    raise typer.Exit(done.returncode)
