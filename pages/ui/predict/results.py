"""Predict, all results: in words, and as a table in which one can be chosen to be shown in detail."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allcore.errors import ImageError
from allcore.inference.metadata import ServedMetadata
from allcore.inference.results import Result, results_table
from allcore.text import for_page
from pages.ui.predict.answers_table import say_answers, show_answers

_LISTED = 8
_SHOWN = "shown"


def show_results(results: list[Result], icons: list[str], metadata: ServedMetadata) -> None:
    """Show results as a table, several of them in words above it; each has its small image among the `icons`."""
    st.header(f"All {len(results)} images" if len(results) > 1 else "As a table", anchor=False)
    table = results_table(results, metadata)
    if len(results) > 1:
        say_answers(table)
        _show_errors(results)
    _show_table(table, results, icons, metadata)


def choose_result(results: list[Result]) -> int:
    """Let the user choose one of several results, and return its place among them."""
    if len(results) == 1:
        return 0
    st.header("One image", anchor=False)
    names = _numbered(results)
    if st.session_state.get(_SHOWN) not in names:  # other images were uploaded
        st.session_state[_SHOWN] = names[0]
    return names.index(st.selectbox("Image in detail", names, key=_SHOWN))


def _show_table(table: pd.DataFrame, results: list[Result], icons: list[str], metadata: ServedMetadata) -> None:
    """Show all results with their CSV; a click on a row shows its image in detail."""
    names = _numbered(results)
    selected = st.session_state.get(_SHOWN)

    def take(name: str) -> None:
        st.session_state[_SHOWN] = name

    chosen = selected if selected in names else names[0]
    show_answers(table, metadata.classes, "predictions", names, take, chosen, icons)


def _numbered(results: list[Result]) -> list[str]:
    """Return a name for each result that no other has."""
    return [f"{number}: {result.name}" for number, result in enumerate(results, start=1)]


def _show_errors(results: list[Result]) -> None:
    """Name the images that were not predicted, with the reasons."""
    failed = [result for result in results if isinstance(result.outcome, ImageError)]
    lines = [f"- {for_page(result.name)}: {for_page(str(result.outcome))}" for result in failed[:_LISTED]]
    if len(failed) > _LISTED:
        lines.append(f"- and {len(failed) - _LISTED} more, in the table below")
    if failed:
        st.warning("\n".join(lines), title="Not predicted", icon=":material/broken_image:")
