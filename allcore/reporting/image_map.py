"""The map of images as a figure whose points can be chosen, and in words what it shows and does not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from allcore.data.class_names import in_order
from allcore.number_text import per_cent
from allcore.reporting.class_axis import legend_names
from allcore.reporting.colours import SYMBOLS, class_colours, marks, sequence_colours
from allcore.text import counted, for_figure

PROJECTIONS: Final = {"t_sne": "t-SNE", "principal": "principal components"}
COLOURINGS: Final = {
    "class": "class", "predicted": "predicted class", "answer": "right or wrong", "part": "part of the split",
    "stain": "stain cluster", "novelty": "novelty", "neighbours": "neighbours of its class",
}  # fmt: skip
"""What points can be coloured by."""
MEANING: Final = (
    "Each point is an image; images that the network finds alike lie side by side. The distance between two clusters, "
    "their size and the empty space around them mean nothing in a t-SNE map, and no point may be read as a diagnosis."
)
STAIN_TOO: Final = (
    "What is alike may be the stain as well as the cells: colour the points by stain cluster, and see below what the "
    "features tell apart."
)
_GREY: Final = "#9AA0AB"
_RIGHT: Final = "#0072B2"
_WRONG: Final = "#D55E00"
_PALE: Final[dict[str, object]] = {"color": _GREY, "opacity": 0.35}
_RING: Final[dict[str, object]] = {
    "size": 16, "symbol": "circle-open", "color": "#D62728", "opacity": 1, "line": {"width": 3},
}  # fmt: skip
_HEIGHT: Final = 560
_LEGEND: Final = {"orientation": "h", "y": -0.02, "yanchor": "top", "itemsizing": "constant", "maxheight": 100}
"""Below the map, in pixels: of many classes it scrolls, where Plotly would give it half of the map."""
_NO_PREDICTION: Final = "not predicted"
PART_NAMES: Final = {"train": "train", "validation": "validation", "test": "test", "": "not in the model's run"}
"""What the parts of a model's run are called."""
_MARGIN: Final = {"l": 10, "r": 10, "t": 10, "b": 10}


class _Kind(NamedTuple):
    """Points drawn alike: their name in the legend, their rows (bool, (N,)) and what sets their markers apart."""

    name: str
    rows: np.ndarray
    marker: dict[str, object]


def map_figure(
    table: pd.DataFrame, projection: str, by: str, classes: Sequence[str],
    variance: tuple[float, float] = (0.0, 0.0), chosen: str | None = None,
) -> go.Figure:  # fmt: skip
    """Return the map of the images of a `map_table` with points coloured `by` one of `COLOURINGS`.

    Each point has the number of its row as `customdata`. `classes` have colours beside those of the table, which a
    folder may lack although the model says them. `projection` is one of `PROJECTIONS`; `variance` the share of
    the features' variance along the principal directions; the image at the path `chosen` has a ring.
    """
    x, y = table[f"{projection}_x"].to_numpy(), table[f"{projection}_y"].to_numpy()
    kinds = _shades(table, by) if by in ("novelty", "neighbours") else _kinds(table, by, classes)
    if chosen is not None:
        kinds = [*kinds, _Kind("chosen", (table["path"] == chosen).to_numpy(), _RING)]
    hover, size = _hover(table), 5 if len(table) > 1_000 else 7
    figure = go.Figure()
    for kind in kinds:
        if (rows := np.flatnonzero(kind.rows)).size:
            figure.add_trace(
                go.Scattergl(
                    x=x[rows], y=y[rows], mode="markers", name=kind.name, customdata=rows, text=hover[rows],
                    hovertemplate="%{text}<extra></extra>", marker={"size": size, "opacity": 0.75, **kind.marker},
                    unselected={"marker": {"opacity": 0.15}},
                )
            )  # fmt: skip
    figure.update_xaxes(**_axis(projection, 0, variance))
    figure.update_yaxes(**_axis(projection, 1, variance), scaleanchor="x")
    figure.update_layout(
        height=_HEIGHT, margin=_MARGIN, dragmode="pan",
        uirevision=projection, hoverlabel={"align": "left"}, legend=_LEGEND,
    )  # fmt: skip
    return figure


