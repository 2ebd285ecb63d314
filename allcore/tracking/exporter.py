"""The exporter: a process beside a run's worker that mirrors it, and what was left behind by others of the workspace.

It reads the run's folder and never touches the worker. While the server does not answer it tries again, ever less
often; what it cannot send before it gives up, the next exporter of the workspace or `mlflow sync` sends.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from allcore.errors import InputError, RunError, TrackingError
from allcore.refusals import what_went_wrong
from allcore.result_cache import short_digest
from allcore.runs.execution.mirroring import TRACKING_VARIABLE
from allcore.runs.folder.disk_clock import seconds_since_written
from allcore.runs.folder.files import QUEUE_FOLDER
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.store import Run, RunStore, state_of
from allcore.runs.folder.turns import present_turn
from allcore.studies.store import PLAN_FILE, Study, StudyStore
from allcore.tracking.mirror import is_behind, mirror
from allcore.tracking.record import Mirrored, read_mirrored
from allcore.tracking.server import MlflowServer
from allcore.tracking.study import mirror_study, study_is_behind
from allcore.workspace import Workspace
from allcore.writing import make_folder

_LOOK_SECONDS: Final = 5.0
_LONGEST_PAUSE: Final = 120.0
_CATCH_UP_SECONDS: Final = 600.0
_PATIENCE: Final = 900.0
"""Seconds for which an exporter tries to send what is left after its run has come to rest."""


def tracking_server() -> MlflowServer:
    """Return the server that MLFLOW_TRACKING_URI names. Raises `TrackingError` where it names none."""
    if not (uri := os.environ.get(TRACKING_VARIABLE, "").strip()):
        raise TrackingError(
            f"{TRACKING_VARIABLE} is not set; give it the address of an MLflow server, http://HOST:PORT"
        )
    return MlflowServer(uri)


def follow(folder: Path, workspace: Workspace) -> int:
    """Mirror the run, or the study, in a folder until it rests and all is sent, and what others left; return 0.

    That is done while the run goes on: at its end, a scheduler's job would keep its devices for it. Where the server
    could not be reached until patience ended, return 1. What goes wrong is said once, on standard error. A run that
    another worker has by now is left to that one's exporter.
    """
    turn = present_turn(folder)
    with suppress(OSError):
        os.nice(19)
    try:
        server = tracking_server()
    except TrackingError as error:
        print(f"MLflow: nothing is mirrored: {error}", file=sys.stderr)
        return 1
    is_last = (folder / PLAN_FILE).is_file()  # its members' jobs may have ended before all was sent
    said, pause, rested, has_looked = "", _LOOK_SECONDS, 0.0, False
    while True:
        if turn.is_over():
            return 0
        try:
            is_all_sent = _is_all_sent(folder, server, workspace)
            if is_last:  # what it does not send waits for a run that may never come
                _send_what_others_left(server, workspace)
            elif not has_looked:
                has_looked = True
                if seconds_since_written(_looked_at(workspace, server)) >= _CATCH_UP_SECONDS:
                    with suppress(TrackingError):
                        _send_what_others_left(server, workspace, until_rests=None if is_all_sent else Run(folder))
            if is_all_sent:
                return 0
            pause = _LOOK_SECONDS
        except RunError as error:  # deleted, or damaged
            print(f"MLflow: nothing more is mirrored: {error}", file=sys.stderr)
            return 1
        except (TrackingError, OSError) as error:
            _let_the_next_one_look(workspace, server)  # should this one be ended, it sends what is left
            if what_went_wrong(error) != said:
                said = what_went_wrong(error)
                print(f"MLflow: {said}; it is tried again; so does python -m allcore mlflow sync", file=sys.stderr)
            pause = min(2 * pause, _LONGEST_PAUSE)
        rested = 0.0 if state_of(Run(folder)) in ACTIVE else rested or time.monotonic()
        if rested and time.monotonic() - rested > _PATIENCE:
            return 1
        time.sleep(pause)


def _send_what_others_left(server: MlflowServer, workspace: Workspace, *, until_rests: Run | None = None) -> None:
    """Catch up, which looks at all runs of the workspace, and note when. Raises `TrackingError`.

    What is broken off, as the server does not answer or a run rests that has more to send, the next exporter does.
    """
    mark = _looked_at(workspace, server)
    with suppress(OSError):  # a full disk: others look as well
        make_folder(mark.parent)
        mark.touch()
    is_done = False
    try:
        for _ in catch_up(server, workspace):
            if until_rests is not None and state_of(until_rests) not in ACTIVE:
                break
        else:
            is_done = True
    finally:
        if not is_done:
            _let_the_next_one_look(workspace, server)


def _let_the_next_one_look(workspace: Workspace, server: MlflowServer) -> None:
    with suppress(OSError):
        _looked_at(workspace, server).unlink(missing_ok=True)


def _looked_at(workspace: Workspace, server: MlflowServer) -> Path:
    """Return the file whose time says when an exporter to this server last looked for what others left."""
    return workspace.runs / QUEUE_FOLDER / f"mlflow-{short_digest(server.address)}.looked"


def _is_all_sent(folder: Path, server: MlflowServer, workspace: Workspace) -> bool:
    """Send what is new; return whether nothing more is to come."""
    if (folder / PLAN_FILE).is_file():
        mirror_study(Study(folder), server, server.experiment())
        return True
    run = Run(folder)
    rests = run.status().state not in ACTIVE  # asked first: what it then has is its last
    record = mirror(run, server, workspace)
    return rests and not is_behind(run, record)


def catch_up(
    server: MlflowServer, workspace: Workspace, runs: Sequence[Run] | None = None
) -> Iterator[tuple[Run | Study, str]]:
    """Mirror runs that are behind, and yield each with '' or what went wrong; by default those begun to be mirrored.

    Runs that wait for their first start are left out. Studies that are mirrored and behind follow, yielded likewise.
    Raises `TrackingError` as soon as the server does not answer.
    """
    for run in RunStore(workspace.runs).runs() if runs is None else runs:
        yield from _outcome(run, partial(_catch_up_run, run, server, workspace, only_begun=runs is None))
    for study in StudyStore(workspace.studies).studies():
        yield from _outcome(study, partial(_catch_up_study, study, server))


def waits_for_its_start(run: Run) -> bool:
    """Return whether a run has never had a device, and is to have one."""
    try:
        status = run.status()
    except RunError:
        return False
    return status.state == "queued" and status.started is None


def _outcome(of: Run | Study, send: Callable[[], bool]) -> Iterator[tuple[Run | Study, str]]:
    """Yield what something came to that is sent; nothing where there was nothing to send."""
    try:
        if not send():
            return
        problem = ""
    except TrackingError as error:
        if not error.code:
            raise
        problem = str(error)
    except (InputError, OSError) as error:
        problem = what_went_wrong(error)
    yield of, problem


def _catch_up_run(run: Run, server: MlflowServer, workspace: Workspace, *, only_begun: bool) -> bool:
    known = _record_at(run.folder, server)
    if known is None and (only_begun or waits_for_its_start(run)):
        return False
    if known is not None and run.status().state not in ACTIVE and not is_behind(run, known):
        return False
    mirror(run, server, workspace)
    return True


def _catch_up_study(study: Study, server: MlflowServer) -> bool:
    known = _record_at(study.folder, server)
    if known is None or not study_is_behind(study, known):
        return False
    mirror_study(study, server, known.experiment)
    return True


def _record_at(folder: Path, server: MlflowServer) -> Mirrored | None:
    record = read_mirrored(folder)
    return record if record is not None and record.server == server.address else None
