"""What runs would take, shown before they are launched."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from allcore.reporting.number_text import duration, memory
from allcore.runs.estimate import Estimate
from pages.ui.show import plain, table


def show_estimates(estimates: Sequence[Estimate], native: int) -> None:
    """Show time, memory and device of one run or of several; `native` is the images' own side in pixels."""
    if len(estimates) == 1:
        _show_one(estimates[0])
    else:
        _show_several(estimates, native)
    plan = estimates[0].plan
    st.caption(plain(f"On {plan.description}; the worker looks again when it starts."))
    larger = [str(estimate.config.image_size) for estimate in estimates if estimate.config.image_size > native]
    if larger:
        st.caption(
            f"The images are {native} px wide; at {', '.join(larger)} px they are enlarged, which adds no detail."
        )


def _show_one(estimate: Estimate) -> None:
    plan = estimate.plan
    numbers = (
        ("Time, about", duration(estimate.total_seconds), _source(estimate)),
        ("Memory, about", memory(estimate.memory_bytes), _memory_source(estimate)),
        ("Images at once", str(plan.micro_batch_size), _division(estimate)),
    )
    with st.grid("auto", min_column_width=190):
        for label, value, detail in numbers:
            st.metric(label, value, detail, delta_color="off", delta_arrow="off", border=True, height="stretch")


def _show_several(estimates: Sequence[Estimate], native: int) -> None:
    rows = [
        {
            "size": estimate.config.image_size,
            "up-sampled": estimate.config.image_size > native,
            "memory (GiB)": estimate.memory_bytes / 2**30,
            "images at once": estimate.plan.micro_batch_size,
            "images/s": None if estimate.speed is None else estimate.speed.images_per_second,
            "time": duration(estimate.total_seconds),
            "known from": "" if estimate.speed is None else estimate.speed.source,
        }
        for estimate in estimates
    ]
    table(
        pd.DataFrame(rows).astype({"images/s": "Float64"}), "sweep", "What each run of the sweep would take",
        {
            "size": st.column_config.NumberColumn("Size (px)", format="%d"),
            "up-sampled": "Up-sampled", "images at once": "Images at once", "time": "Time", "known from": "Known from",
            "memory (GiB)": st.column_config.NumberColumn("Memory (GiB)", format="%.1f"),
            "images/s": st.column_config.NumberColumn("Images/s", format="%.1f"),
        },
        placeholder="–",
    )  # fmt: skip
    seconds = [estimate.total_seconds for estimate in estimates if estimate.total_seconds is not None]
    if len(seconds) == len(estimates):
        st.caption(f"About {duration(sum(seconds))} in all, one run after the other.")


def _memory_source(estimate: Estimate) -> str:
    return _known_from(estimate) if estimate.speed is not None and estimate.speed.memory_bytes else "estimated"


def _source(estimate: Estimate) -> str:
    if estimate.speed is None:
        return "not measured"
    return f"{estimate.speed.images_per_second:.0f} images/s, {_known_from(estimate)}"


def _known_from(estimate: Estimate) -> str:
    return "measured" if estimate.speed is not None and estimate.speed.source == "measured" else "as a former run"


def _division(estimate: Estimate) -> str:
    batch, at_once = estimate.config.batch_size, estimate.plan.micro_batch_size * estimate.plan.replicas
    return "the whole batch" if at_once >= batch else f"of a batch of {batch}, in parts"
