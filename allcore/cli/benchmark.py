"""`allcore benchmark`: what ALLscope claims to be faster at, measured on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from allcore.data.folder.links import data_roots, from_home
from allcore.errors import InputError
from allcore.installation import IS_INSTALLED, PROJECT


def benchmark(
    context: typer.Context,
    data: Annotated[Path | None, typer.Option(help="folder with one folder of images a class")] = None,
) -> None:
    """Run the benchmarks of the source tree with these arguments, and end with their status.

    They run in the project's folder, so that paths, which are relative to this one, are made absolute before.
    """
    if IS_INSTALLED:
        raise InputError(
            "the benchmarks come with the source tree and not with an installed package; run it from there"
        )
    images = [] if data is None else ["--data", str(from_home(str(data)))]
    words = [sys.executable, "-m", "benchmarks", *images, *context.args]
    environment = {**os.environ, "ALLCORE_DATA_ROOTS": os.pathsep.join(map(str, data_roots()))}
    child = subprocess.Popen(words, cwd=PROJECT, env=environment)
    with suppress(KeyboardInterrupt):  # they are interrupted too, and say what they have measured
        child.wait()
    raise typer.Exit(child.wait())
