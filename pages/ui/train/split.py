"""How the planned run, or the first one of a study, divides the images, and what is to be known of that."""

from __future__ import annotations

import streamlit as st

from allcore.studies.plan import StudyPlan
from allcore.text import counted, for_page
from pages.ui.show import table
from pages.ui.train.planned import Division
from pages.ui.train.study_form import divides_once


def show_split(of: Division, plan: StudyPlan | None, *, has_parts: bool) -> None:
    """Show the parts, those of the first run of a study's `plan`; `has_parts`: the dataset's folders make some."""
    if plan is not None and not divides_once(plan):
        first = f"the first of {plan.members:,} runs, {plan.places[0].name}"
        st.caption(for_page(f"Of {first}; others divide the images otherwise."))
    table(
        of.counts, "split", "Images of each class in train, validation and test",
        {name: name.capitalize() for name in of.counts.columns},
    )  # fmt: skip
    st.caption(
        f"{of.twins} of the {len(of.split.rows('test'))} test images share a group with one in train: an exact "
        "duplicate, the same field seen again, or an image of the same patient or group where a table says so."
    )
    if of.split.merged:
        st.caption(
            f"{of.split.merged} groups of the table are put together, because images of one show the same as images "
            "of another."
        )
    _warn_of_protocol(of, has_parts=has_parts)
    if not of.searched:
        st.caption("Only exact duplicates are counted so far; the first launch looks for shared fields as well.")


def _warn_of_protocol(of: Division, *, has_parts: bool) -> None:
    """Warn of what the protocol does not keep together, or does not keep."""
    chosen = of.config.split
    if chosen.parts_groups:
        st.warning(
            "The table is only used to count twins. The protocols *grouped* and *patient* keep each group in one part.",
            title=f"The protocol {chosen.protocol} does not keep the table's groups together",
        )
    if has_parts and chosen.protocol != "folders":
        st.warning(
            "This dataset's folders divide it into train, validation and test. The chosen protocol ignores that and "
            "divides all images again; the protocol *folders* keeps it.",
            title="The dataset's own split is not kept",
        )
    elif chosen.protocol == "folders" and of.twins:
        st.warning(
            "The dataset's folders separate images that belong together, so the score may look better than it is. The "
            "protocol *grouped* divides all images again and keeps such images in one part.",
            title=f"{counted(of.twins, 'test image has', 'test images have')} a twin in train",
        )
