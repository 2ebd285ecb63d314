"""The cells that were found in a dataset, where they were."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from allcore.cells.counts import known_counts
from allcore.cells.maps import are_smears
from allcore.data.catalog import Catalog
from allcore.workspace import open_workspace


def known_cells(of: Catalog, variant: str) -> pd.DataFrame | None:
    """Return the counted cells of a variant's usable images; None while they are not counted."""
    return _known(of, of.contents(variant), variant, str(open_workspace().cache))


def hold_no_cells(counts: pd.DataFrame | None) -> bool:
    """Return whether it is known that images with these counts are no smears, so that nothing is said of cells."""
    return counts is not None and not are_smears(counts["cells"].to_numpy())


@st.cache_resource(max_entries=8, ttl=60, refresh_mode="background", show_spinner=False)
def _known(_of: Catalog, contents: str, variant: str, cache: str) -> pd.DataFrame | None:
    return known_counts(_of.images(variant), Path(cache))


def forget_cells() -> None:
    """Let cells be looked up again, as they were found meanwhile."""
    _known.clear()
