"""What the pages know of the world, kept between reruns: workspace, datasets, catalogs, predictors."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from allcore.data.catalog import Catalog, scan
from allcore.data.relations import Relations, find_relations_of, known_relations_of
from allcore.files import Stamp, stamp
from allcore.inference.predictor import Predictor, load_predictor
from allcore.runs.execution.choose_executor import open_executor
from allcore.runs.execution.executor import Executor
from allcore.text import printable, well_formed
from allcore.workspace import open_workspace
from pages.ui import address
from pages.ui.shared_work import asked_for, wait_for


def executor() -> Executor:
    """Return the executor of the workspace."""
    _go_through_the_app()
    return open_executor(open_workspace())


def catalog(folder: Path) -> Catalog:
    """Return the catalog of a dataset folder within the roots, with progress on first reading.

    From then on nobody waits for it: one that is older than a minute is shown once more and renewed meanwhile.
    """
    allowed, cache = open_workspace().allowed(folder), open_workspace().cache
    asked = str(allowed), str(cache)
    if asked not in _read():
        wait_for(
            f"reading {allowed} into {cache}",
            "Reading the images; this is done once for a dataset, and goes on when you leave",
            lambda show: scan(allowed, cache, show),
            cancels=False,
        )
        _read().add(asked)
    return _catalog(*asked)


def relations(of: Catalog, variant: str) -> Relations:
    """Return what is known of a variant's usable images without a search: at the least which are exact duplicates."""
    return _known_relations(of, of.contents(variant), variant, str(open_workspace().cache))


def searched_relations(of: Catalog, variant: str) -> Relations:
    """Return the relations of a variant's usable images, with progress while they are searched for the first time.

    Raises `DatasetError` when an image cannot be read any more, `CancelledError` when the search was cancelled.
    """
    known = relations(of, variant)
    if known.searched:
        return known
    cache = open_workspace().cache
    found = wait_for(
        _search_key(of, variant),
        "Looking for images that show the same field; this is done once for a dataset, and goes on when you leave",
        lambda show: find_relations_of(of, variant, cache, show),
    )
    _known_relations.clear()
    return found


def asked_for_search(of: Catalog, variant: str) -> bool:
    """Offer to look for shared fields; return whether that was asked for, or is under way."""
    return asked_for(
        _search_key(of, variant), "Look for shared fields", icon=":material/search:",
        help="Once for a dataset; it takes minutes.",
    )  # fmt: skip


def _search_key(of: Catalog, variant: str) -> str:
    """Return the name under which the search for shared fields of a variant is under way."""
    return f"shared fields of {of.contents(variant)} in {open_workspace().cache}"


def forget_relations() -> None:
    """Look again what is known of every dataset's images when it is next wanted."""
    _known_relations.clear()


def forget_catalogs() -> None:
    """Read every dataset folder anew when it is next wanted."""
    _read.clear()
    _catalog.clear()


def predictor(model: Path) -> Predictor:
    """Return the predictor of a served model; all users of the app share it. Raises `ModelFileError`."""
    return _predictor(str(model), stamp(model))


def opener(model: Path) -> Callable[[], Predictor]:
    """Return what gives the predictor of a served model once something is to be predicted.

    Few models are held in memory, and whatever is kept of a model's answers needs none. Raises `InputError` where it
    cannot be opened.
    """
    _check_opens(str(model), stamp(model))
    return partial(predictor, model)


def datasets() -> dict[str, Path]:
    """Return the datasets that are listed, by the name that they have as `data` in the URL."""
    return named_and_nameless_datasets()[0]


def named_and_nameless_datasets() -> tuple[dict[str, Path], list[str]]:
    """Return what `datasets` does, and those whose paths are no valid UTF-8, so that no address and no run can name
    them; printable.

    A folder is named by its whole path where another has its short name already.
    """
    _go_through_the_app()
    named: dict[str, Path] = {}
    nameless = []
    for folder in open_workspace().list_datasets():
        if _has_name(folder):
            name = _dataset_name(folder)
            named[str(folder) if name in named else name] = folder
        else:
            nameless.append(printable(str(folder)))
    return named, nameless


def _go_through_the_app() -> None:
    """Where people sign in, run again a page that Streamlit's older navigation runs without streamlit_app.py.

    It does so at the first moment of a server, see `pages/ui/__init__.py`, and without asking anybody to sign in.
    """
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_name == "_mpa_v1" and "is_logged_in" in st.user:
            PagesManager.uses_pages_directory = False
            st.rerun()


def select_dataset(folder: Path) -> None:
    """Make a dataset folder within the roots the chosen one, from the next choice on."""
    names = {listed.resolve(): name for name, listed in datasets().items()}
    address.remember("data", names.get(folder.resolve(), str(folder)))


def _has_name(folder: Path) -> bool:
    return well_formed(str(folder)) == str(folder)


def _dataset_name(folder: Path) -> str:
    """Return a short name for a dataset folder: its own, with its parent's where it lies in a data root."""
    if folder.parent == open_workspace().datasets:
        return folder.name
    return f"{folder.parent.name}/{folder.name}"


@st.cache_resource(max_entries=1, show_spinner=False)
def _read() -> set[tuple[str, str]]:
    """Return the dataset folders that were read since the app started, each with its cache."""
    return set()


@st.cache_resource(max_entries=8, ttl=60, refresh_mode="background", show_spinner=False)
def _catalog(folder: str, cache: str) -> Catalog:
    return scan(Path(folder), Path(cache))


@st.cache_resource(max_entries=8, ttl=60, refresh_mode="background", show_spinner=False)
def _known_relations(_of: Catalog, contents: str, variant: str, cache: str) -> Relations:
    return known_relations_of(_of, variant, Path(cache))


@st.cache_data(max_entries=1_000, show_spinner=False)
def _check_opens(model: str, version: Stamp) -> None:
    _predictor(model, version)


@st.cache_resource(max_entries=2, show_spinner="Loading the model …")
def _predictor(model: str, version: Stamp) -> Predictor:
    return load_predictor(Path(model))
