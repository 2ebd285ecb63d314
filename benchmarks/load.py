"""How the app bears many visitors at once, while another makes and deletes runs and datasets under their eyes.

    ALLCORE_WORKSPACE=COPY ALLCORE_DATA_ROOTS=DIR python -m benchmarks.load [--sessions 30] [--seconds 600]

Starts a server of its own on the workspace of the environment. Each visitor browses, watches a run, predicts and goes
back, with one to four seconds between pages. Prints times from the asking to the whole page, everything that failed,
and the server's memory; ends with 1 where anything failed. Of the workspace, only what it made itself is deleted; the
caches fill, so give it a copy where that matters.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import psutil

from allcore.data.catalog import scan
from allcore.data.synthetic import SyntheticSpec, write_dataset
from allcore.errors import InputError
from allcore.installation import PROJECT
from allcore.runs.folder.store import Run, RunStore
from allcore.workspace import Workspace, open_workspace
from benchmarks.browserless import Shown, Visitor

MARK = "load-test"
PREDICTED = "Calibrated probability"


@dataclass(frozen=True)
class Load:
    """How many visitors come, how long they stay or how many pages they see, and how many seconds they look at each.

    `lasting` is for how long a run and a dataset are there before they are deleted.
    """

    sessions: int = 30
    seconds: float = 600.0
    pages: int = sys.maxsize
    thinking: tuple[float, float] = (1.0, 4.0)
    lasting: float = 3.0


@dataclass
class Log:
    """Seconds of every page run by page, what failed, and the server's memory in bytes.

    `passing` and `gone` say how often something was looked at just before and just after it was deleted.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    faults: list[str] = field(default_factory=list)
    passing: int = 0
    gone: int = 0
    pictures: int = 0
    memory: list[int] = field(default_factory=list)

    def add(self, page: str, shown: Shown) -> None:
        """Note a page run."""
        self.seconds[page].append(shown.seconds)
        self.faults += shown.faults
        self.pictures += len(shown.pictures)

    def text(self) -> str:
        """Return the figures as a table, then what failed, each with how often."""
        every = [one for page in self.seconds.values() for one in page]
        lines = [f"{'page':<14} {'runs':>7} {'p50 s':>8} {'p95 s':>8} {'worst s':>8}"]
        for page, times in [*sorted(self.seconds.items()), ("all", every)]:
            p50, p95 = (statistics.quantiles(times, n=100)[n] if len(times) > 1 else times[0] for n in (49, 94))
            lines.append(f"{page:<14} {len(times):7} {p50:8.2f} {p95:8.2f} {max(times):8.2f}")
        if self.memory:
            first, most, last = (each / 2**20 for each in (self.memory[0], max(self.memory), self.memory[-1]))
            lines.append(f"memory of the server, MiB: {first:.0f} at first, {most:.0f} at most, {last:.0f} at the end")
        lines.append(f"{self.pictures} pictures; {len(self.faults)} faults")
        counted = {fault: self.faults.count(fault) for fault in self.faults}
        return "\n".join([*lines, *(f"  {count} x {fault}" for fault, count in counted.items())])


@dataclass
class Sights:
    """What there is to look at, as pages and queries; `passing` are what will be deleted."""

    browse: list[tuple[str, str]]
    watch: list[tuple[str, str]]
    predict: list[tuple[str, str]]
    passing: list[tuple[str, str]] = field(default_factory=list)

    def next(self, chance: random.Random) -> tuple[str, str]:
        """Return where a visitor goes next."""
        kinds = [self.browse, self.watch, self.predict, self.passing]
        return chance.choice(chance.choices(kinds, [5, 2, 2, 2 if self.passing else 0])[0])


