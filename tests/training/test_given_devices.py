"""What a worker that a scheduler started says of the devices that it was not given."""

from allcore.config import make_config
from allcore.runs.folder.launches import claim_launch
from allcore.runs.folder.store import RunStore
from allcore.training.worker import run_worker
from tests.full_disks.test_every_step import SPLIT
from tests.gpus import tell_of_gpus


def test_run_beside_gpus_that_it_was_not_given_warns_in_its_status_and_its_log(workspace, tmp_path, monkeypatch):
    tell_of_gpus(tmp_path, monkeypatch, "GPU-1a, A100, 8.0, 40960")
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("allcore.training.session.carry_out", lambda *_: True)
    run = RunStore(workspace.runs).create(make_config(dataset="smears"), SPLIT)
    assert run_worker(run.folder, claim_launch(run.folder, "slurm", None).number) == 0
    (warning,) = run.status().warnings
    assert warning.startswith("a GPU is there, and Slurm gave the run none, so the processor trains: ")
    assert f"warning: {warning}" in (run.folder / "worker.log").read_text()
