"""What people judged of a dataset's labels, and a run's images with the labels that follow."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from allcore.config import AS_GIVEN
from allcore.data.catalog import Catalog
from allcore.data.labels.judgements import (
    Judgements,
    read_judgements,
)
from allcore.data.labels.versions import LabelVersion, label_version
from allcore.errors import DatasetError
from allcore.files import stamp
from allcore.runs.folder.store import Run
from allcore.workspace import open_workspace
from pages.ui.known.workspace import catalog


def judgements() -> Judgements:
    """Return what was judged in the workspace; nothing where it cannot be read: the section begins with a warning."""
    try:
        return judgements_as_read()
    except DatasetError:
        return Judgements()


def judgements_as_read() -> Judgements:
    """Return what was judged in the workspace, kept while its file is the same. Raises `DatasetError` if unreadable."""
    file = open_workspace().judgements
    return _read(str(file), stamp(file))


def labelled(of: Catalog, variant: str, labels: str) -> LabelVersion:
    """Return a version of the labels of a catalog's variant, kept while nothing else is judged.

    Raises `DatasetError` as `label_version` does.
    """
    if labels == AS_GIVEN:
        return LabelVersion(AS_GIVEN, of)
    file = open_workspace().judgements
    return _labelled(of, str(of.root), of.contents(variant), variant, labels, str(file), stamp(file))


def catalog_of_run(run: Run) -> Catalog | None:
    """Return the catalog of a run's dataset; None where it may not be read, or it or the run's variant is gone."""
    try:
        images = catalog(Path(run.config.dataset))
        images.variant(run.config.variant)
    except DatasetError:
        return None
    return images


@st.cache_resource(max_entries=2, show_spinner=False)
def _read(file: str, stamp: tuple[int, int]) -> Judgements:
    return read_judgements(Path(file))


@st.cache_resource(max_entries=8, show_spinner=False)
def _labelled(
    _of: Catalog, root: str, contents: str, variant: str, labels: str, file: str, stamp: tuple[int, int]
) -> LabelVersion:
    return label_version(_of, variant, labels, Path(file))
