"""What runs of several sizes cost and are worth, wherever their points come from, and which of them differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from allcore.errors import RunError
from allcore.evaluation.tradeoff.points import TradeoffPoint, tradeoff_table
from allcore.evaluation.tradeoff.record import EXAMPLE, read_tradeoff
from allcore.paper import NATIVE_SIZE
from allcore.reporting.comparison import pairs_in_words
from allcore.reporting.shortcuts import draw_shortcuts, shortcut_note
from allcore.reporting.tradeoff import pareto_figure, published_table, size_figure
from pages.ui import show

_POINTS = {
    "image_size_px": st.column_config.NumberColumn("image size (px)", format="%d"),
    "up_sampled": st.column_config.CheckboxColumn("up-sampled"),
    "epochs": st.column_config.NumberColumn("epochs", format="%d"),
    "accuracy": st.column_config.NumberColumn("accuracy", format="%.4f"),
    "accuracy_low": st.column_config.NumberColumn("95 % from", format="%.4f"),
    "accuracy_high": st.column_config.NumberColumn("to", format="%.4f"),
    "training_minutes": st.column_config.NumberColumn("training (min)", format="%.2f"),
    "latency_ms": st.column_config.NumberColumn("latency (ms)", format="%.1f"),
    "memory_gb": st.column_config.NumberColumn("memory (GB)", format="%.2f"),
    "parameters_millions": st.column_config.NumberColumn("parameters (millions)", format="%.2f"),
    "on_front": st.column_config.CheckboxColumn("Pareto front"),
    "test_images": st.column_config.NumberColumn("test images"),
}
_PUBLISHED = {
    "accuracy": show.per_cent_column("accuracy (%)"),
    "low": show.per_cent_column("95 % from"),
    "high": show.per_cent_column("to"),
}
_PAIRS = {
    "first": "A",
    "second": "B",
    "difference": show.per_cent_column("A less B (points)", "difference of the test accuracies"),
    "low": show.per_cent_column("95 % from"),
    "high": show.per_cent_column("to"),
    "only_first": "A alone right",
    "only_second": "B alone right",
    "p": st.column_config.NumberColumn("p, images alone", format="%.3g"),
    "p_over_groups": st.column_config.NumberColumn("p, over groups", format="%.3g"),
    "p_holm": st.column_config.NumberColumn("p, Holm", format="%.3g", help="p over groups, adjusted for all pairs"),
    "apart": st.column_config.CheckboxColumn("told apart"),
}


def show_points(
    points: Sequence[TradeoffPoint], name: str, joined: bool, shortcuts: Mapping[str, float] | None = None
) -> None:
    """Show points against image size and training time, and as a table; files are called by `name`.

    The runs of one study are `joined` by a line where all have as many epochs. `shortcuts`, accuracies by name, are
    drawn beside; they are of the points' test images.
    """
    table = tradeoff_table(points)
    alike = table["epochs"].nunique() == 1
    by_size, by_time = size_figure(table, joined and alike), pareto_figure(table)
    if shortcuts is not None:
        draw_shortcuts(by_size, table, shortcuts, row=1)
        draw_shortcuts(by_time, table, shortcuts)
    beside = "the paper's Table 1" + ("" if shortcuts is None else " and the accuracy of shortcut baselines")
    show.figure(
        by_size,
        f"image-size-{name}",
        f"Test accuracy with its interval, training time, memory and parameters against image size, {beside} beside",
    )
    if shortcuts is not None:
        st.caption(shortcut_note(table, shortcuts))
    st.caption(
        f"Bars are 95 % intervals. The paper's images are {NATIVE_SIZE} px a side; larger sizes are up-sampled. "
        "Training time is the sum over the epochs, the paper's on its laptop GPU. Memory is the most in use while "
        "training, by the process on a CPU or on the fullest GPU."
    )
    if not alike:
        trained = ", ".join(f"{row['image_size_px']} px {row['epochs']}" for row in table.to_dict("records"))
        st.caption(
            f"These runs were trained for different numbers of epochs, so size is not all they differ in: {trained}."
        )
    st.header("Accuracy against training time", anchor=False)
    show.figure(
        by_time, f"pareto-{name}", "Test accuracy with its interval against training time, with the Pareto front"
    )
    st.caption("A run is on the Pareto front when no other is as accurate in as little training time.")
    show.table(table, f"tradeoff-{name}", "Accuracy and costs of each run", _POINTS, placeholder="")
    st.header("Beside published results", anchor=False)
    st.caption("The paper's Table 2, each on its own images and split, then these runs with their 95 % intervals.")
    show.table(
        published_table(table), f"published-{name}", "Accuracy in the paper's Table 2 and of each run", _PUBLISHED,
        placeholder="",
    )  # fmt: skip


def show_example() -> None:
    """Show the study that comes with the app, and where and how it was made."""
    try:
        record = read_tradeoff(EXAMPLE)
    except RunError as error:
        st.error(show.plain(str(error)), title="The example cannot be shown")
        return
    dataset, split = record.points[0].dataset, record.points[0].split
    st.caption(
        f"Measured on the real images ({show.plain(dataset)}, {split} split, {record.points[0].test_images} test "
        f"images) on {show.plain('; '.join(record.devices))}. Another machine has other times."
    )
    st.header("Against image size", anchor=False)
    show_points(record.points, "example", True, record.shortcuts)
    show_pairs(record.pairs, "example", len(record.points))
    with st.expander("The commands that made it"):
        st.code("\n".join(record.commands), language="bash", wrap_lines=True)


def show_pairs(pairs: pd.DataFrame, name: str, n_runs: int) -> None:
    """Say which of `n_runs` runs cannot be told apart, with the tests of `compare_all` as a table called by `name`."""
    st.header("Which runs differ", anchor=False)
    left_out = n_runs * (n_runs - 1) // 2 - len(pairs)
    if left_out:
        st.caption(f"Pairs of runs that share no test image or not their classes, and are not compared: {left_out}.")
    if pairs.empty:
        return
    st.markdown(f"**{show.plain(pairs_in_words(pairs))}**")
    in_points = {column: 100 * pairs[column] for column in ("difference", "low", "high")}
    show.table(pairs.assign(**in_points), f"pairs-{name}", "Every two runs compared on their test images", _PAIRS)
    st.caption(
        "Exact McNemar tests, image by image, and with the images of an overlap group taken as one. The last p "
        "is corrected by Holm's method for comparing several pairs: two runs are told apart where it is below 0.05."
    )
