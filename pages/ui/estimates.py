"""What runs would take, shown before they are launched."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allcore.reporting.number_text import duration, memory
from allcore.runs.estimate import Estimate
from allcore.studies.estimate import StudyEstimate
from allcore.studies.plan import StudyPlan
from pages.ui.show import plain, table


def show_estimate(estimate: Estimate, native: int) -> None:
    """Show time, memory and device of a run; `native` is the images' own side in pixels."""
    plan = estimate.plan
    numbers = (
        ("Time, about", duration(estimate.total_seconds), _source(estimate)),
        ("Memory, about", memory(estimate.memory_bytes), _memory_source(estimate)),
        ("Images at once", str(plan.micro_batch_size), _division(estimate)),
    )
    with st.grid("auto", min_column_width=190):
        for label, value, detail in numbers:
            st.metric(label, value, detail, delta_color="off", delta_arrow="off", border=True, height="stretch")
    st.caption(plain(f"Estimated for {plan.description}; the run checks the device again when it starts."))
    if estimate.config.image_size > native:
        st.caption(
            f"The images are {native} px wide; at {estimate.config.image_size} px they are enlarged, which adds no "
            "detail."
        )


def show_study_estimate(plan: StudyPlan, estimated: StudyEstimate, native: int) -> None:
    """Show how many runs a study has, and the time and room that they take."""
    rows = [
        {
            "what is varied": cell or "nothing",
            "runs": members,
            "size": each.config.image_size,
            "up-sampled": each.config.image_size > native,
            "memory (GB)": each.memory_bytes / 1e9,
            "images at once": each.plan.micro_batch_size,
            "images/s": None if each.speed is None else each.speed.images_per_second,
            "time": duration(each.total_seconds),
            "known from": "" if each.speed is None else each.speed.source,
        }
        for cell, each, members in estimated.cells
    ]
    table(
        pd.DataFrame(rows).astype({"images/s": "Float64"}), "study", "What the runs of the study would take",
        {
            "what is varied": "Setting", "size": st.column_config.NumberColumn("Size (px)", format="%d"),
            "runs": "Runs", "up-sampled": "Up-sampled", "images at once": "Images at once",
            "time": "Time of a run", "known from": "Known from",
            "memory (GB)": st.column_config.NumberColumn("Memory (GB)", format="%.1f"),
            "images/s": st.column_config.NumberColumn("Images/s", format="%.1f"),
        },
        placeholder="–",
    )  # fmt: skip
    total = "" if estimated.total_seconds is None else f"About {duration(estimated.total_seconds)} in all. "
    st.caption(
        f"{plan.members} runs, one after the other. {total}They keep about {memory(estimated.kept_bytes)} on the disk "
        f"and take up to {memory(estimated.needed_bytes)}; {memory(estimated.free_bytes)} are free."
    )
    if not estimated.fits:
        st.warning("Make room, keep no models, or make the study smaller.", title="The disk has not room for this")
    st.caption(plain(f"Estimated for {estimated.cells[0][1].plan.description}; each run checks the device again."))


def _memory_source(estimate: Estimate) -> str:
    return _known_from(estimate) if estimate.speed is not None and estimate.speed.memory_bytes else "estimated"


def _source(estimate: Estimate) -> str:
    if estimate.speed is None:
        return "not measured"
    return f"{estimate.speed.images_per_second:.0f} images/s, {_known_from(estimate)}"


def _known_from(estimate: Estimate) -> str:
    return "measured" if estimate.speed is not None and estimate.speed.source == "measured" else "from an earlier run"


def _division(estimate: Estimate) -> str:
    batch, at_once = estimate.config.batch_size, estimate.plan.micro_batch_size * estimate.plan.replicas
    return "the whole batch" if at_once >= batch else f"of a batch of {batch}, in parts"
