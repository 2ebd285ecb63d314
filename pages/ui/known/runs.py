"""Runs as the pages watch them: read from their folders at every look, and kept only where they cannot change."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Literal

import streamlit as st

from allcore.evaluation.predictions.evaluation_run import evaluation_record
from allcore.files import NOT_THERE, Stamp, stamp
from allcore.number_text import duration
from allcore.runs.execution.ask_schedulers import ask_schedulers
from allcore.runs.execution.lease import waiting
from allcore.runs.folder.files import CONFIG_FILE, METRICS_FILE, SPLIT_FILE
from allcore.runs.folder.history import History, HistoryReader
from allcore.runs.folder.process import is_elsewhere
from allcore.runs.folder.states import in_words
from allcore.runs.folder.store import Run, run_of_model
from allcore.runs.listing import AtRest, runs_at_rest, stamps
from allcore.runs.summarize import best_validation_accuracy, summarize
from allcore.runs.summary import RunSummary
from allcore.studies.out_of_fold import full_name, is_out_of_fold
from allcore.workspace import open_workspace
from pages.ui import address
from pages.ui.guarded import guarded
from pages.ui.known.workspace import executor

REFRESH_SECONDS = 2.0
_READING = Lock()
_STATE_COLOURS: dict[str, Literal["gray", "blue", "orange", "green", "red", "yellow"]] = {
    "queued": "gray", "running": "blue", "stopping": "orange", "succeeded": "green", "failed": "red",
    "cancelled": "yellow", "interrupted": "orange", "damaged": "red",
}  # fmt: skip
_STATE_ICONS = {
    "queued": ":material/hourglass_top:", "running": ":material/play_circle:", "stopping": ":material/pending:",
    "succeeded": ":material/check_circle:", "failed": ":material/error:", "cancelled": ":material/stop_circle:",
    "interrupted": ":material/power_off:", "damaged": ":material/broken_image:",
}  # fmt: skip


def runs() -> list[Run]:
    """Return all runs, newest first, the damaged ones too; schedulers are asked about theirs every few seconds."""
    _look(str(executor().store.root))
    datasets = _datasets_stamp()
    return [_watched(run, datasets) for run in executor().store.runs()]


def watched(run: Run) -> Run:
    """Return a run as all sessions share it: its configuration is read once, and after a renaming."""
    return _watched(run, _datasets_stamp())


def _watched(run: Run, datasets: Stamp) -> Run:
    return _run(run.folder, (stamp(run.folder / CONFIG_FILE), datasets))


def content_of_split(run: Run) -> str:
    """Return what runs on the same split have in common, see `Split.content`. Raises `RunError`."""
    return _content_of_split(run.folder, stamp(run.folder / SPLIT_FILE))


def history(run: Run) -> History:
    """Return a run's metrics so far."""
    return _history(str(run.folder), stamp(run.folder / METRICS_FILE))


def summary(run: Run) -> RunSummary:
    """Return the summary of a run as it is now; only a run that is active, or has changed, is read."""
    return summaries([run])[0]


def _summary(run: Run, datasets: Stamp, at_rest: AtRest) -> RunSummary:
    folder = str(run.folder)
    now = stamps(folder, datasets)
    kept = at_rest.get(folder)
    if kept is not None and kept[0] == now:
        return kept[1]
    with _READING:  # of many visitors who see that a run has changed, one reads it
        kept = at_rest.get(folder)
        if kept is not None and kept[0] == now:
            return kept[1]
        metrics = now[-1]
        as_it_is = _watched(run, datasets)  # who asks may have read its configuration before a renaming
        found = summarize(as_it_is, lambda run: None if metrics == NOT_THERE else _best(folder, metrics))
        if found.is_at_rest:
            at_rest[folder] = now, found
        return found


def summaries(of: Sequence[Run]) -> list[RunSummary]:
    """Return the summary of each run as it is now."""
    datasets, at_rest = _datasets_stamp(), _at_rest()  # once, not for each of thousands of runs
    return [_summary(run, datasets, at_rest) for run in of]


def states(of: Sequence[Run]) -> dict[str, str]:
    """Return the state of each run by its id; only runs that are active, or have changed, are read."""
    return {summary.id: summary.state for summary in summaries(of)}


