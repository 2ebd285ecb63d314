"""Starting, resuming and stopping a study from wherever: the process that carries it out lives on its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from allcore.config import TrainConfig
from allcore.data.folder.links import from_home
from allcore.errors import ConfigError, RunError
from allcore.runs.execution.choose_executor import executor_of, open_executor
from allcore.runs.execution.end_process import gone_within, signal_group
from allcore.runs.execution.executor import worker_environment
from allcore.runs.execution.preflight import looked_at_once, prepare, require_training, with_groups_absolute
from allcore.runs.execution.stop_many import stop_all_in_background
from allcore.runs.folder.files import OUTPUT_FILE, STOP_FILE
from allcore.runs.folder.launches import LOCAL, claim_launch, last_launch
from allcore.runs.folder.states import ACTIVE, in_words
from allcore.runs.folder.status import Status, write_status
from allcore.runs.folder.store import RunStore
from allcore.runs.folder.worker_lock import has_worker
from allcore.studies.plan import StudyPlan, each_once, make_plan
from allcore.studies.same_images import must_be_those_of
from allcore.studies.store import Study
from allcore.workspace import Workspace

_POLL_SECONDS = 0.1


def resolved_plan(
    plan: StudyPlan,
    workspace: Workspace,
    on_progress: Callable[[int, int], None] | None = None,
    extends: Study | None = None,
) -> StudyPlan:
    """Return the plan with its paths made absolute and its labels named, when every member could be launched as it is.

    Values that are one once they are named so stand there once. Raises `InputError` when the data, the weights or a
    split will not do for one of them, its devices cannot be had from here, runs of a study that was deleted would
    become members, or the images are others than those on which the study `extends`, whose plan it was, began.
    """
    _must_be_free(plan.name, workspace)
    _must_have_devices(plan, workspace)
    members = [] if extends is None else [*extends.members(RunStore(workspace.runs).runs()).values()][::-1]
    seen: set[str] = set()
    labels: dict[str, str] = {}
    with looked_at_once():
        for place in plan.places:
            if (key := _looked_at(place.config)) not in seen:
                resolved, split = prepare(place.config, workspace.cache, on_progress, workspace.judgements)
                must_be_those_of(members, resolved, split)
                seen.add(key)
                if labels.setdefault(place.config.labels, resolved.labels) != resolved.labels:
                    raise ConfigError(
                        f"labels: {place.config.labels} is another version in each variant; make a study of each"
                    )
                if len(seen) == 1:
                    first = resolved
    kept = {"dataset": first.dataset, "split": with_groups_absolute(plan.config.split)}
    kept |= {name: getattr(first, name) for name in ("variant", "weights") if name not in plan.vary}
    if "network" in plan.vary and plan.config.weights == "imagenet":
        del kept["weights"]  # each network has a file of its own
    kept |= {"labels": labels.get(plan.config.labels, plan.config.labels)}
    return make_plan(
        name=plan.name,
        config=plan.config.model_copy(update=kept),
        seeds=plan.seeds,
        folds=plan.folds,
        vary={path: each_once([_in_full(path, value, labels) for value in of]) for path, of in plan.vary.items()},
        keep_models=plan.keep_models,
    )


def is_carried_out(study: Study) -> bool:
    """Return whether a process carries the study out, or was started to."""
    try:
        return has_worker(study.folder) or study.status().state in ACTIVE
    except RunError:
        return False


def start_study(study: Study, workspace: Workspace) -> None:
    """Start the process that carries a study out; where there is one already, nothing happens.

    Raises `InputError` where TensorFlow is not installed, without which every member would fail.
    """
    last = last_launch(study.folder)  # first: whoever starts it meanwhile, on any machine, is then found out
    if is_carried_out(study):
        return
    require_training()
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


def ask_study_to_stop(study: Study, workspace: Workspace) -> None:
    """Ask that the study stops, what trains of it at the next batch, and return at once.

    Where nobody carries it out, its members are asked. Raises `RunError` when nothing of it goes on, `OSError` where
    the disk refuses the request and no signal reaches the process.
    """
    status = study.status()
    if status.state in ACTIVE:
        try:
            (study.folder / STOP_FILE).touch()
        except OSError:  # a full disk, say: the process takes the signal as the same request
            if not signal_group(status, signal.SIGTERM):
                raise
        return
    executor = open_executor(workspace)
    active = study.active_members(executor.store.runs())
    if not active:
        raise RunError(f"study {study.name} is {in_words(status.state)}; there is nothing to stop")
    stop_all_in_background(active, workspace)


def stop_study(study: Study, workspace: Workspace, patience: float = 120.0) -> None:
    """Stop the study and what trains of it, more and more firmly, and return when all has ended.

    The members' checkpoints are kept. Raises what `ask_study_to_stop` does.
    """
    executor = open_executor(workspace)
    active = study.active_members(executor.store.runs())
    ask_study_to_stop(study, workspace)
    deadline = time.monotonic() + patience
    while is_carried_out(study) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    status = study.status()
    signal_group(status, signal.SIGKILL)
    gone_within(status, patience)
    for run in active:
        with suppress(RunError):  # it has ended meanwhile
            executor_of(run, workspace).stop(run)
    if study.status().state == "interrupted":
        with suppress(OSError):  # a full disk, say: it can be resumed as it is
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


def _must_have_devices(plan: StudyPlan, workspace: Workspace) -> None:
    """Raise `ConfigError` where a member could never start: of those with the same devices one is looked at."""
    executor = open_executor(workspace)
    for config in {(place.config.device, place.config.devices): place.config for place in plan.places}.values():
        executor.check(config)


def _in_full(path: str, value: Any, labels: Mapping[str, str]) -> Any:  # noqa: ANN401 - a field is of any type
    """Return a varied field's value as runs record it: labels by the name of their version, files by their paths."""
    if path == "labels":
        return labels[value]
    names_file = path == "split.groups" or (path == "weights" and value not in ("imagenet", "random"))
    return str(from_home(value)) if names_file and value is not None else value


def _looked_at(config: TrainConfig) -> str:
    """Return a text that is the same for configurations that need the same look before they are launched."""
    images_and_weights = {"dataset", "variant", "labels", "network", "weights", "split"}
    return config.model_dump_json(include={*images_and_weights, "image_size", "head", "dense_units"})
