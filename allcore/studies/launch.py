"""Starting, resuming and stopping a study from wherever: the process that carries it out lives on its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from allcore.config import TrainConfig
from allcore.errors import RunError
from allcore.runs.ending import gone_within, signal_group
from allcore.runs.executor import open_executor, worker_environment
from allcore.runs.files import OUTPUT_FILE, STOP_FILE
from allcore.runs.launches import LOCAL, claim_launch, last_launch
from allcore.runs.preflight import looked_at_once, prepare
from allcore.runs.states import ACTIVE, in_words
from allcore.runs.status import Status, write_status
from allcore.runs.store import Run, RunStore
from allcore.runs.worker_lock import has_worker
from allcore.studies.plan import StudyPlan
from allcore.studies.store import Study
from allcore.workspace import Workspace

_POLL_SECONDS = 0.1


def checked(plan: StudyPlan, workspace: Workspace, on_progress: Callable[[int, int], None] | None = None) -> StudyPlan:
    """Return the plan with its paths made absolute and its labels named, when every member could be launched as it is.

    Raises `InputError` when the data, the weights or a split will not do for one of them, or runs of a study that was
    deleted would become members.
    """
    _must_be_free(plan.name, workspace)
    seen: set[str] = set()
    labels: dict[str, str] = {}
    with looked_at_once():
        for place in plan.places:
            if (key := _looked_at(place.config)) not in seen:
                resolved, _ = prepare(place.config, workspace.cache, on_progress, workspace.judgements)
                seen.add(key)
                labels[place.config.labels] = resolved.labels
                if len(seen) == 1:
                    first = resolved
    kept = {"dataset": first.dataset}
    kept |= {name: getattr(first, name) for name in ("variant", "weights") if name not in plan.vary}
    if "network" in plan.vary and plan.config.weights == "imagenet":
        del kept["weights"]  # each network has a file of its own
    kept |= {"labels": labels.get(plan.config.labels, plan.config.labels)}
    varied = {path: [labels[one] for one in of] if path == "labels" else of for path, of in plan.vary.items()}
    return plan.model_copy(update={"config": plan.config.model_copy(update=kept), "vary": varied})


def is_carried_out(study: Study) -> bool:
    """Return whether a process carries the study out, or was started to."""
    try:
        return has_worker(study.folder) or study.status().state in ACTIVE
    except RunError:
        return False


def start(study: Study, workspace: Workspace) -> None:
    """Start the process that carries a study out; where there is one already, nothing happens."""
    last = last_launch(study.folder)  # first: whoever starts it meanwhile, on any machine, is then found out
    if is_carried_out(study):
        return
    try:
        launch = claim_launch(study.folder, LOCAL, last)
    except RunError:  # another process starts it at this moment
        return
    (study.folder / STOP_FILE).unlink(missing_ok=True)
    moment = time.time()
    write_status(study.folder, Status(state="queued", heartbeat=moment, queued_at=moment))
    with (study.folder / OUTPUT_FILE).open("ab") as output:
        subprocess.Popen(
            [sys.executable, "-m", "allcore", "study-runner", str(study.folder), "--launch", str(launch.number)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=worker_environment(workspace),
        )


def request_stop(study: Study) -> None:
    """Ask that the study stops, its present member at the next batch, and return at once.

    Raises `RunError` when nobody carries the study out.
    """
    state = study.status().state
    if state not in ACTIVE:
        raise RunError(f"study {study.name} is {in_words(state)}; there is nothing to stop")
    (study.folder / STOP_FILE).touch()


def stop(study: Study, workspace: Workspace, patience: float = 120.0) -> None:
    """Stop the study and its present member, more and more firmly, and return when both have ended.

    The member's checkpoint is kept. Raises `RunError` when nothing of the study goes on.
    """
    executor = open_executor(workspace)
    active = [run for run in study.members(executor.store.runs()).values() if _is_active(run)]
    if not active or is_carried_out(study):
        request_stop(study)
    deadline = time.monotonic() + patience
    while is_carried_out(study) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    status = study.status()
    signal_group(status, signal.SIGKILL)
    gone_within(status, patience)
    for run in active:
        with suppress(RunError):  # it has ended meanwhile
            executor.stop(run)
    if study.status().state == "interrupted":
        write_status(study.folder, status.model_copy(update={"state": "cancelled"}))


def _must_be_free(name: str, workspace: Workspace) -> None:
    """Raise `RunError` where runs have the name of a study that is not there: it was deleted, and they stayed."""
    study = Study(workspace.studies / name)
    if study.folder.is_dir():
        return
    if left := [run.id for _, run in study.runs_at_places(RunStore(workspace.runs).runs())]:
        more = f" and {len(left) - 1} more" if len(left) > 1 else ""
        raise RunError(
            f"runs of a study {name!r} that was deleted are still there ({left[0]}{more}) and would become members of "
            "this one; give another name, or delete them"
        )


def _is_active(run: Run) -> bool:
    try:
        return run.status().state in ACTIVE
    except RunError:
        return False


def _looked_at(config: TrainConfig) -> str:
    """Return a text that is the same for configurations that need the same look before they are launched."""
    return config.model_dump_json(include={"dataset", "variant", "labels", "network", "weights", "split"})
