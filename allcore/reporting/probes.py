"""What probes showed of a model, as a table, a figure and sentences."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from allcore.cells.finder import LabelImage
from allcore.evaluation.held_out import views_of
from allcore.evaluation.probes.evidence_share import EvidenceGrid, EvidenceShare, cell_weights, shares_of_evidence
from allcore.evaluation.probes.probing import ProbeReport, ProbeResult
from allcore.evaluation.probes.registry import AS_IT_IS, CELLS_ALONE, OTHER_FIELD, PROBES, Probe
from allcore.evaluation.scoring.scores import Interval, Scores
from allcore.inference.metadata import ViewScore
from allcore.number_text import hundredfold, per_cent, percentages
from allcore.reporting.colours import BASELINE, sequence_colours

CAVEAT = (
    "A fall shows that the model uses what was taken away, or is confused by images unlike those it was trained on. "
    "Without a fall, nothing shows that it needs what was taken away. Intervals are not adjusted for the number of "
    "probes: among a dozen, one may leave out 0 by chance alone."
)
"""What must be said beside every list of findings."""
_DEGREES = ((0.1, "a little"), (0.5, "partly"), (math.inf, "mostly"))
"""How much a model relies on something, by the part of what it knows beyond the commonest class that goes with it."""
_MOSTLY = 0.9
"""A score comes mostly from the cells where at least this part of it is left on the field of another class."""
_TOO_SELDOM = 0.5
"""Accuracy on the images as they are below which nothing is said of where it comes from."""


def probe_table(report: ProbeReport) -> pd.DataFrame:
    """Return one row a probe made or skipped, accuracy and change in per cent and points with their 95 % intervals.

    Columns: probe, accuracy, low, high, lowest_recall (that of lowest_class), change, change_low, change_high,
    followed_other and followed_neither (of the images to which another class's lent something, how many are called
    that class, and neither), decisions_changed, commonest_change (such as "Benign → Pre, 14 images"), what (is done)
    and skipped (why, or empty).
    """
    before = report.result(AS_IT_IS)
    views = {view.probe: view for view in views_of(report)}
    rows = []
    for probe, result in _made(report):
        row: dict[str, object] = {"probe": probe.name, "what": probe.what, "skipped": result.skipped}
        if (view := views.get(probe.name)) is not None:
            row |= _per_cent("accuracy", "", view.accuracy, view.interval)
            row |= {"lowest_class": view.lowest_class}
            for name in ("lowest_recall", "followed_other", "followed_neither"):
                fraction = getattr(view, name)
                row[name] = hundredfold(fraction)
        if result.change is not None and before is not None:
            row |= _per_cent("change", "change_", result.change, result.change_interval)
            row |= {
                "decisions_changed": result.decisions_changed,
                "commonest_change": commonest_change(before, result),
            }
        rows.append(row)
    columns = [
        *("probe", "accuracy", "low", "high", "lowest_recall", "lowest_class", "change", "change_low", "change_high"),
        *("followed_other", "followed_neither"),
        *("decisions_changed", "commonest_change", "what", "skipped"),
    ]
    numbers = dict.fromkeys(("lowest_recall", "followed_other", "followed_neither"), float)
    return pd.DataFrame(rows, columns=columns).astype({"decisions_changed": "Int64", **numbers})


def probe_figure(report: ProbeReport) -> go.Figure:
    """Return the accuracy under each probe with its interval, lines at that of the images as they are and at chance."""
    made = [(probe, result.scores) for probe, result in _made(report) if result.scores is not None]
    figure = go.Figure()
    figure.add_scatter(
        x=[100 * scores.accuracy for _, scores in made],
        y=[probe.name for probe, _ in made],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [100 * (_end(scores, 1) - scores.accuracy) for _, scores in made],
            "arrayminus": [100 * (scores.accuracy - _end(scores, 0)) for _, scores in made],
        },
        customdata=[(100 * _end(scores, 0), 100 * _end(scores, 1), probe.what) for probe, scores in made],
        hovertext=[per_cent(scores.accuracy, 1) for _, scores in made],
        mode="markers",
        marker={"size": 10, "color": sequence_colours(1)[0]},
        hovertemplate="%{y}: %{hovertext} (%{customdata[0]:.1f} to %{customdata[1]:.1f})<br>%{customdata[2]}"
        "<extra></extra>",
        showlegend=False,
    )
    plain = made[0][1]
    for x, dash, name in (
        (plain.accuracy, "dash", "the images as they are"),
        (chance(plain), "dot", "every image called the commonest class"),
    ):
        line = {"dash": dash, "color": BASELINE, "width": 1.5}
        figure.add_vline(100 * x, line=line, name=name, showlegend=True)
    figure.update_xaxes(title="test accuracy (%), 95 % interval", range=[-2, 102])
    figure.update_yaxes(autorange="reversed", type="category")
    height = 160 + 42 * len(made)
    legend = {"orientation": "h", "yanchor": "top", "y": -70 / (height - 160), "x": 0}
    figure.update_layout(height=height, margin={"l": 10, "r": 10, "t": 30, "b": 10}, legend=legend)
    return figure


def findings(report: ProbeReport) -> list[str]:
    """Return for each probe made, that of the images as they are aside, what its result means, in a sentence."""
    plain = report.result(AS_IT_IS)
    if plain is None or plain.scores is None:
        return []
    return [
        f"{probe.name}: right in {per_cent(result.scores.accuracy, 1)} instead of {per_cent(plain.scores.accuracy, 1)}"
        f"{_followed(probe, result)}; {_meaning(probe, result, plain.scores)}."
        for probe, result in _made(report)
        if result.scores is not None and result.change is not None
    ]


def corner_finding(corner: EvidenceShare) -> str:
    """Return in a sentence how much of the evidence falls in the scale-bar corner."""
    if corner.share is None:
        return "At this image size the evidence map leaves the scale-bar corner out: no evidence falls there."
    return (
        f"{per_cent(corner.share, 1)}{_between(corner.interval)} of the evidence for the predicted class falls in the "
        f"scale-bar corner, {corner.share / corner.area:.1f} times its {per_cent(corner.area, 1)} of the area."
    )


def cells_finding(cells: EvidenceShare, by_class: Mapping[str, EvidenceShare]) -> str:
    """Return in a sentence how much of the evidence falls inside nucleated cells, over all images and by class."""
    if cells.share is None:
        return "There is no evidence that could fall inside nucleated cells."
    said = (
        f"{per_cent(cells.share, 1)}{_between(cells.interval)} of the evidence for the predicted class falls inside "
        f"nucleated cells, {cells.share / cells.area:.1f} times their {per_cent(cells.area, 1)} of the area"
    )
    of_classes = [f"{name} {per_cent(each.share, 1)}" for name, each in by_class.items() if each.share is not None]
    return f"{said}: {', '.join(of_classes)}." if len(of_classes) > 1 else f"{said}."


def evidence_findings(report: ProbeReport) -> list[str]:
    """Return where the evidence falls: inside nucleated cells, and in the scale-bar corner, a sentence each."""
    cells = [] if report.cells is None else [cells_finding(report.cells, report.cells_by_class)]
    return cells if report.corner is None else [*cells, corner_finding(report.corner)]


def image_finding(evidence: np.ndarray, cells: LabelImage, grid: EvidenceGrid) -> str:
    """Return in a sentence how much of one image's evidence (h, w), on `grid`, falls inside its cells, uint8 (H, W)."""
    count = int(cells.max(initial=0))
    if not count:
        return "No nucleated cells were found."
    weights = cell_weights(cells, grid)
    share = float(shares_of_evidence(evidence[None], weights)[0])
    within = f"{count} nucleated cell{'s' if count > 1 else ''}"
    area = f"{per_cent(weights.mean(), 0)} of the image"
    if not np.isfinite(share):
        return f"{within} on {area}."
    return f"{per_cent(share, 0)} of the evidence lies inside {within}, on {area}."


