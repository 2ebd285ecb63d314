"""What a run of each page takes of the processor, once its caches are warm; see `benchmarks.page_speed`."""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import cycle
from pathlib import Path

from allcore.workspace import open_workspace
from benchmarks.browserless import Visitor
from benchmarks.claim import OURS, Claim, Material, Measure
from benchmarks.claims.drawn import small_files
from benchmarks.claims.ours import trained_run
from benchmarks.load import serving, sights_of
from benchmarks.page_speed import places_by_page, taken
from benchmarks.processes import weighed

PAGES = (
    "overview", "predict", "dataset", "image", "augmentation", "trust", "train", "runs", "evaluate", "tradeoff",
)  # fmt: skip
SIZE = 96
RUNS, MANY_RUNS, PLACES = 4, 200, 12


def page(name: str) -> Claim:
    """Return the claim for one page with four finished runs."""
    return _claim(f"a run of the page {name}, warm, pictures included", name, RUNS, _given, limit=60, worst=200)


def many_runs() -> Claim:
    """Return the claim for the page Runs with two hundred finished runs."""
    return _claim(f"a run of the page runs with {MANY_RUNS} runs, warm", "runs", MANY_RUNS, _given, limit=150)


def many_images() -> Claim:
    """Return the claim for the page Dataset where there are many images."""
    many = "many drawn images (--drawn)"
    return _claim(f"a run of the page dataset with {many}, warm", "dataset", RUNS, _many, limit=300)


def _claim(
    work: str, name: str, runs: int, of: Callable[[Material], Path], limit: float, worst: float | None = None
) -> Claim:
    contenders = {OURS: partial(_page, name, runs, of)}
    return Claim(work, "ms of the processor", contenders, rounds=12, limit=limit, worst=worst)


def _given(material: Material) -> Path:
    return material.data


def _many(material: Material) -> Path:
    return small_files(material, material.drawn)


def _page(name: str, runs: int, of: Callable[[Material], Path], material: Material) -> Measure:
    data = of(material)
    root = material.scratch / f"pages-{runs}-{data.name}"
    _make_runs(root / "runs", runs, material)
    drawn = trained_run(SIZE, material).config.dataset  # what the runs were trained on, which their pages show
    os.environ |= {"ALLCORE_WORKSPACE": str(root), "ALLCORE_DATA_ROOTS": os.pathsep.join((str(data), drawn))}
    places = places_by_page(sights_of(open_workspace()))[name][:PLACES]
    stack = ExitStack()
    atexit.register(stack.close)
    server, process = stack.enter_context(serving())
    stack.enter_context(weighed(process.pid))
    loop = stack.enter_context(asyncio.Runner())
    visitor = Visitor(server)
    for place in places * 2:
        loop.run(taken(visitor, process, place))
    following = cycle(places)
    return lambda: 1000 * loop.run(taken(visitor, process, next(following)))


def _make_runs(folder: Path, count: int, material: Material) -> None:
    """Put so many runs into a folder, whose files are those of one."""
    if folder.is_dir():
        return
    source = trained_run(SIZE, material).folder
    for number in range(count):
        named = folder / f"20260101-{number:06d}-vgg16-{SIZE}px-{number:04x}"
        shutil.copytree(source, named, copy_function=os.link)