def main() -> None:
    """Print the figures; end with 1 where anything failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sessions", type=int, default=Load.sessions)
    parser.add_argument("--seconds", type=float, default=Load.seconds)
    parser.add_argument("--pages", type=int, default=Load.pages, help="pages of a session, at the most")
    asked = parser.parse_args()
    with serving() as (server, process):
        load = Load(asked.sessions, asked.seconds, asked.pages)
        log = asyncio.run(bear(server, open_workspace(), load, process))
    print(f"{asked.sessions} sessions\n{log.text()}")
    raise SystemExit(bool(log.faults))


async def bear(server: str, workspace: Workspace, load: Load, process: psutil.Process | None = None) -> Log:
    """Send visitors to a server and return what came of it.

    Before they come, one visitor alone sees every sight: the times do not count, and each prediction is what the others
    have to be shown.
    """
    log, sights, alone = Log(), sights_of(workspace), Visitor(server)
    expected = {}
    for place in [*sights.browse, *sights.watch, *sights.predict]:
        shown = await alone.open(*place)
        log.faults += shown.faults
        expected[place] = [text for text in shown.figures if text.startswith(PREDICTED)]
    await alone.close()
    over = asyncio.Event()
    others = [asyncio.create_task(_make_and_delete(workspace, sights, log, Visitor(server), load.lasting, over))]
    if process is not None:
        others.append(asyncio.create_task(_weigh(process, log, over)))
    chances = map(random.Random, range(load.sessions))
    await asyncio.gather(*(_visit(Visitor(server), sights, expected, log, chance, load) for chance in chances))
    over.set()
    await asyncio.gather(*others)
    return log


async def _visit(
    visitor: Visitor,
    sights: Sights,
    expected: dict[tuple[str, str], list[str]],
    log: Log,
    chance: random.Random,
    load: Load,
) -> None:
    deadline, pages = time.monotonic() + load.seconds, load.pages
    before: list[tuple[str, str]] = []
    while time.monotonic() < deadline and pages > 0:
        back = len(before) > 1 and chance.random() < 0.2
        place = before.pop(-2) if back else sights.next(chance)
        shown = await visitor.open(*place, back=back)
        log.add(place[0] or "overview", shown)
        if expected.get(place) and [text for text in shown.figures if text.startswith(PREDICTED)] != expected[place]:
            log.faults.append(f"{place[0]}: another prediction than to one visitor alone")
        before = [*before[-8:], place]
        pages -= 1
        if pages > 0:
            left = max(0.0, deadline - time.monotonic())
            for renewed in await visitor.stay(min(chance.uniform(*load.thinking), left)):
                log.add("renewed", renewed)
    await visitor.close()


def sights_of(workspace: Workspace, model: str | None = None) -> Sights:
    """Return what there is to look at in a workspace; images are predicted by `model`, the page's first unless told."""
    chance = random.Random(0)
    browse, predict = [("", ""), ("augmentation", ""), ("trust", ""), ("tradeoff", ""), ("train", "")], []
    for folder in workspace.list_datasets():
        name = folder.name if folder.parent == workspace.datasets else f"{folder.parent.name}/{folder.name}"
        images = scan(folder, workspace.cache).images()["path"].tolist()
        browse += [("dataset", urlencode({"data": name, "page": page})) for page in range(1, 4)]
        for image in chance.sample(images, min(4, len(images))):
            browse.append(("dataset", urlencode({"data": name, "image": image})))
            asked = {"data": name, "image": image} | ({} if model is None else {"model": model})
            predict.append(("predict", urlencode(asked)))
    runs = RunStore(workspace.runs).runs()
    watch = [("runs", urlencode({"run": run.id})) for run in runs] or [("runs", "")]
    browse += [("evaluate", urlencode({"run": run.id})) for run in runs if run.status().state == "succeeded"]
    return Sights(browse, watch, predict or [("predict", "")])


async def _make_and_delete(
    workspace: Workspace, sights: Sights, log: Log, witness: Visitor, lasting: float, over: asyncio.Event
) -> None:
    """Make a run and a dataset, let the visitors look at them, and delete them under their eyes, again and again.

    The visitors come by chance; the witness looks each time at one of them before it is deleted, and after it.
    """
    number = 0
    while not over.is_set():
        number += 1
        made = await asyncio.to_thread(_make, workspace, f"{MARK}-{number}")
        places = [("dataset", urlencode({"data": f"{MARK}-{number}"}))]
        if made is not None:
            places += [(page, urlencode({"run": made.id})) for page in ("runs", "evaluate")]
        sights.passing += places
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), lasting)
        place = places[number % len(places)]
        log.faults += (await witness.open(*place)).faults
        log.passing += 1
        await asyncio.to_thread(_delete, workspace, f"{MARK}-{number}", made)
        log.faults += (await witness.open(*place)).faults
        log.gone += not Path(workspace.datasets, f"{MARK}-{number}").exists()
        del sights.passing[:-6]  # what is gone is still asked for, for a while
    await witness.close()


def _make(workspace: Workspace, name: str) -> Run | None:
    write_dataset(workspace.datasets / name, SyntheticSpec(images_per_class=4, image_size=48))
    source = next((run for run in RunStore(workspace.runs).runs() if MARK not in run.id), None)
    if source is None:
        return None
    hidden = workspace.runs / f".{name}"
    shutil.copytree(source.folder, hidden, copy_function=os.link)  # nothing of it is written to
    return Run(hidden.rename(workspace.runs / f"20260101-000000-{name}"))


def _delete(workspace: Workspace, name: str, run: Run | None) -> None:
    shutil.rmtree(workspace.datasets / name, ignore_errors=True)
    if run is not None:
        with suppress(InputError):
            RunStore(workspace.runs).delete(run)


async def _weigh(process: psutil.Process, log: Log, over: asyncio.Event) -> None:
    while not over.is_set():
        log.memory.append(process.memory_info().rss)
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), 1.0)


@contextmanager
def serving() -> Iterator[tuple[str, psutil.Process]]:
    """Run a server of the app on the workspace of the environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(Path(PROJECT, "streamlit_app.py")), "--server.headless"]
    process = subprocess.Popen([*command, "true", "--server.port", str(port)], cwd=PROJECT, env=os.environ.copy())
    server = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while not _answers(server):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the server does not answer")
            time.sleep(0.1)
        yield server, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _answers(server: str) -> bool:
    try:
        with urlopen(f"{server}/_stcore/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    main()