def mapped_of(mapped: int, total: int) -> str:
    """Return how many images a map has and, where these are not all that there are, of how many they were drawn."""
    return counted(mapped, "image") if mapped == total else f"{mapped:,} of {total:,} images, drawn at random"


def _kinds(table: pd.DataFrame, by: str, classes: Sequence[str]) -> list[_Kind]:
    """Return the kinds of images by one of the colourings that have few values, the most important drawn last."""
    silent = _Kind(_NO_PREDICTION, (table["predicted"] == "").to_numpy(), _PALE)
    if by == "answer":
        right = table["correct"].fillna(value=False).to_numpy(bool)
        wrong = ~right & ~silent.rows
        return [
            silent,
            _Kind("right", right, {"color": _RIGHT}),
            _Kind("wrong", wrong, {"color": _WRONG, "size": 9, "opacity": 1}),
        ]
    if by == "part":
        shades = zip(PART_NAMES.items(), (*sequence_colours(3), _GREY), strict=True)
        return [_Kind(name, (table["part"] == part).to_numpy(), {"color": shade}) for (part, name), shade in shades]
    if by == "stain":
        number = pd.to_numeric(table["stain"].str.rsplit("-", n=1).str[-1], errors="coerce").fillna(0).astype(int)
        known = sorted(number.unique())
        return [
            _Kind(f"cluster {one} of its class", (number == one).to_numpy(), {"color": shade})
            for one, shade in zip(known, sequence_colours(len(known)), strict=True)
        ]
    column = table["label" if by == "class" else "predicted"]
    every = in_order({*classes, *table["label"], *table["predicted"]} - {""})
    names, markers = legend_names(every), _markers(class_colours(every).values())
    of_class = [
        _Kind(names[name], (column == name).to_numpy(), marker) for name, marker in zip(every, markers, strict=True)
    ]
    return of_class if by == "class" else [silent, *of_class]


def _markers(colours: Collection[str]) -> list[dict[str, object]]:
    """Return a marker for each colour, with another symbol where a colour comes again."""
    return [{"color": colour, "symbol": one} for colour, one in zip(colours, marks(colours, SYMBOLS), strict=True)]


def _shades(table: pd.DataFrame, by: str) -> list[_Kind]:
    """Return the images of which a number is known, in the shades of a scale, after those of which it is not."""
    known = table[by].notna().to_numpy()
    bar = {"orientation": "h", "y": -0.02, "yanchor": "top", "thickness": 12, "len": 0.9, "title": COLOURINGS[by]}
    values = table[by].to_numpy(np.float64)[known]
    scale = {"color": values, "colorscale": "Cividis", "showscale": True, "colorbar": bar}
    return [_Kind("not known", ~known, _PALE), _Kind(COLOURINGS[by], known, scale)]


def _hover(table: pd.DataFrame) -> np.ndarray:
    lines = []
    for row in table.to_dict("records"):
        said = f"predicted {row['predicted']}, {per_cent(row['confidence'], 0)}" if row["predicted"] else _NO_PREDICTION
        told = (row["path"], f"true {row['label']}, {said}", PART_NAMES[row["part"]], f"stain cluster {row['stain']}")
        lines.append("<br>".join(map(for_figure, told)))
    return np.array(lines, object)


def _axis(projection: str, number: int, variance: tuple[float, float]) -> dict[str, object]:
    if projection == "principal":
        title = f"{('first', 'second')[number]} direction, {per_cent(variance[number], 0)} of the variance"
        return {"title": title, "showticklabels": False, "zeroline": False}
    return {"visible": False}
