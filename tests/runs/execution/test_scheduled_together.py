"""Several processes, and machines, that look at the runs of one scheduler: none overrules another that knows more."""

from pathlib import Path

import pytest

from allcore.runs.execution import scheduled
from allcore.runs.execution.ray_jobs import RayExecutor
from allcore.runs.execution.scheduled import Word
from allcore.runs.execution.slurm import SlurmExecutor
from allcore.runs.folder.files import STOP_FILE
from allcore.runs.folder.launches import claim_launch, last_launch, record_launch
from tests.runs.scheduler import Scheduler, begun, launched_before, marked_long_ago, marks

pytestmark = pytest.mark.usefixtures("looks_at_once")

OVER = {"7": Word("over", "out of memory")}


@pytest.mark.parametrize("slow", ["asking", "recording"])
def test_a_word_that_is_older_than_what_another_process_recorded_meanwhile_does_not_stay(
    workspace, given_a_machine, monkeypatch, slow
):
    run = given_a_machine(Scheduler(workspace))
    late, other = Scheduler(workspace, said={"7": Word("running", "completing")}), Scheduler(workspace, said=OVER)
    ask = Scheduler.words

    def words(self, jobs):
        if self is late and slow == "asking":
            other.look()
        return ask(self, jobs)

    def record(folder, said):
        if said.state == "running" and slow == "recording":
            other.look()
        record_launch(folder, said)

    monkeypatch.setattr(Scheduler, "words", words)
    monkeypatch.setattr(scheduled, "record_launch", record)
    late.look()
    other.look()
    assert (run.status().state, run.status().error) == ("interrupted", "Slurm job 7: out of memory")
    assert marks(other) == []


def test_run_that_is_launched_again_as_its_mark_is_taken_away_is_asked_about(workspace, launch, monkeypatch):
    scheduler, unlink = Scheduler(workspace), Path.unlink
    run = launch(scheduler)
    scheduler.said.update(OVER)

    def meanwhile(path, missing_ok=False):
        if path.name == run.id:
            monkeypatch.setattr(Path, "unlink", unlink)
            scheduler._launch(run, claim_launch(run.folder, "slurm", last_launch(run.folder)))
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", meanwhile)
    scheduler.look()
    assert (last_launch(run.folder).number, marks(scheduler)) == (2, [run.id])


@pytest.mark.parametrize("content", ["", "{", None])
def test_run_whose_launch_cannot_be_read_for_a_moment_is_asked_about_later(workspace, launch, content):
    scheduler = Scheduler(workspace)
    run = launch(scheduler)
    marked_long_ago(scheduler)
    record = run.folder / "launches" / "1.json"
    whole = record.read_text()
    record.unlink()
    if content is not None:
        record.write_text(content)
    scheduler.look()
    record.write_text(whole)
    scheduler.said.update(OVER)
    scheduler.look()
    assert (run.status().state, marks(scheduler)) == ("interrupted", [])


@pytest.fixture(params=[SlurmExecutor, RayExecutor], ids=["slurm", "ray"])
def elsewhere(request, workspace, monkeypatch):
    """Return the executor of a scheduler that this machine has no way to ask."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    return request.param(workspace)


@pytest.fixture
def of_elsewhere(elsewhere, launch):
    """Return a run of that scheduler, whose job waits by its last word."""
    run = launch(Scheduler(elsewhere.workspace))
    record_launch(run.folder, last_launch(run.folder).model_copy(update={"executor": elsewhere.name}))
    (elsewhere.store.root / ".queue" / "slurm").rename(elsewhere.store.root / ".queue" / "jobs")
    (elsewhere.store.root / ".queue" / "jobs").rename(elsewhere.store.root / ".queue" / elsewhere.name)
    return run


def runs_silently(run):
    """Let the run's job run, by its last word, and its worker not have been heard of for long."""
    begun(run, heard=1000)
    record_launch(run.folder, last_launch(run.folder).model_copy(update={"state": "running"}))


def test_a_machine_that_cannot_ask_overrules_nobody_and_keeps_nobody_from_asking(elsewhere, of_elsewhere):
    runs_silently(of_elsewhere)
    elsewhere.look()
    assert last_launch(of_elsewhere.folder).state == of_elsewhere.status().state == "running"
    assert list((elsewhere.store.root / ".queue").glob("*.asked")) == []


@pytest.mark.parametrize("silent", [True, False])
def test_a_run_can_be_stopped_from_a_machine_that_cannot_ask(elsewhere, of_elsewhere, silent):
    if silent:
        runs_silently(of_elsewhere)
    elsewhere.stop(of_elsewhere, patience=0.0)
    assert of_elsewhere.status().state == "cancelled"
    assert (of_elsewhere.folder / STOP_FILE).exists()  # whatever of it lives finds the request


HERE, OTHER_USER, OTHER_CLUSTER = "1@here", "2@here", "1@there"


@pytest.fixture
def waiting(workspace, launch):
    """Return a run that has waited for long with the scheduler called here."""
    run = launch(Scheduler(workspace, where=HERE))
    launched_before(run, 1000)
    return run


@pytest.mark.parametrize(
    ("where", "said", "state"),
    [
        (HERE, {"8": Word("running", "")}, "interrupted"),
        (HERE, OVER, "interrupted"),
        (OTHER_USER, {"8": Word("running", "")}, "queued"),  # who may not be shown it
        (OTHER_USER, OVER, "interrupted"),
        (OTHER_CLUSTER, {"8": Word("running", "")}, "queued"),
        (OTHER_CLUSTER, OVER, "queued"),  # of a stranger's job
        ("", OVER, "interrupted"),
    ],
)
def test_only_the_scheduler_that_has_a_job_speaks_of_it(workspace, waiting, where, said, state):
    Scheduler(workspace, said=said, where=where).look()
    assert waiting.status().state == state


@pytest.mark.parametrize("heard", [1000, None])
def test_run_of_another_scheduler_is_stopped_and_a_stranger_of_its_number_is_not(workspace, waiting, heard):
    if heard is not None:
        begun(waiting, heard)
    other = Scheduler(workspace, said={"7": Word("waiting", "pending")}, where=OTHER_CLUSTER)
    other.stop(waiting, patience=0.0)
    assert waiting.status().state == "cancelled"
    assert other.said["7"].state == "waiting"


def test_run_can_be_resumed_by_a_user_who_is_not_shown_its_job_once_it_is_silent(workspace, waiting):
    begun(waiting, heard=1000)
    record_launch(waiting.folder, last_launch(waiting.folder).model_copy(update={"state": "running"}))
    assert waiting.status().state == "running"
    Scheduler(workspace, said={"8": Word("running", "")}, where=OTHER_USER).look()
    assert waiting.status().state == "interrupted"
    Scheduler(workspace, said={"7": Word("running", "suspended")}, where=HERE).look()
    assert waiting.status().state == "running"


def test_who_has_none_of_the_jobs_keeps_nobody_from_asking(workspace, waiting, monkeypatch):
    monkeypatch.setattr("allcore.runs.execution.asked_lately.ASK_SECONDS", 60.0)
    Scheduler(workspace, said=OVER, where=OTHER_CLUSTER).look()
    monkeypatch.setattr("allcore.runs.execution.asked_lately._until", {})  # as in another process
    Scheduler(workspace, said=OVER, where=HERE).look()
    assert waiting.status().state == "interrupted"


def test_two_addresses_of_dashboards_are_two_schedulers(workspace, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "http://user:secret@Head:8265/path")
    assert RayExecutor(workspace).at() == "head:8265"
