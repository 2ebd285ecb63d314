"""A run has one worker at a time: the one that began last, whatever became of those before it."""

import subprocess
import sys
from pathlib import Path

import pytest

from allcore.errors import RunError
from allcore.runs.execution.stop_signal import StopSignal
from allcore.runs.folder.launches import Launch, claim_launch, last_launch
from allcore.runs.folder.turns import SUPERSEDED, take_turn
from allcore.training.worker import run_worker


def test_turn_ends_when_another_worker_begins_as_where_a_scheduler_queues_a_job_again(tmp_path):
    launch = claim_launch(tmp_path, "slurm", None)
    first = take_turn(tmp_path, launch)
    assert not first.is_over()
    second = take_turn(tmp_path, launch)
    assert (first.is_over(), second.is_over()) == (True, False)
    assert last_launch(tmp_path) == launch


def test_turn_ends_when_the_run_is_launched_again_before_that_ones_worker_begins(tmp_path):
    launch = claim_launch(tmp_path, "ray", None)
    turn = take_turn(tmp_path, launch)
    claim_launch(tmp_path, "ray", launch)
    assert turn.is_over()
    with pytest.raises(RunError, match="launched again"):
        take_turn(tmp_path, launch)


@pytest.mark.process
def test_worker_whose_turn_is_over_ends_its_process_before_it_saves_anything(tmp_path):
    code = (
        "import sys; from pathlib import Path; from allcore.runs.folder.launches import Launch\n"
        "from allcore.runs.execution.stop_signal import StopSignal; from allcore.runs.folder.turns import take_turn\n"
        "folder, launch = Path(sys.argv[1]), Launch(number=1)\n"
        "stop = StopSignal(folder, scheduled=True, turn=take_turn(folder, launch))\n"
        "assert not stop(); take_turn(folder, launch)\n"
        "try: stop()\n"
        "finally: (folder / 'saved').touch()"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == SUPERSEDED
    assert "has another worker now" in done.stderr
    assert not (tmp_path / "saved").exists()


def test_disk_that_does_not_say_ends_no_turn(tmp_path, monkeypatch):
    turn = take_turn(tmp_path, Launch(number=1))
    monkeypatch.setattr(Path, "stat", lambda *_, **__: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    assert not turn.is_over()
    assert not StopSignal(tmp_path, turn=turn)()


def test_worker_of_a_run_that_was_deleted_meanwhile_makes_no_folder(tmp_path, capsys):
    assert run_worker(tmp_path / "gone", launch=1) == SUPERSEDED
    assert "was deleted" in capsys.readouterr().err
    assert not (tmp_path / "gone").exists()
