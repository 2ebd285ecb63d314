"""Which runs differ: every two of them compared on their test images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from allcore.evaluation.comparing.comparison import compare_all
from allcore.evaluation.comparing.verdict import SettingDifference
from allcore.evaluation.predictions.recorded import recorded_at
from allcore.reporting.comparison import not_compared, pairs_in_words
from allcore.reporting.studies.wording import verdicts_in_words
from allcore.runs.folder.store import Run
from allcore.text import for_page
from pages.ui import show
from pages.ui.known.recorded import recorded
from pages.ui.known.runs import run_at

MOST_COMPARED = 12
_PAIRS = {
    "first": "A",
    "second": "B",
    "difference": show.per_cent_column("A minus B (points)", "difference of the test accuracies"),
    "low": show.per_cent_column("95 % from"),
    "high": show.per_cent_column("to"),
    "only_first": "A alone right",
    "only_second": "B alone right",
    "p": st.column_config.NumberColumn("p, over images", format="%.3g"),
    "p_over_groups": st.column_config.NumberColumn("p, over groups", format="%.3g"),
    "p_holm": st.column_config.NumberColumn(
        "p, corrected", format="%.3g", help="p over groups, corrected for the number of pairs (Holm)"
    ),
    "apart": st.column_config.CheckboxColumn("told apart"),
}


def compared(scored: Sequence[Run], called: Mapping[str, str]) -> pd.DataFrame | None:
    """Return every two of the runs compared, by what each is `called`; None where they are too many, or one."""
    if not 1 < len(scored) <= MOST_COMPARED:
        return None
    by_size = sorted(scored, key=lambda run: (run.config.image_size, run.id))
    return _compared(tuple((called[run.id], str(run.folder), recorded_at(run)) for run in by_size))


@st.cache_data(max_entries=50, show_spinner="Comparing the runs …")
def _compared(runs: tuple[tuple[str, str, int], ...]) -> pd.DataFrame:
    """Compare every two of runs, each given by what it is called, its folder, and when its predictions were written."""
    return compare_all({called: recorded(run_at(folder)) for called, folder, _ in runs})


def say_which_differ(pairs: pd.DataFrame | None, differences: Sequence[SettingDifference] = ()) -> None:
    """Say in bold which runs that `compare_all` compared can be told apart by their accuracy.

    Of a study with folds, whose settings are compared by `differences`, say which are the same within a point as well.
    """
    if differences:
        st.markdown("\n".join(f"- **{for_page(said)}**" for said in verdicts_in_words(differences)))
    elif pairs is not None and len(pairs):
        st.markdown(f"**{for_page(pairs_in_words(pairs))}**")


def say_too_many(n_runs: int, *, of_study: bool) -> None:
    """Say that `n_runs` are more runs than are compared here, and where every two of them are."""
    st.caption(
        f"Every two runs are compared here for up to {MOST_COMPARED} of them; these are {n_runs}. "
        + ("The command `tradeoff` compares more." if of_study else "Choose a study.")
    )


def show_pairs(pairs: pd.DataFrame, name: str, n_runs: int) -> None:
    """Show the tests of `compare_all` on pairs of `n_runs` runs as a table called by `name`."""
    st.header("Which runs differ", anchor=False)
    if left_out := not_compared(len(pairs), n_runs):
        st.caption(left_out)
    if pairs.empty:
        return
    in_points = {column: 100 * pairs[column] for column in ("difference", "low", "high")}
    show.table(pairs.assign(**in_points), f"pairs-{name}", "Every two runs compared on their test images", _PAIRS)
    st.caption(
        "Exact McNemar tests: p over images counts every image, p over groups counts the images of an overlap group as "
        "one, and the last p is corrected for the number of pairs (Holm). Two runs can be told apart where it is below "
        "0.05."
    )
