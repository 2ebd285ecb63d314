"""Choosing the model that predicts or is scored: a run's, or a released one."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from allcore.errors import InputError
from allcore.runs.folder.store import Run
from allcore.workspace import open_workspace
from pages.ui import address
from pages.ui.known.runs import runs, summary

_OF_A_MODEL = ("variant", "part", "map", "against", "true", "predicted", "at")
"""What an address says of one model, and of no other."""


def choose_model() -> Path | None:
    """Let the user choose a served model (kept in the URL as `model`); None, with what to do, when there is none."""
    models = served_models()
    if not models:
        st.info(
            "No model is released here, and no run has succeeded yet. The quick preset takes minutes.",
            title="No model yet",
        )
        st.page_link("pages/train.py", label="Train one", icon=":material/model_training:")
        return None
    hint = (
        None
        if open_workspace().list_models()
        else "No model is released here; these are the models of the runs that succeeded."
    )
    name = address.settle("model", models, "model", first=next(iter(models)))
    st.selectbox(
        "Model", list(models), None if name is None else 0, placeholder="Choose a model",
        **address.follow("model", name, _OF_A_MODEL),
    )  # fmt: skip
    if hint:
        st.caption(hint)
    return None if name is None else models[name]


def served_models() -> dict[str, Path]:
    """Return the served models by name: the released ones, then those of succeeded runs, newest first."""
    released = {path.name: path for path in open_workspace().list_models()}
    return released | {run.id: model for run in runs() if (model := _served_by(run)) is not None}


def _served_by(run: Run) -> Path | None:
    try:
        return run.kept_model if summary(run).state == "succeeded" else None
    except InputError:
        return None
