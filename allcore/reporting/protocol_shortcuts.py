"""What the shortcut baselines reach under each split protocol of a dataset: as a table, a figure and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from allcore.evaluation.shortcuts import ShortcutResult, best_shortcut
from allcore.number_text import UNKNOWN, of_hundred, per_cent, percentages
from allcore.reporting.colours import SYMBOLS, sequence_colours
from allcore.reporting.score_tables import in_per_cent

Results = Mapping[str, Sequence[ShortcutResult]]
"""The results of the same baselines by the name of the protocol."""
_APART = 0.22


def protocol_table(results: Results) -> pd.DataFrame:
    """Return one row a baseline and protocol, in per cent with 95 % intervals; nan where an end is undefined.

    Columns: baseline, what (it sees), protocol, images (of the test), accuracy, low, high, balanced, balanced_low,
    balanced_high (the mean sensitivity of the classes).
    """
    rows = [
        (
            *(result.name, result.baseline.what, protocol, result.scores.n),
            *in_per_cent(result.scores, "accuracy"),
            *in_per_cent(result.scores, "balanced_accuracy"),
        )
        for protocol, of_protocol in results.items()
        for result in of_protocol
    ]
    names = ("baseline", "what", "protocol", "images", "accuracy", "low", "high")
    table = pd.DataFrame(rows, columns=[*names, "balanced", "balanced_low", "balanced_high"])
    order = {name: place for place, name in enumerate(dict.fromkeys(table["baseline"]))}
    return table.sort_values("baseline", key=lambda name: name.map(order), kind="stable", ignore_index=True)


def protocol_figure(table: pd.DataFrame) -> go.Figure:
    """Return the accuracies of a `protocol_table` with their intervals, a row a baseline, a colour a protocol."""
    baselines, protocols = list(dict.fromkeys(table["baseline"])), list(dict.fromkeys(table["protocol"]))
    offsets = _APART * (np.arange(len(protocols)) - (len(protocols) - 1) / 2)
    figure = go.Figure()
    for protocol, offset, colour, symbol in zip(
        protocols, offsets, sequence_colours(len(protocols)), SYMBOLS, strict=False
    ):
        rows = table[table["protocol"] == protocol]
        figure.add_scatter(
            x=rows["accuracy"],
            y=rows["baseline"].map(baselines.index) + offset,
            name=protocol,
            mode="markers",
            marker={"color": colour, "size": 10, "symbol": symbol},
            error_x={
                "type": "data", "symmetric": False, "thickness": 1.4,
                "array": rows["high"] - rows["accuracy"], "arrayminus": rows["accuracy"] - rows["low"],
            },
            customdata=rows[["baseline", "low", "high", "images"]],
            hovertext=[f"{of_hundred(accuracy, 1)} %" for accuracy in rows["accuracy"]],
            hovertemplate="%{customdata[0]}: %{hovertext} (%{customdata[1]:.1f} to %{customdata[2]:.1f}), "
            "%{customdata[3]} images<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    figure.update_xaxes(title="test accuracy (%), 95 % interval", range=[-2, 102])
    figure.update_yaxes(
        tickvals=list(range(len(baselines))), ticktext=baselines, range=[len(baselines) - 0.5, -0.5], zeroline=False
    )
    figure.update_layout(
        height=150 + 52 * len(baselines), margin={"l": 10, "r": 10, "t": 32, "b": 10},
        legend={"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0}, showlegend=True,
    )  # fmt: skip
    return figure


def protocol_findings(results: Results) -> list[str]:
    """Return for each protocol its best baseline, in a sentence."""
    found = []
    for protocol, of_protocol in results.items():
        best = best_shortcut(of_protocol)
        ends = percentages(best.scores.intervals["accuracy"], 1)
        said = f"“{best.name}” alone gets {per_cent(best.scores.accuracy, 1)} of the test images right"
        found.append(f"{protocol}: {said}{'' if ends == UNKNOWN else f' ({ends})'}.")
    return found
