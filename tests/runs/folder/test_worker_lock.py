"""Whose lock on a run's folder says that a worker of it lives."""

import pytest

from allcore.runs.folder.process import host
from allcore.runs.folder.status import Status, write_status
from allcore.runs.folder.turns import SUPERSEDED
from allcore.runs.folder.worker_lock import has_worker, worker_lock
from allcore.training.worker import run_worker
from tests.runs.scheduler import written_before


@pytest.mark.parametrize(
    ("machine", "heard", "lives"),
    [(host(), 1000, True), ("", 1000, True), ("elsewhere", 10, True), ("elsewhere", 1000, False)],
)
def test_a_lock_is_heeded_unless_it_is_a_machine_s_that_was_not_heard_of_for_long(tmp_path, machine, heard, lives):
    write_status(tmp_path, Status(state="running", pid=1, process_started="x", host=machine, heartbeat=1, queued_at=1))
    written_before(tmp_path / "status.json", heard)
    with worker_lock(tmp_path):
        assert has_worker(tmp_path) == lives
    assert not has_worker(tmp_path)


@pytest.mark.parametrize("launch", [None, 1])
def test_a_worker_of_a_run_that_was_deleted_leaves_nothing(tmp_path, capsys, launch):
    assert run_worker(tmp_path / "run", launch) == SUPERSEDED
    assert "run was deleted" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert not has_worker(tmp_path / "run")


@pytest.mark.parametrize("content", ["{", "[]", None])
def test_a_lock_is_heeded_where_the_status_cannot_be_read(tmp_path, content):
    if content is not None:
        (tmp_path / "status.json").write_text(content)
        written_before(tmp_path / "status.json", 1000)
    with worker_lock(tmp_path):
        assert has_worker(tmp_path)
