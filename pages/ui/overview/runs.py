"""The runs on the first page, each with its test accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from allcore.errors import InputError
from allcore.evaluation.predictions.recorded import recorded_at
from allcore.runs.folder.states import in_words
from allcore.runs.folder.store import Run
from allcore.runs.summary import summary_table
from pages.ui.known.recorded import recorded
from pages.ui.known.runs import run_at, summaries
from pages.ui.show import per_cent_column, table


def runs_table(runs: Sequence[Run]) -> pd.DataFrame:
    """Return a row a run with its test accuracy in per cent; a run whose predictions cannot be read is damaged.

    `beside_paper` says whether the paper's figures may stand beside that accuracy, `folder` tells datasets apart where
    their names end alike.
    """
    known = summaries(runs)
    rows = summary_table(known)
    rows["folder"] = [str(Path(one.dataset, one.variant)) for one in known]
    rows["epochs"] = (rows["epoch"].astype(str) + " of " + rows["epochs"].astype(str)).where(rows["epochs"].notna(), "")
    rows["test_accuracy"], rows["beside_paper"] = float("nan"), False
    for number, run in enumerate(runs):
        if rows.at[number, "state"] == "succeeded":
            try:
                accuracy, rows.at[number, "beside_paper"] = _tested(str(run.folder), recorded_at(run))
                rows.at[number, "test_accuracy"] = 100 * accuracy
            except InputError as error:
                rows.loc[number, ["state", "note"]] = "damaged", str(error)
    shown = ["run", "state", "epochs", "image_size", "split", "dataset", "test_accuracy", "note"]
    return rows[[*shown, "beside_paper", "folder"]]


@st.cache_data(max_entries=10_000, show_spinner=False)
def _tested(folder: str, written: int) -> tuple[float, bool]:
    """Return the part of its test images that a run's model gets right, and whether the paper may stand beside it."""
    of = recorded(run_at(folder))
    return float(of.table["correct"].mean()), of.beside_paper


def show_best_of_each_dataset(scored: pd.DataFrame) -> None:
    """Show which of the scored rows of `runs_table` is the best on each dataset, called by its whole path where another
    has its short name."""
    best = scored.loc[scored.groupby("folder")["test_accuracy"].idxmax()]
    named = best["dataset"].where(~best["dataset"].duplicated(keep=False), best["folder"])
    table(
        best.assign(dataset=named)[["dataset", "test_accuracy", "image_size", "run"]], "best-runs",
        "The run of the highest test accuracy on each dataset; scores on different datasets do not compare",
        {
            "dataset": "Dataset", "run": "Run",
            "image_size": st.column_config.NumberColumn("Size (px)", format="%d"),
            "test_accuracy": per_cent_column("Test accuracy (%)"),
        },
    )  # fmt: skip


def show_runs(listed: pd.DataFrame) -> None:
    """Show the rows of `runs_table`."""
    table(
        listed.drop(columns=["beside_paper", "folder"]).assign(state=listed["state"].map(in_words)), "runs",
        "Runs with state, epochs, image size, split, dataset, test accuracy and what went wrong",
        {
            "run": "Run", "state": "State", "epochs": "Epochs", "split": "Split", "dataset": "Dataset",
            "image_size": st.column_config.NumberColumn("Size (px)", format="%d"),
            "test_accuracy": per_cent_column("Test accuracy (%)"),
            "note": st.column_config.TextColumn("What went wrong", width="large"),
        },
        placeholder="–",
    )  # fmt: skip
