"""What a run of each page takes of the processor, once its caches are warm; see `benchmarks.page_speed`."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import cycle
from pathlib import Path

from benchmarks.browserless import Visitor
from benchmarks.claim import OURS, Claim, Material, Measure
from benchmarks.claims.drawn import small_files
from benchmarks.claims.ours import workspace_with_runs
from benchmarks.load import serving
from benchmarks.page_speed import places_by_page, taken
from benchmarks.processes import weighed

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
    places = places_of(name, runs, of(material), material)
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


def places_of(name: str, runs: int, data: Path, material: Material) -> list[tuple[str, str]]:
    """Return the places at which a page is visited, in a workspace that is then the environment's."""
    sights = workspace_with_runs(f"pages-{runs}-{data.name}", data, runs, SIZE, material)
    return places_by_page(sights)[name][:PLACES]
