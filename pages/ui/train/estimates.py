"""What runs would take, shown before they are launched."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import streamlit as st

from allcore.data.browse import enlarged
from allcore.number_text import duration, memory
from allcore.reporting.estimate_words import division, memory_source, speed_source
from allcore.runs.estimate import Estimate
from allcore.studies.estimate import StudyEstimate
from allcore.studies.plan import StudyPlan
from allcore.text import counted, for_page
from pages.ui.show import table


def show_estimate(estimate: Estimate, images: pd.DataFrame) -> None:
    """Show time, memory and device of a run, and how many of its images (catalog rows) the network sees enlarged."""
    plan, size = estimate.plan, estimate.config.image_size
    numbers = (
        ("Time, about", duration(estimate.total_seconds), speed_source(estimate)),
        ("Memory, about", memory(estimate.memory_bytes), memory_source(estimate)),
        ("Images at once", str(plan.micro_batch_size), division(estimate)),
    )
    with st.grid("auto", min_column_width=190):
        for label, value, detail in numbers:
            st.metric(label, value, detail, delta_color="off", delta_arrow="off", border=True, height="stretch")
    st.caption(for_page(f"Estimated for {plan.description}; the run checks the device again when it starts."))
    _warn([estimate.warning] if estimate.warning else [])
    if smaller := enlarged(images, size):
        are = "is" if smaller == 1 else "are"
        st.caption(
            f"{smaller:,} of {counted(len(images), 'image')} {are} smaller than {size} px and {are} enlarged, which "
            "adds no detail."
        )


def show_study_estimate(plan: StudyPlan, estimated: StudyEstimate, images: pd.DataFrame) -> None:
    """Show how many runs a study has, and the time and room that they take; `images` are as in `show_estimate`."""
    rows = [
        {
            "what is varied": setting or "nothing",
            "runs": members,
            "size": each.config.image_size,
            "enlarged": enlarged(images, each.config.image_size),
            "memory (GB)": each.memory_bytes / 1e9,
            "images at once": each.plan.micro_batch_size,
            "images/s": None if each.speed is None else each.speed.images_per_second,
            "time": duration(each.total_seconds),
            "known from": "" if each.speed is None else each.speed.source,
        }
        for setting, each, members in estimated.settings
    ]
    table(
        pd.DataFrame(rows).astype({"images/s": "Float64"}), "study", "What the runs of the study would take",
        {
            "what is varied": "Setting", "size": st.column_config.NumberColumn("Size (px)", format="%d"),
            "runs": "Runs", "enlarged": "Enlarged images", "images at once": "Images at once",
            "time": "Time of a run", "known from": "Known from",
            "memory (GB)": st.column_config.NumberColumn("Memory (GB)", format="%.1f"),
            "images/s": st.column_config.NumberColumn("Images/s", format="%.1f"),
        },
        placeholder="–",
    )  # fmt: skip
    st.caption(
        f"{counted(plan.members, 'run')}{_in_all(plan, estimated)} They keep about {memory(estimated.kept_bytes)} on "
        f"the disk and take up to {memory(estimated.needed_bytes)}; {memory(estimated.free_bytes)} are free."
    )
    if not estimated.fits:
        st.warning(
            "Make room, keep no models, or make the study smaller.",
            title="There is not enough room on the disk for this",
        )
    st.caption(
        for_page(f"Estimated for {estimated.settings[0][1].plan.description}; each run checks the device again.")
    )
    _warn(estimated.warnings)


def _warn(warnings: Iterable[str]) -> None:
    for warning in warnings:
        st.warning(f"{for_page(warning)}.", title="Training depends on this machine's memory")


def _in_all(plan: StudyPlan, estimated: StudyEstimate) -> str:
    """Return how the runs of a study go on, and how long that takes where it is known, as the end of a sentence."""
    total = None if estimated.total_seconds is None else f"about {duration(estimated.total_seconds)} in all"
    if estimated.at_once == 1:
        how = ", one after the other." if plan.members > 1 else "."
        return how + (f" {total.capitalize()}." if total else "")
    return f", {estimated.at_once} at a time" + (f": {total}." if total else ".")
