"""The shortcut baselines beside a run's scores."""

from __future__ import annotations

from functools import partial

import streamlit as st

from allcore.evaluation.shortcuts import BASELINES
from allcore.reporting.shortcuts import shortcut_figure, shortcut_table, shortcut_verdict
from allcore.text import for_page
from pages.ui import show
from pages.ui.evaluate.evaluated import Evaluated
from pages.ui.shared.shortcuts import cached_or_offered, run_against


def show_shortcuts(of: Evaluated) -> None:
    """Show what the shortcuts reach on the run's test images, below its own accuracy, or offer to compute it."""
    st.header("Beside shortcuts", anchor=False)
    if of.split != "test":
        st.caption("The shortcut baselines are scored on the test images alone.")
        return
    if of.scored is not None and not _can_learn(of):
        st.caption(
            "Shortcut baselines learn from the images that the model was trained on. They can be compared with this "
            "score only if those are in the same folder, for every class, and the model's test images are scored."
        )
        return
    results = cached_or_offered(of.run)
    if results is None:
        return
    against = run_against(of.run, results)
    beside = of.predictions.beside_paper
    table = shortcut_table(of.scores, against, beside_paper=beside)
    st.markdown(f"**{for_page(shortcut_verdict(of.scores, against))}**")
    of_paper = ", of the paper" if beside else ""
    alt = f"Test accuracy of the run{of_paper} and of each shortcut baseline, with 95 % intervals"
    show.figure(partial(shortcut_figure, table), of.named("shortcuts"), alt)
    with st.expander("What each baseline sees, and how far the run is from it"):
        st.markdown("\n".join(f"- **{baseline.name}**: {baseline.what}" for baseline in BASELINES))
        show.table(table.drop(columns="what"), of.named("shortcuts"), alt, _columns(), placeholder="")
        st.caption(
            "The lead is the run's accuracy minus the shortcut's on the same images. The p-values are those of "
            "McNemar's test over overlap groups, corrected for the number of shortcuts (Holm)."
        )


def _can_learn(of: Evaluated) -> bool:
    """Return whether a folder that a model was scored on has images of every class that it was trained on."""
    table = of.run.split.table
    return set(table.loc[table["split"] == "train", "label"]) == set(of.classes)


def _columns() -> dict[str, object]:
    return {
        "name": "",
        "accuracy": show.per_cent_column("accuracy (%)"),
        "low": show.per_cent_column("95 % from"),
        "high": show.per_cent_column("to"),
        "difference": show.per_cent_column("the run's lead (points)"),
        "difference_low": show.per_cent_column("lead 95 % from"),
        "difference_high": show.per_cent_column("to"),
        "p": st.column_config.NumberColumn("p", format="%.3g"),
    }
