"""What a score is worth beside what classifiers reach that see too little: as a table, a figure, lines and words."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from allcore.evaluation.scoring.scores import Scores
from allcore.number_text import UNKNOWN, interval, per_cent
from allcore.paper import HEADLINE, TABLE_1
from allcore.reporting.colours import BASELINE, DASHES, PAPER, sequence_colours
from allcore.reporting.comparison import p_text

RUN, THE_PAPER = "this run", "the paper"
_REACH = 0.03


def shortcut_table(scores: Scores, against: pd.DataFrame, *, beside_paper: bool) -> pd.DataFrame:
    """Return a run, the paper where it may stand beside, and each baseline, in per cent and points.

    `against` is what `against_shortcuts` makes of them. Columns: name, what (it sees), accuracy, low, high, difference
    (the run's accuracy less this one's), difference_low, difference_high, p; nan where unknown.
    """
    low, high = scores.intervals["accuracy"]
    rows: list[dict[Any, Any]] = [
        {"name": RUN, "what": "The network of this run.", "accuracy": scores.accuracy, "low": low, "high": high}
    ]
    if beside_paper:
        what = "Its network on test images of its own; no interval stated."
        rows.append({"name": THE_PAPER, "what": what, "accuracy": HEADLINE["accuracy"]})
    rows += against.rename(columns={"baseline": "name"}).to_dict("records")
    fractions = ["accuracy", "low", "high", "difference", "difference_low", "difference_high"]
    table = pd.DataFrame(rows, columns=["name", "what", *fractions, "p"])
    table[fractions] = 100 * table[fractions].astype(float)
    return table


def shortcut_figure(table: pd.DataFrame) -> go.Figure:
    """Return the accuracies of a `shortcut_table` with their intervals, a line at the run's."""
    figure = go.Figure()
    colours = {RUN: sequence_colours(1)[0], THE_PAPER: PAPER}
    symbols = {RUN: "circle", THE_PAPER: "diamond"}
    for row in table.to_dict("records"):
        colour = colours.get(row["name"], BASELINE)
        figure.add_scatter(
            x=[row["accuracy"]],
            y=[f"{row['name']}  {per_cent(row['accuracy'] / 100, 1)}"],
            error_x={
                "type": "data", "symmetric": False, "thickness": 1.2,
                "array": [row["high"] - row["accuracy"]], "arrayminus": [row["accuracy"] - row["low"]],
            },
            mode="markers",
            marker={"color": colour, "size": 10, "symbol": symbols.get(row["name"], "square")},
            customdata=[[_between(row["low"], row["high"]), row["what"]]],
            hovertemplate="%{y}%{customdata[0]}<br>%{customdata[1]}<extra></extra>",
            showlegend=False,
        )  # fmt: skip
    figure.add_vline(table["accuracy"].iloc[0], line={"dash": "dot", "color": colours[RUN], "width": 1.5})
    figure.update_xaxes(title="test accuracy (%),<br>95 % interval", range=[-2, 102])
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_layout(height=130 + 30 * len(table), margin={"l": 10, "r": 10, "t": 30, "b": 10})
    return figure


def shortcut_verdict(scores: Scores, against: pd.DataFrame) -> str:
    """Return in words whether the run's accuracy stands above every shortcut's, as `against_shortcuts` has them."""
    against = against[~against["sees_cells"].astype(bool)]
    own = per_cent(scores.accuracy, 1)
    reaching = against[against["reaches"]]
    alike = against[~against["reaches"] & ~against["apart"]]
    if len(reaching):
        others = _listed(reaching.iloc[1:])
        return (
            f"{_reached(reaching.iloc[0])}; the network reaches {own}. Its score alone is no evidence that it looks at "
            f"cells.{f' As good or better: {others}.' if others else ''}"
        )
    if len(alike):
        return (
            f"{_reached(alike.iloc[0])}; the network reaches {own}, and a paired test cannot tell the two apart "
            f"({p_text(alike['p'].iloc[0])}). Its score is hardly evidence that it looks at cells."
        )
    best = against.iloc[0]
    low, high = 100 * best["difference_low"], 100 * best["difference_high"]
    return (
        f"The network reaches {own}, more than every shortcut. {_reached(best)}: what no shortcut explains is "
        f"{100 * best['difference']:.1f} points ({low:.1f} to {high:.1f})."
    )


def draw_shortcuts(
    figure: go.Figure, runs: pd.DataFrame, accuracies: Mapping[str, float], row: int | None = None
) -> None:
    """Draw a line at each shortcut's accuracy through a figure of runs' accuracies, or through the panel in a `row`.

    `runs` is a `tradeoff_table`, `accuracies` are by the shortcut's name. Shortcuts far below every run are left out:
    they would squeeze the runs together. The legend names the others, the best first; the axis is widened to hold them.
    """
    panel = {} if row is None else {"row": row, "col": 1}
    shown, _ = _near_and_far(runs, accuracies)
    for (name, accuracy), dash in zip(shown.items(), cycle(DASHES)):
        figure.add_hline(
            100 * accuracy, name=f"shortcut: {name}, {per_cent(accuracy, 1)}", showlegend=True,
            line={"color": BASELINE, "width": 1.5, "dash": dash}, **panel,
        )  # fmt: skip
    figure.update_yaxes(autorangeoptions={"include": [100 * accuracy for accuracy in shown.values()]}, **panel)


def shortcut_note(runs: pd.DataFrame, accuracies: Mapping[str, float]) -> str:
    """Return what the lines of `draw_shortcuts` mean, and which shortcuts have none."""
    _, far = _near_and_far(runs, accuracies)
    listed = ", ".join(f"{name} {per_cent(accuracy, 1)}" for name, accuracy in far.items())
    return "Brown lines: what shortcuts, which see too little to judge a cell, reach on the same test images." + (
        f" Below the figure: {listed}." if far else ""
    )


def _near_and_far(runs: pd.DataFrame, accuracies: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the accuracies, the best first, parted into those within reach of the lowest run and those below."""
    beside = (size.accuracy for size in TABLE_1) if runs["beside_paper"].all() else ()
    lowest = min([runs["accuracy_low"].fillna(runs["accuracy"]).min(), *beside])
    ordered = sorted(accuracies.items(), key=lambda item: -item[1])
    near = sum(accuracy >= lowest - _REACH for _, accuracy in ordered)
    return dict(ordered[:near]), dict(ordered[near:])


def _reached(row: pd.Series) -> str:
    return f"The shortcut “{row['baseline']}” reaches {per_cent(row['accuracy'], 1)}"


def _listed(rows: pd.DataFrame) -> str:
    return ", ".join(f"“{row['baseline']}” ({per_cent(row['accuracy'], 1)})" for row in rows.to_dict("records"))


def _between(low: float, high: float) -> str:
    between = interval((low, high), 1)
    return "" if between == UNKNOWN else f" ({between})"
