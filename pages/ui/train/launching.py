"""Launching a run or a study from a page: what is warned of before, and a second click on the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from uuid import uuid4

import streamlit as st

from allcore.config import TrainConfig
from allcore.errors import InputError
from allcore.model.weights_files import must_download
from allcore.number_text import duration, listed
from allcore.progress import Progress
from allcore.refusals import what_went_wrong
from allcore.runs.execution.executor import Executor
from allcore.studies.launch import resolved_plan, start_study
from allcore.studies.plan import StudyPlan
from allcore.studies.store import StudyStore
from allcore.text import for_page
from allcore.workspace import Workspace, open_workspace
from pages.ui.known.workspace import executor, forget_relations
from pages.ui.shared_work import CancelledError, begin, wait_if_under_way
from pages.ui.sign_in import permitted
from pages.ui.train.config_form import weights_key

_SAME_CLICK_SECONDS = 3.0
_CANCEL_SECONDS: Final = 5.0
"""How long a launch may take to hear that it is cancelled, before the page says no more than that."""
_LAUNCHES: Final = "launches"
_DOING: Final = (
    "Checking the images, the split and the weights, and looking for shared fields once for a dataset; "
    "it goes on when you leave this page"
)
_HOURS_FROM = 3600.0
_LARGE_SIZE, _LARGE_EPOCHS = 200, 10


def warn_of_hours(seconds: float | None, configs: Sequence[TrainConfig], *, has_gpu: bool) -> None:
    """Warn before hours are spent: by what is known of the time, or where a large run would be made without a GPU."""
    other = "The preset *Quick* takes minutes; *Measure* estimates the time of these settings."
    if seconds is not None:
        if seconds > _HOURS_FROM:
            st.warning(f"About {duration(seconds)} on this machine. {other}", title="This takes hours")
    elif not has_gpu and any(map(_is_large, configs)):
        st.warning(f"Without a GPU, such a run takes many hours. {other}", title="This takes hours")


def warn_of_download(configs: Sequence[TrainConfig], form: str) -> None:
    """Warn where a run would download its initial weights, and offer random ones for the settings of `form`."""
    trunks = {one.network: one.trunk for one in configs if must_download(one.weights, one.trunk)}.values()
    if not trunks:
        return
    st.warning(
        f"The run downloads them ({sum(trunk.megabytes for trunk in trunks)} MB) when it starts, which needs a network "
        "connection. Without one, put a .weights.h5 file into the workspace and give its path as *Weights*, set "
        f"{listed([trunk.weights_variable for trunk in trunks])} before the app starts, or begin with random weights: "
        "everything works, and the scores will be lower.",
        title="The ImageNet weights are not on this machine",
    )
    st.button("Use random weights", icon=":material/casino:", on_click=_random_weights, args=(form,))


@dataclass
class _Launch:
    """What a click asked for, by its `key` as work, and what came of it: a name or an error, from when it is `over`.

    `said` is when the page said so (s, monotonic); None where it has not, or is to say it again.
    """

    asked: dict[str, Any]
    of: str
    key: str = field(default_factory=lambda: f"launch {uuid4().hex}")
    over: threading.Event = field(default_factory=threading.Event)
    name: str = ""
    error: BaseException | None = None
    said: float | None = None


def launch(config: TrainConfig, plan: StudyPlan | None) -> None:
    """Begin to queue a run, or to start a study, which goes on when the page is left; a second click begins nothing.

    `show_launches` says what came of it. Raises `RightError` for somebody who may only look.
    """
    asked, launches = config.model_dump() if plan is None else plan.model_dump(exclude={"name"}), _launches()
    launches[:] = [one for one in launches if one.said is None or time.monotonic() - one.said < _SAME_CLICK_SECONDS]
    for one in launches:
        if one.asked == asked:
            one.said = None
            return
    queue = permitted(
        "launch",
        config.dataset,
        partial(_queue, executor(), config) if plan is None else partial(_start_study, open_workspace(), plan),
        makes=True,
    )
    begun = _Launch(asked, "run" if plan is None else "study")

    def work(progress: Progress) -> None:
        try:
            begun.name = queue(progress)
        except BaseException as error:  # said, or raised, where the page waits or is looked at again
            begun.error = error
        finally:
            begun.over.set()

    launches.append(begun)
    begin(begun.key, work, config.dataset)


def show_launches() -> bool:
    """Wait for each launch of this session that is under way, and say once what came of it; return if any was said."""
    unsaid = [one for one in _launches() if one.said is None]
    for one in unsaid:
        _show(one)
    return bool(unsaid)


def _launches() -> list[_Launch]:
    """Return the launches of this session of which something is to be said, or was said a moment ago."""
    launches: list[_Launch] = st.session_state.setdefault(_LAUNCHES, [])
    return launches


def _show(one: _Launch) -> None:
    with suppress(CancelledError):
        wait_if_under_way(one.key, _DOING)
    if not one.over.wait(_CANCEL_SECONDS):
        st.caption("It is being cancelled.")
        return
    one.said = time.monotonic()  # before anything is shown: there this run of the page ends after a click
    forget_relations()
    if isinstance(one.error, CancelledError):
        st.warning("Nothing was launched.", title="The launch was cancelled")
    elif isinstance(one.error, InputError | OSError):
        st.error(for_page(what_went_wrong(one.error)), title="That did not work")
    elif one.error is not None:
        raise one.error
    else:
        st.success("It runs in the background; this page can be closed.", title=for_page(f"{one.name} is launched"))
        st.page_link("pages/runs.py", label="Follow it", icon=":material/monitoring:", query_params={one.of: one.name})


def _is_large(config: TrainConfig) -> bool:
    """Return whether a run without a GPU takes hours for certain."""
    return config.image_size >= _LARGE_SIZE and config.epochs >= _LARGE_EPOCHS


def _queue(through: Executor, config: TrainConfig, progress: Progress) -> str:
    return through.submit(config, progress).id


def _start_study(into: Workspace, plan: StudyPlan, progress: Progress) -> str:
    """Check every member of a study, make its folder, start it, and return its name."""
    study = StudyStore(into.studies).create(resolved_plan(plan, into, progress))
    start_study(study, into)
    return study.name


def _random_weights(form: str) -> None:
    """Set a form's initial weights to random ones."""
    st.session_state[weights_key(form)] = "random"
