"""The study that comes with the app."""

from __future__ import annotations

import streamlit as st

from allcore.errors import RunError
from allcore.evaluation.tradeoff.record import EXAMPLE, read_tradeoff
from allcore.text import for_page
from pages.ui.tradeoff.pairs import say_which_differ, show_pairs
from pages.ui.tradeoff.points import show_points


def show_example() -> None:
    """Show the study that comes with the app, and where and how it was made."""
    try:
        record = read_tradeoff(EXAMPLE)
    except RunError as error:
        st.error(for_page(str(error)), title="The example cannot be shown")
        return
    dataset, split = record.points[0].dataset, record.points[0].split
    st.caption(
        f"Measured on the real images ({for_page(dataset)}, {split} split, {record.points[0].test_images} test "
        f"images) on {for_page('; '.join(record.devices))}. Times differ on other machines."
    )
    say_which_differ(record.pairs, record.differences)
    show_points(record.points, "example", record.shortcuts, joined=True)
    show_pairs(record.pairs, "example", len(record.points))
    with st.expander("The commands that made it"):
        st.code("\n".join(record.commands), language="bash", wrap_lines=True)
