"""Many visitors at once, and one who makes and deletes runs and datasets under their eyes: nobody sees a failure."""

from __future__ import annotations

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from allcore.runs.execution.executor import LocalExecutor
from benchmarks.load import Load, bear
from tests.copies import link_or_copy
from tests.damaged import TIMES
from tests.e2e.conftest import Server

LOAD = Load(sessions=2, pages=4, thinking=(0.2, 0.5), lasting=0.5) if TIMES == 1 else Load()
MOST_MEMORY = 1.2e9


def test_visitors_are_served_whatever_another_deletes(finished: LocalExecutor, smears: Path, tmp_path: Path):
    locks = shutil.ignore_patterns("*.lock")
    shutil.copytree(finished.workspace.root, tmp_path / "workspace", ignore=locks, copy_function=link_or_copy)
    server = Server(tmp_path / "workspace", smears.parent)
    server.start()
    try:
        assert server.process is not None
        process = psutil.Process(server.process.pid)
        visits = bear(server.url().removesuffix("/?"), server.workspace, LOAD, process)
        with ThreadPoolExecutor(1) as elsewhere:  # the browser of other tests has this thread's event loop
            log = elsewhere.submit(asyncio.run, visits).result()
    finally:
        server.stop()
    assert not log.faults, f"{log.text()}\n{server.said()[-4000:]}"
    assert len(log.seconds) > 1
    assert min(log.passing, log.gone) > 0
    assert max(log.memory) < MOST_MEMORY, log.text()
