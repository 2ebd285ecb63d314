"""Deleting a study, alone or with its runs: refused while any of it goes on."""

import errno

import pytest

from allcore.errors import RunError
from allcore.runs.folder.worker_lock import worker_lock
from allcore.studies.deletion import delete_study
from allcore.studies.launch import resolved_plan
from allcore.studies.plan import make_plan
from allcore.studies.runner import run_study
from allcore.studies.store import PLAN_FILE
from tests.studies.conftest import set_state


@pytest.fixture
def done(study, executor):
    """Return the study, all four members of which have succeeded."""
    run_study(study.folder, executor)
    return study


@pytest.fixture
def other(executor, tiny_config):
    """Return a run that is of no study."""
    return executor.submit(tiny_config(study="other", place="seed=0"))


def test_runs_of_a_deleted_study_stay_and_go_where_that_is_asked_for(done, executor, other):
    runs = set(executor.store.runs())
    delete_study(done, executor.workspace)
    assert list(executor.workspace.studies.iterdir()) == []
    assert set(executor.store.runs()) == runs


def test_all_runs_of_a_study_go_with_it_where_that_is_asked_for(done, plan, executor, other):
    of_a_member = executor.store.create(plan.places[0].config, executor.split)
    set_state(of_a_member, "failed")
    delete_study(done, executor.workspace, with_runs=True)
    assert not done.folder.exists()
    assert executor.store.runs() == [other]


@pytest.mark.parametrize("with_runs", [False, True])
@pytest.mark.parametrize("active", ["study", "process", "run"])
def test_a_study_of_which_anything_goes_on_is_not_deleted(done, executor, with_runs, active):
    runs = executor.store.runs()
    if active != "process":
        set_state(done if active == "study" else runs[2], "running")
    going_on, said = (runs[2], f"run {runs[2].id} .* goes on") if active == "run" else (done, "stop it before")
    with worker_lock(going_on.folder), pytest.raises(RunError, match=said):
        delete_study(done, executor.workspace, with_runs=with_runs)
    assert done.folder.is_dir()
    assert executor.store.runs() == runs


def test_a_damaged_study_can_be_deleted(done, executor):
    (done.folder / PLAN_FILE).write_text("{", encoding="utf-8")
    (done.folder / "status.json").unlink()
    delete_study(done, executor.workspace)
    assert not done.folder.exists()
    with pytest.raises(RunError, match="study sizes was deleted meanwhile"):
        delete_study(done, executor.workspace)


def test_a_study_that_cannot_be_moved_away_is_kept_whole(done, executor, monkeypatch):
    def busy(path, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    before = sorted(done.folder.rglob("*"))
    monkeypatch.setattr("pathlib.Path.rename", busy)
    with pytest.raises(RunError, match=r"study sizes cannot be deleted \(Invalid cross-device link\); all of it is"):
        delete_study(done, executor.workspace)
    assert sorted(done.folder.rglob("*")) == before


def test_what_a_killed_deletion_left_goes_with_the_next(study, executor):
    (executor.workspace.studies / ".trash-0123-other").mkdir()
    delete_study(study, executor.workspace)
    assert list(executor.workspace.studies.iterdir()) == []


def test_runs_of_a_deleted_study_do_not_become_members_of_another_of_its_name(workspace, executor, tiny_config):
    plan = make_plan(name="again", config=tiny_config(), seeds=(0, 1))
    executor.submit(plan.places[0].config)
    with pytest.raises(RunError, match=r"runs of a study 'again' that was deleted are .* another name"):
        resolved_plan(plan, executor.workspace)
    resolved_plan(plan.model_copy(update={"name": "other"}), executor.workspace)
    (executor.workspace.studies / "again").mkdir(parents=True)
    resolved_plan(plan, executor.workspace)  # it is there, and is extended
