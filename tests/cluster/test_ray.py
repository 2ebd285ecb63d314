"""Runs on a real Ray of a head and one node with two slots: what its users meet, and what its machines do to them."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import psutil
import pytest

from allcore.runs.execution import scheduled
from allcore.runs.execution.choose_executor import executor_of, open_executor
from allcore.runs.folder.files import OUTPUT_FILE
from allcore.runs.folder.launches import last_launch
from allcore.runs.folder.states import ACTIVE
from allcore.text import for_page
from tests.cluster.conftest import LONG, assert_no_gap_and_no_repeat, assert_study_is_carried_out, page_of, until


class TwoNodeRay:
    """The cluster, in a process of Ray's own Python, and what becomes of it."""

    def __init__(self, python: Path, port: int, folder: Path) -> None:
        self._command = [python, Path(__file__).with_name("two_node_ray.py"), str(port), folder]
        self._start()

    def lose_node(self) -> None:
        """Kill the node's own processes, as a machine that fails does; another one takes its place."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        assert self._is_done()

    def lose_head(self) -> None:
        """End all of it; a cluster that knows of nothing takes its place, at the same address."""
        self.stop()
        self._start()

    def stop(self) -> None:
        """End all of it."""
        self._process.communicate()

    def _start(self) -> None:
        for _ in range(3):  # Ray itself gives a node half a minute, which is little on a busy machine
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            if self._is_done():
                return
            self.stop()
        pytest.skip("NO RAY: it cannot be started here; what it says of that stands above")

    def _is_done(self) -> bool:
        return any(line == "done\n" for line in self._process.stdout)  # whatever else Ray prints


@pytest.fixture(scope="module")
def ray():
    """Return a Ray that runs, and whose address this process knows."""
    command = shutil.which("ray")
    if command is None:
        pytest.skip("NO RAY: the command ray is missing; install requirements-cluster.txt")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(f"/tmp/ray-{os.getpid()}")  # Ray's sockets lie in it, whose paths may be 107 bytes long
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ADDRESS", f"http://127.0.0.1:{port}")
        patch.setenv("ALLCORE_EXECUTOR", "ray")
        cluster = TwoNodeRay(Path(command).parent / "python", port, folder)
        yield cluster
        cluster.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def executor(ray, new_workspace):
    """Return the executor of a new workspace; no job of it is left."""
    executor = open_executor(new_workspace)
    yield executor
    for run in executor.store.runs():
        if run.status().state in ACTIVE:
            executor.stop(run, patience=2.0)


def until_saved(executor, run, segment):
    """Wait until a segment of a run has trained an epoch to its end, saved it, and gone on."""
    begun = until(executor, run, lambda status: status.segment == segment and status.state == "running" and status.step)
    until(executor, run, lambda status: status.epoch > begun.epoch and status.step)


def test_runs_go_through_ray_and_outlive_what_happens_to_it(ray, executor, tiny, monkeypatch):
    first, second, third = (executor.submit(tiny(epochs=epochs)) for epochs in (LONG, LONG, 2))

    # two slots: the third waits, and says why; stopping it needs no worker
    assert "pending" in until(executor, third, lambda status: "pending" in status.phase).phase
    assert for_page("pending, Job has not started yet") in page_of(executor, third)
    until_saved(executor, first, 0)
    until(executor, second, lambda status: status.state == "running" and status.step)
    executor.stop(third)
    assert third.status().state == "cancelled"
    assert not third.log_tail()
    assert "ray job" in first.log_tail()
    assert (first.folder / OUTPUT_FILE).is_file()

    # stopped by its user: saved
    executor.stop(second, patience=60.0)
    assert second.status().state == "cancelled"
    assert "stopped" in second.log_tail()

    # the node is lost: interrupted with the reason, and resumed on another as a new launch
    lost = psutil.Process(first.status().pid)
    ray.lose_node()
    assert "machine was lost" in until(executor, first, lambda status: status.state == "interrupted").error
    executor.resume(first)
    until_saved(executor, first, 1)
    assert last_launch(first.folder).number == 2
    assert not lost.is_running()

    # the head is lost, and the new one knows of no job: judged by its heartbeat, and resumed
    monkeypatch.setattr(scheduled, "FORGOTTEN_SECONDS", 5.0)
    ray.lose_head()
    assert "does not know it any more" in until(executor, first, lambda status: status.state == "interrupted").error
    executor.resume(first)
    until(executor, first, lambda status: status.state == "running" and status.segment == 2 and status.step)

    # stopped with Ray's own commands: interrupted with the reason, nothing lost, no gap and no repeat
    executor.cancel(last_launch(first.folder).job)
    assert "Ray's own commands" in until(executor, first, lambda status: status.state == "interrupted").error
    assert set(first.history().batches["segment"]) == {0, 1, 2}
    assert_no_gap_and_no_repeat(first)
    assert executor_of(first, executor.workspace).name == "ray"

    # what was stopped while it waited goes to its end
    executor.resume(third)
    assert until(executor, third, lambda status: status.state not in ACTIVE).state == "succeeded", third.log_tail()
    until(executor, third, lambda _: not list((executor.store.root / ".queue" / "ray").iterdir()))


def test_a_study_of_three_goes_through_two_slots(executor, tiny, monkeypatch):
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(executor.workspace.root))
    assert_study_is_carried_out(executor, tiny, seeds=(0,))
    run = executor.store.runs()[0]
    until(executor, run, lambda _: not list((executor.store.root / ".queue" / "ray").iterdir()))
