"""Runs on a real Slurm of one node and two slots: what its users meet, and what its machines do to them."""

import os
import shutil

import psutil
import pytest

from allcore.runs.execution.choose_executor import executor_of
from allcore.runs.folder.launches import last_launch
from allcore.runs.folder.states import ACTIVE
from allcore.text import for_page
from tests.cluster.conftest import (
    LONG,
    assert_no_gap_and_no_repeat,
    assert_study_is_carried_out,
    page_of,
    paused,
    until,
)


def in_epoch(epoch):
    return lambda status: status.state == "running" and status.epoch >= epoch


def signal_job(slurm, run, name):
    """Send the job's shell what Slurm sends it: USR1 before its time limit."""
    slurm.run("scancel", f"--signal={name}", "--batch", last_launch(run.folder).job)


def cut_off(run):
    """Kill what of Slurm's watches over a run's worker, and its job's shell; return the worker, which lives on.

    So it goes on a machine that Slurm no longer reaches, and that still reaches the shared folder.
    """
    worker = psutil.Process(run.status().pid)
    watchers = [parent for parent in worker.parents() if parent.name() in ("bash", "slurm_script", "slurmstepd")]
    for process in reversed(watchers):
        process.kill()
    return worker


def test_runs_go_through_slurm_and_outlive_what_happens_to_it(slurm, open_slurm, tiny, monkeypatch):
    executor = open_slurm()
    first, second, third = (executor.submit(tiny(epochs=epochs)) for epochs in (LONG, LONG, 2))

    # two slots: the third waits, and says why; stopping it needs no worker
    assert "pending" in until(executor, third, lambda status: "pending" in status.phase).phase
    until(executor, first, in_epoch(1))
    assert "pending, Resources" in until(executor, third, lambda status: "Resources" in status.phase).phase
    assert for_page("pending, Resources") in page_of(executor, third)
    executor.stop(third)
    assert third.status().state == "cancelled"
    assert not third.log_tail()

    # the time limit comes near: saved, queued again, and gone on with
    until(executor, second, in_epoch(0))
    with paused(second):
        signal_job(slurm, first, "USR1")
        until(executor, first, lambda status: status.state == "queued")
        assert until(executor, first, in_epoch(2)).segment == 1

    # its pid is another process's here, and nobody asks it
    status = second.status()
    assert psutil.pid_exists(status.pid)
    monkeypatch.setattr("allcore.runs.folder.status.is_alive", lambda *_: pytest.fail("a pid was asked"))
    assert second.status().state == "running"

    # the controller dies under running jobs: they go on, and it knows them when it is back
    slurm.kill_controller()
    before = second.status().epoch
    with paused(first):
        assert until(executor, second, in_epoch(before + 2)).state == "running"
    slurm.start_controller()

    # the node fails: Slurm queues its jobs again, and they go on from their checkpoints; one worker lives on meanwhile,
    # and ends as soon as it sees the next one
    lost = cut_off(first)
    cut_off(second).kill()
    slurm.lose_node()
    until(executor, second, lambda status: status.state == "running" and status.segment == 1 and status.step)

    # neither left a gap or a repeat
    until(executor, first, lambda status: status.state == "running" and status.segment == 2 and status.step)
    assert not lost.is_running()
    executor.stop(first, patience=60.0)
    assert first.status().state == "cancelled"
    assert set(first.history().batches["segment"]) == {0, 1, 2}
    assert_no_gap_and_no_repeat(first)
    assert "slurm job" in first.log_tail(1000)

    # cancelled behind our back: interrupted with the reason, and resumed as a new launch
    slurm.run("scancel", last_launch(second.folder).job)
    assert (
        "cancelled with Slurm's own commands"
        in until(executor, second, lambda status: status.state == "interrupted").error
    )
    executor.resume(second)
    assert last_launch(second.folder).number == 2
    until(executor, second, lambda status: status.state == "running" and status.step)
    executor.stop(second, patience=20.0)
    assert second.status().state == "cancelled"
    assert executor_of(second, executor.workspace).name == "slurm"

    # what was stopped while it waited goes to its end
    executor.resume(third)
    assert until(executor, third, lambda status: status.state not in ACTIVE).state == "succeeded", third.log_tail()
    until(executor, third, lambda _: not list((executor.store.root / ".queue" / "slurm").iterdir()))


def test_job_whose_answer_is_lost_is_found_by_its_name_and_cancelled(
    slurm, open_slurm, tiny, tmp_path_factory, monkeypatch
):
    tools, real = tmp_path_factory.mktemp("tools"), shutil.which("sbatch")
    lost = "echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2; exit 1"
    (tools / "sbatch").write_text(f'#!/bin/sh\n{real} "$@" > /dev/null; {lost}\n')
    (tools / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    executor = open_slurm(options=["--hold"])
    run = executor.submit(tiny(epochs=1))
    assert last_launch(run.folder).at == f"{os.getuid()}@test"
    until(executor, run, lambda status: status.phase == f"Slurm job {run.id}-1: pending, JobHeldUser")
    executor.stop(run, patience=20.0)
    assert run.status().state == "cancelled"
    assert slurm.run("squeue", "--noheader", f"--name={run.id}-1") == ""


@pytest.mark.skipif("ALLCORE_SOAK" not in os.environ, reason="waits for a time limit of a minute: make soak")
def test_a_run_goes_on_after_a_real_time_limit(open_slurm, tiny):
    executor = open_slurm(time="1", warning_seconds=5)
    run = executor.submit(tiny(epochs=LONG))
    until(executor, run, lambda status: status.state == "running" and status.segment == 1 and status.step)
    assert last_launch(run.folder).number == 1
    executor.stop(run, patience=60.0)
    assert_no_gap_and_no_repeat(run)


def test_a_study_goes_through_two_slots(open_slurm, tiny, monkeypatch):
    executor = open_slurm(at_once=3)
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(executor.workspace.root))
    assert_study_is_carried_out(executor, tiny, seeds=(0, 1) if "ALLCORE_SOAK" in os.environ else (0,))
