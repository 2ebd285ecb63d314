"""Choosing what a page shows (a dataset, its variant, a run), or, where there is none, getting it."""

from __future__ import annotations

from collections.abc import Callable, Container
from pathlib import Path

import streamlit as st

from allcore.data.catalog import Catalog
from allcore.data.layout import find_layout
from allcore.errors import DatasetError, RunError
from allcore.runs.status import Status
from allcore.runs.store import Run
from pages.ui.get_dataset import draw_button
from pages.ui.live import runs
from pages.ui.show import plain
from pages.ui.state import SELECTED, datasets, workspace


def choose_dataset(label: str = "Dataset", hint: bool = True) -> Path | None:
    """Let the user choose one of the datasets (kept in the URL as `data`); None when there is none.

    A folder deeper in a root is named by its whole path. `hint` says what to do when there is no dataset.
    """
    folders = datasets()
    if SELECTED in st.session_state:
        st.session_state["data"] = st.session_state.pop(SELECTED)
    _recall("data")
    for given in (st.session_state.get("data"), st.query_params.get("data")):
        if given and given not in folders and (folder := _dataset_at(given)):
            folders[given] = folder
    if not folders:
        if hint:
            with st.container():
                st.info("Draw synthetic smears, in seconds, or bring your own images.", title="No dataset yet")
                draw_button()
                st.page_link("pages/dataset.py", label="Get a dataset", icon=":material/download:")
        return None
    say_if_missing("data", "dataset", folders)
    if st.session_state.get("data") not in folders:
        st.session_state.pop("data", None)
    name = st.selectbox(label, list(folders), key="data", bind="query-params")
    _keep("data", name)
    return folders[name]


def choose_variant(of: Catalog) -> str:
    """Let the user choose a variant of a dataset that has several (kept in the URL as `variant`)."""
    if len(of.variants) == 1:
        return of.variants[0]
    _recall("variant")
    if st.session_state.get("variant", st.query_params.get("variant")) not in of.variants:
        st.session_state["variant"] = of.variants[0]
    chosen = str(st.segmented_control("Variant", of.variants, required=True, key="variant", bind="query-params"))
    _keep("variant", chosen)
    return chosen


def choose_run(wanted: Callable[[Status], bool] = lambda status: True, missing: str = "No run yet") -> Run | None:
    """Let the user choose one of the runs whose status is `wanted` (kept in the URL as `run`).

    Damaged runs are left out. None, with what to do, when there is no such run.
    """
    found = {run.id: run for run in runs() if _is_wanted(run, wanted)}
    if not found:
        st.info("Launch one on the Train page; the quick preset takes minutes.", title=missing)
        st.page_link("pages/train.py", label="Train", icon=":material/model_training:")
        return None
    say_if_missing("run", "run", found)
    return found[st.selectbox("Run", list(found), key="run", bind="query-params")]


def choose_run_against(run: Run) -> Run | None:
    """Let the user choose another succeeded run to compare `run` with (kept in the URL as `against`); None at first."""
    others = {other.id: other for other in runs() if other.id != run.id and _is_wanted(other, _succeeded)}
    if not others:
        st.info("Launch another on the Train page: of another size, say, or with another recipe.", title="No other run")
        return None
    if st.session_state.get("against", run.id) not in others:
        st.session_state.pop("against", None)
    chosen = st.selectbox(
        "Against run", list(others), index=None, placeholder="Choose another run", key="against", bind="query-params"
    )
    return None if chosen is None else others[chosen]


def choose_run_on(folder: Path) -> Run | None:
    """Let the user choose a run that was made on a dataset folder, to see its split, or none (in the URL as `run`)."""
    found = {run.id: run for run in runs() if _was_made_on(run, folder.resolve())}
    if not found:
        return None
    chosen = st.selectbox(
        "Split of run", list(found), index=None, placeholder="None", key="run", bind="query-params",
        help="Shows which images the run trained on, chose its epoch by, and was tested on.",
    )  # fmt: skip
    return None if chosen is None else found[chosen]


def say_if_missing(key: str, what: str, there: Container[str]) -> None:
    """Say that what the URL asks for as `key` cannot be shown; the widget that is bound to it falls back to another."""
    asked = st.query_params.get(key)
    if asked and asked not in there:
        st.toast(plain(f"No {what} {asked} can be shown here; this is another."), icon=":material/link_off:")


def _recall(key: str) -> None:
    """Give a widget the value that `_keep` kept of it on another page.

    Streamlit takes a bound widget's value along only where the user chose it there; one that came by the URL falls back
    to the default, unless it is assigned anew.
    """
    kept = st.session_state.get(_kept(key))
    if kept is not None and key not in st.query_params and st.session_state.get(key, kept) == kept:
        st.session_state[key] = kept


def _keep(key: str, value: str) -> None:
    st.session_state[_kept(key)] = value


def _kept(key: str) -> str:
    return f"kept_{key}"


def _was_made_on(run: Run, folder: Path) -> bool:
    try:
        dataset = Path(run.config.dataset).resolve()
    except RunError:
        return False
    return dataset.is_relative_to(folder) or folder.is_relative_to(dataset)


def _succeeded(status: Status) -> bool:
    return status.state == "succeeded"


def _is_wanted(run: Run, wanted: Callable[[Status], bool]) -> bool:
    try:
        status, _ = run.status(), run.config  # a run without a configuration is a damaged one
    except RunError:
        return False
    return wanted(status)


def _dataset_at(path: str) -> Path | None:
    """Return the dataset at an absolute path, if it is one and may be read: how folders deeper in a root are named."""
    try:
        return find_layout(workspace().allowed(Path(path))).root if Path(path).is_absolute() else None
    except DatasetError:
        return None