def commonest_change(before: ProbeResult, after: ProbeResult) -> str:
    """Return which class becomes which most often under a probe: "Benign → Pre, 14 images"; empty when none changes."""
    assert before.scores is not None
    pairs = zip(before.predicted, after.predicted, strict=True)
    changed = Counter((one, other) for one, other in pairs if one != other)
    if not changed:
        return ""
    (one, other), count = changed.most_common(1)[0]
    classes = before.scores.classes
    return f"{classes[one]} → {classes[other]}, {count} image{'s' if count > 1 else ''}"


def chance(scores: Scores) -> float:
    """Return the accuracy of calling every image the commonest class."""
    return max(of_class.support for of_class in scores.per_class.values()) / scores.n


def what_it_looks_at(views: Sequence[ViewScore]) -> str:
    """Return in plain words whether a model's score comes from the cells, as far as its probes tell; else empty."""
    by_probe = {view.probe: view for view in views}
    plain, mixed, alone = (by_probe.get(name) for name in (AS_IT_IS, OTHER_FIELD, CELLS_ALONE))
    if plain is None or mixed is None or mixed.followed_other is None or mixed.followed_neither is None:
        return ""
    said = (
        f"{_worth(plain.accuracy, mixed.accuracy, mixed.followed_other)} With the cells of each image put onto the "
        f"field of another class, {per_cent(mixed.accuracy, 1)} of the predictions follow the cells, "
        f"{per_cent(mixed.followed_other, 1)} the field and {per_cent(mixed.followed_neither, 1)} neither."
    )
    return said if alone is None else f"{said} With the cells on plain grey, {per_cent(alone.accuracy, 1)} are right."


