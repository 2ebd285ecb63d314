"""Where the map of a dataset's images is: that of a run on them, else that of a model that is scored on them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from allcore.evaluation.image_map.making import can_be_mapped
from allcore.runs.folder.store import Run
from allcore.runs.owned_datasets import was_made_on
from pages.ui.known.runs import runs, summary


def link_to_map(label: str, root: Path, variant: str, chosen: Run | None, image: str | None = None) -> None:
    """Show a link to the map of a dataset's images, with one `image` (its path below `root`) chosen on it.

    It is the map of the `chosen` run where that has succeeded and can have one, else of the latest of which that is
    so, else of a model.
    """
    made = next((one for one in ([] if chosen is None else [chosen]) + runs() if _is_of(one, root, variant)), None)
    if made is None:
        of = {"score": "images", "data": str(st.session_state["data"]), "variant": variant}
    else:
        of = {"run": made.id}
    at, icon = ({}, ":material/scatter_plot:") if image is None else ({"at": image}, None)  # an image's links have none
    st.page_link("pages/evaluate.py", label=label, icon=icon, query_params=of | {"view": "Map"} | at)


def _is_of(run: Run, root: Path, variant: str) -> bool:
    now = summary(run)
    return now.state == "succeeded" and now.variant == variant and was_made_on(run, root) and can_be_mapped(run)
