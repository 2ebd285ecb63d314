"""What a run of each page takes of the processor, once its caches are warm.

    ALLCORE_WORKSPACE=COPY ALLCORE_DATA_ROOTS=DIR python -m benchmarks.page_speed [--rounds 10] [PAGE ...]

Starts a server on the workspace of the environment and visits each page without a browser, at every sight of that
workspace twice to warm the caches, then `rounds` times; pictures are fetched. Processor time is that of the whole
server, so that other work on the machine hardly changes it, and so that it says how many visitors a core serves. What
a page renews by itself, every other second while it is open, is counted apart.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import statistics
import time
from collections import defaultdict
from itertools import cycle, islice

import psutil

from allcore.workspace import open_workspace
from benchmarks.browserless import Visitor
from benchmarks.load import Sights, serving, sights_of


def main() -> None:
    """Print a row a page: the first run, median and worst of the warm ones, and a renewal, in milliseconds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pages", nargs="*")
    parser.add_argument("--rounds", type=int, default=10)
    asked = parser.parse_args()
    with serving() as (server, process):
        asyncio.run(measure(server, process, asked.rounds, asked.pages))


async def measure(server: str, process: psutil.Process, rounds: int, pages: list[str]) -> None:
    """Print the rows of the pages that are asked for, or of all."""
    places = places_by_page(sights_of(open_workspace()))
    print(f"{'page':<14} {'first':>8} {'median':>8} {'worst':>8} {'renewal':>8}   ms of the processor")
    for page, of_page in places.items():
        if pages and page not in pages:
            continue
        visitor = Visitor(server)
        first, *_ = [await taken(visitor, process, place) for place in of_page * 2]
        times = [await taken(visitor, process, place) for place in islice(cycle(of_page), rounds)]
        began = _used(process)
        renewed = await visitor.stay(2.5 * rounds if visitor.renews else 0.0)
        renewal = f"{1000 * (_used(process) - began) / len(renewed):8.0f}" if renewed else ""
        await visitor.close()
        median, worst = statistics.median(times), max(times)
        print(f"{page:<14} {1000 * first:8.0f} {1000 * median:8.0f} {1000 * worst:8.0f} {renewal}", flush=True)


def places_by_page(sights: Sights) -> dict[str, list[tuple[str, str]]]:
    """Return the places to go to, each a page and a query, by the page's name; an image's own page is one."""
    places: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for page, query in (*sights.browse, *sights.watch, *sights.predict):
        places["image" if page == "dataset" and "image=" in query else page or "overview"].append((page, query))
    return places


async def taken(visitor: Visitor, process: psutil.Process, place: tuple[str, str]) -> float:
    """Return the seconds of the processor that the server takes for a visit."""
    began = _used(process)
    shown = await visitor.open(*place)
    if shown.faults:
        raise SystemExit(f"{place[0] or 'overview'}: {shown.faults[0]}")
    return _used(process) - began


def _used(process: psutil.Process) -> float:
    """Return the seconds of the processor that a process has taken so far."""
    if platform.system() == "Linux":
        return time.clock_gettime(~process.pid << 3 | 2)  # its clock, which counts finer than what psutil reads
    used = process.cpu_times()
    return float(used.user + used.system)


if __name__ == "__main__":
    main()