@st.fragment(run_every=REFRESH_SECONDS)
@guarded("the watch over the runs")
def watch(shown: dict[str, str]) -> None:
    """Draw the whole page anew once there are other runs, or in other states, than those that it shows.

    It looks as long as the page is open: another browser, or the command line, may start, stop or delete a run.
    """
    if address.is_due() or states(runs()) != shown:
        st.rerun()


def refresh_every(shown: Sequence[RunSummary]) -> float | None:
    """Return after how many seconds a page that shows these runs looks again; None when none of them is active."""
    return REFRESH_SECONDS if any(summary.is_active for summary in shown) else None


def state_badge(state: str) -> None:
    """Show a run's state in its colour."""
    st.badge(in_words(state), icon=_STATE_ICONS[state], color=_STATE_COLOURS[state])


def places_in_the_queue() -> dict[str, int]:
    """Return how many runs stand before each that waits for a device of this machine."""
    return waiting(executor().store.root)


def phase_text(of: RunSummary, waiting: dict[str, int]) -> str:
    """Return in a few words what an active run is doing: its place among those waiting, or its epoch and time left."""
    if of.state == "queued":
        if of.pid is None and of.phase:  # with a scheduler, which has a queue of its own
            return of.phase
        if is_elsewhere(of.host, of.process_started):  # which has a queue of its own
            return f"{of.phase or 'starting'} on {of.host}"
        before = waiting.get(of.id)
        if before is None:
            return "starting"
        return "next in the queue" if before == 0 else f"{before} ahead of it in the queue"
    left = f", {duration(of.eta_seconds)} left" if of.eta_seconds is not None else ""
    return f"epoch {min(of.epoch + 1, of.epochs)} of {of.epochs}, {of.phase or of.state}{left}"


def _datasets_stamp() -> Stamp:
    """Return what changes when a dataset of the workspace is renamed: runs then say its new name."""
    return stamp(open_workspace().datasets)


@st.cache_data(ttl="3s", refresh_mode="background", max_entries=4, show_spinner=False)
def _look(root: str) -> None:
    """Have the schedulers' words recorded, where any carries runs out; nobody waits for it but who looks first."""
    ask_schedulers(open_workspace())


@st.cache_resource(show_spinner=False)
def _at_rest() -> AtRest:
    """Return the summaries of runs that are not active, by folder; at first those that the list of runs tells of."""
    workspace = open_workspace()
    return {str(workspace.runs / name): known for name, known in runs_at_rest(workspace).items()}


@lru_cache(10_000)  # every page asks this of every run, and Streamlit takes its time over every argument
def _run(folder: Path, stamps: tuple[Stamp, ...]) -> Run:
    """Return a run that keeps its configuration once it is read."""
    return Run(folder)


@lru_cache(10_000)
def _content_of_split(folder: Path, stamp: Stamp) -> str:
    return Run(folder).split.content


@st.cache_data(max_entries=10_000, show_spinner=False)
def _best(folder: str, stamp: Stamp) -> float | None:
    return best_validation_accuracy(_reader(folder).read())


@st.cache_resource(max_entries=24, show_spinner=False)
def _history(folder: str, stamp: Stamp) -> History:
    return _reader(folder).read()


@st.cache_resource(max_entries=16, show_spinner=False)  # of megabytes each: as many as run at the same time
def _reader(folder: str) -> HistoryReader:
    """Return what has read a run's metrics, up to where they had come."""
    return HistoryReader(Path(folder))


def run_at(folder: str) -> Run:
    """Return the run in a folder, whose configuration and split all pages share."""
    return watched(Run(Path(folder)))


def short_name(run: Run) -> str:
    """Return how a run is called in legends: its image size and the end of its id; of a scored folder, the model's.

    Out-of-fold predictions are called by their study, setting and seed.
    """
    if is_out_of_fold(run):
        return full_name(run)
    record = evaluation_record(run)
    if record is not None:
        model = run_of_model(record.model)
        return record.name if model is None else short_name(model)
    return f"{run.config.image_size} px ({run.id[-4:]})"
