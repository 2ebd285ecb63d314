"""Runs on a real Ray of a head and one node with two slots."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from allcore.runs.executor import open_executor
from allcore.runs.launches import last_launch
from allcore.runs.status import ACTIVE
from allcore.workspace import Workspace
from tests.cluster.conftest import LONG, assert_no_gap_and_no_repeat, until


class Ray:
    """The cluster, and what it is told."""

    def __init__(self, python: Path, port: int, folder: Path) -> None:
        script = Path(__file__).with_name("two_node_ray.py")
        self.process = subprocess.Popen(
            [python, script, str(port), folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._until("up")

    def tell(self, command: str) -> None:
        """Have the cluster lose its node, or gain one, and wait until it has."""
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        self._until("done")

    def _until(self, word: str) -> None:
        while (line := self.process.stdout.readline().strip()) != word:
            assert self.process.poll() is None, line


@pytest.fixture
def ray(tmp_path, monkeypatch):
    """Return a Ray that runs, and whose address this process knows."""
    command = shutil.which("ray")
    if command is None:
        pytest.skip("NO RAY: the command ray is missing; install requirements-cluster.txt")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("RAY_ADDRESS", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("ALLCORE_EXECUTOR", "ray")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    short = Path(f"/tmp/ray-{os.getpid()}")
    cluster = Ray(Path(command).parent / "python", port, short)
    yield cluster
    cluster.process.communicate()
    shutil.rmtree(short, ignore_errors=True)


def test_runs_go_through_ray_and_outlive_a_node(ray, tiny, tmp_path):
    executor = open_executor(Workspace(tmp_path / "workspace"))
    first, second, third = (executor.submit(tiny(epochs=epochs)) for epochs in (LONG, LONG, 2))

    # two slots: the third waits, and stopping it needs no worker
    assert "pending" in until(executor, third, lambda status: "pending" in status.phase).phase
    until(executor, first, lambda status: status.state == "running" and status.epoch)
    until(executor, second, lambda status: status.state == "running" and status.epoch)
    executor.stop(third)
    assert third.status().state == "cancelled"
    assert "epoch" in executor.log(first)

    # the node is lost: interrupted with the reason, and resumed on another as a new launch
    ray.tell("lose the node")
    assert "ray job" in until(executor, first, lambda status: status.state == "interrupted").error.lower()
    ray.tell("gain a node")
    executor.resume(first)
    until(executor, first, lambda status: status.state == "running" and status.segment == 1 and status.step)
    assert last_launch(first.folder).number == 2
    executor.stop(first, patience=60.0)
    assert first.status().state == "cancelled"
    assert_no_gap_and_no_repeat(first)

    executor.resume(third)
    assert until(executor, third, lambda status: status.state not in ACTIVE).state == "succeeded", third.log_tail()