def _worth(plain: float, of_cells: float, of_field: float) -> str:
    if plain < _TOO_SELDOM:
        return "The model is wrong too often to say what its score comes from."
    if of_field >= of_cells:
        return "The model's score is no evidence that it looks at the cells."
    if of_cells < _MOSTLY * plain:
        return "The model's score comes partly from the field around the cells."
    return "The model's score comes mostly from the cells."


def _followed(probe: Probe, result: ProbeResult) -> str:
    if result.followed_other is None or result.followed_neither is None:
        return ""
    return (
        f" ({per_cent(result.followed_other, 1)} predicted as the class that lent its {probe.borrows}, "
        f"{per_cent(result.followed_neither, 1)} as neither)"
    )


def _meaning(probe: Probe, result: ProbeResult, plain: Scores) -> str:
    assert result.change is not None
    low, high = result.change_interval
    if low is None or high is None or low <= 0 <= high:
        return f"nothing shows that it relies on {probe.relies_on}"
    if result.change > 0:
        return f"it is misled by {probe.relies_on}"
    known = plain.accuracy - chance(plain)
    lost = -result.change / known if known > 0 else math.inf
    degree = next(word for most, word in _DEGREES if lost <= most)
    return f"it relies {degree} on {probe.relies_on}"


def _made(report: ProbeReport) -> list[tuple[Probe, ProbeResult]]:
    return [(probe, result) for probe in PROBES if (result := report.result(probe.name)) is not None]


def _per_cent(name: str, prefix: str, value: float, interval: Interval) -> dict[str, float | None]:
    low, high = map(hundredfold, interval)
    return {name: hundredfold(value), f"{prefix}low": low, f"{prefix}high": high}


def _between(interval: Interval) -> str:
    low, high = interval
    return "" if low is None or high is None else f" ({percentages(interval, 1)})"


def _end(scores: Scores, number: int) -> float:
    end = scores.intervals["accuracy"][number]
    return scores.accuracy if end is None else end
