"""A submission whose answer is lost, or lies between other words: its job is found by its name."""

import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from allcore.errors import RunError
from allcore.runs.execution import slurm
from allcore.runs.execution.ray_jobs import RayExecutor
from allcore.runs.execution.slurm import SlurmExecutor
from allcore.runs.folder.launches import Launch, last_launch
from tests.runs.scheduler import launched_before

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("looks_at_once")]

TIMED_OUT = "echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2; exit 1"
QUEUED = 'for option; do case "$option" in --job-name=*) name=${option#*=};; esac; done; echo "$name" > QUEUE'


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Return what lets sbatch do as a test wants; squeue tells of the job that it queued, and scancel takes it away."""
    folder, queue = tmp_path / "tools", tmp_path / "queue"
    folder.mkdir()

    def make(name, does):
        (folder / name).write_text(f"#!/bin/sh\n{does.replace('QUEUE', str(queue))}\n")
        (folder / name).chmod(0o755)

    make("squeue", 'if [ -s QUEUE ]; then echo "$(cat QUEUE)|PENDING|Resources"; fi')
    make("scancel", 'case "$*" in *"--name=$(cat QUEUE)"*) rm QUEUE;; esac')
    make("scontrol", "echo 'ClusterName             = here'")
    make("sacct", "")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(slurm, "_clusters", {})
    return lambda sbatch: make("sbatch", f"cat > /dev/null; {sbatch}")


@pytest.fixture
def submit(workspace, launch):
    """Return what has a new run launched by Slurm."""
    return lambda: launch(SlurmExecutor(workspace))


LOST = [TIMED_OUT, "kill -9 $$", "echo Welcome"]


@pytest.mark.parametrize("ends", LOST, ids=["timed out", "killed", "no number"])
def test_job_whose_number_is_lost_is_found_by_its_name_and_cancelled(workspace, tools, submit, tmp_path, ends):
    tools(f"{QUEUED}; {ends}")
    run = submit()
    executor = SlurmExecutor(workspace)
    executor.look()
    assert (run.status().state, run.status().phase) == ("queued", f"Slurm job {run.id}-1: pending, Resources")
    executor.stop(run, patience=0.0)
    assert run.status().state == "cancelled"
    assert not (tmp_path / "queue").exists()


@pytest.mark.parametrize("ends", LOST, ids=["timed out", "killed", "no number"])
def test_run_that_slurm_has_not_taken_can_be_resumed_once_it_could_have_been(workspace, tools, submit, ends):
    tools(ends)
    run = submit()
    SlurmExecutor(workspace).look()
    assert run.status().state == "queued"
    launched_before(run, 1000)
    SlurmExecutor(workspace).look()
    assert run.status().state == "interrupted"
    assert "does not know it any more: resume the run" in run.status().error
    assert last_launch(run.folder).is_forgotten


def test_sbatch_that_does_not_come_to_an_end_may_have_queued_the_job(workspace, tools, submit, monkeypatch):
    tools("echo 7")
    run = submit()
    monkeypatch.setattr(slurm, "_TIMEOUT", 0.5)
    tools("exec sleep 600")
    assert SlurmExecutor(workspace).submit_job(run, Launch(number=2)) == f"{run.id}-2"


def test_answer_is_awaited_of_the_cluster_that_was_asked(workspace, tools, submit):
    workspace.root.mkdir(exist_ok=True)
    (workspace.root / "cluster.json").write_text('{"slurm": {"options": ["--clusters=gpu", "--job-name=ours"]}}')
    tools(f"{QUEUED}; {TIMED_OUT}")
    run = submit()
    assert last_launch(run.folder).job == f"{run.id}-1;gpu"
    SlurmExecutor(workspace).look()
    assert "pending, Resources" in run.status().phase


def test_what_a_site_says_beside_the_number_is_not_the_job(tools, submit):
    tools("echo 'Welcome to 3 clusters'; echo; echo '--> Verifying ...OK'; echo '7;gpu'; echo 'Thank you'")
    assert last_launch(submit().folder).job == "7;gpu"


def test_clear_refusal_is_one(tools, submit):
    tools("echo 'sbatch: error: Batch job submission failed: Invalid partition name specified' >&2; exit 1")
    with pytest.raises(RunError, match=r"Slurm refuses run .*: .*Invalid partition name"):
        submit()


def test_launch_says_of_which_cluster_and_user_its_job_is(tools, submit):
    tools("echo 7")
    assert last_launch(submit().folder).at == f"{os.getuid()}@here"


@pytest.fixture
def ray(monkeypatch):
    """Let a dashboard take jobs, and answer nothing to who submits one."""
    jobs = []

    class Dashboard(BaseHTTPRequestHandler):
        def do_POST(self):
            job = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            jobs.append({"submission_id": job["submission_id"], "status": "PENDING"})

        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(jobs).encode())

        def log_message(self, *_):
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Dashboard) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("RAY_ADDRESS", f"http://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()


@pytest.mark.usefixtures("ray")
def test_job_of_ray_whose_answer_is_lost_is_asked_about(workspace, launch):
    executor = RayExecutor(workspace)
    run = launch(executor)
    executor.look()
    assert (run.status().state, run.status().phase) == ("queued", f"Ray job {run.id}-1: pending, ")


def test_dashboard_that_nobody_listens_at_has_no_job(workspace, launch, monkeypatch):
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("RAY_ADDRESS", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(RunError, match="Ray cannot be asked"):
            launch(RayExecutor(workspace))
