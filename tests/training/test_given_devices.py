"""What a worker that a scheduler started says of the devices that it was not given."""

import os

from allcore.config import make_config
from allcore.runs.folder.launches import claim_launch
from allcore.runs.folder.store import RunStore
from allcore.training.worker import run_worker
from tests.full_disks.test_every_step import SPLIT


def test_run_beside_gpus_that_it_was_not_given_warns_in_its_status_and_its_log(workspace, tmp_path, monkeypatch):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'GPU-1a, A100, 8.0, 40960'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # so that what the worker makes of it is undone
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("allcore.training.session.carry_out", lambda *_: True)
    run = RunStore(workspace.runs).create(make_config(dataset="smears"), SPLIT)
    assert run_worker(run.folder, claim_launch(run.folder, "slurm", None).number) == 0
    (warning,) = run.status().warnings
    assert warning.startswith("a GPU is there, and Slurm gave the run none, so the processor trains: ")
    assert f"warning: {warning}" in (run.folder / "worker.log").read_text()
