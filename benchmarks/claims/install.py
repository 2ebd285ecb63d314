"""Installing: what the app alone needs, in a virtual environment of its own; wants a package index."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from allcore.installation import PROJECT
from benchmarks.claim import OURS, Claim, LeftOutError, Material, Measure

WITH_TRAINING = "with training"


def size() -> Claim:
    """Return the claim for the disk that an installation takes."""
    return _claim("the app alone, installed", "MB", 700)


def seconds() -> Claim:
    """Return the claim for how long an installation takes, packages fetched anew."""
    return _claim("the app alone: installing, packages fetched anew", "s", None)


def _claim(work: str, unit: str, limit: float | None) -> Claim:
    contenders = {OURS: partial(_installed, "serve", unit), WITH_TRAINING: partial(_installed, "train", unit)}
    return Claim(work, unit, contenders, rounds=1, limit=limit)


def _installed(extra: str, unit: str, material: Material) -> Measure:
    """Install once and keep both figures. Raises `LeftOutError` where packages cannot be fetched."""
    noted = material.scratch / f"installed-{extra}.json"
    if not noted.is_file():
        noted.write_text(json.dumps(_install(extra, material.scratch / f"installed-{extra}")), encoding="utf-8")
    figures: dict[str, float] = json.loads(noted.read_text(encoding="utf-8"))
    return lambda: figures[unit]


def _install(extra: str, folder: Path) -> dict[str, float]:
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    empty, began = _bytes(folder), time.perf_counter()
    words = ["-m", "pip", "install", "--no-cache-dir", "--quiet", f"{PROJECT}[{extra}]"]
    done = subprocess.run([str(python), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise LeftOutError(f"pip could not install it, which needs a package index: {said[-1]}")
    return {"s": time.perf_counter() - began, "MB": (_bytes(folder) - empty) / 1e6}


def _bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
