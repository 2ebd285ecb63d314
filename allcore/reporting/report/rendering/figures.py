"""Figures of a report as SVG and HTML, drawn here: they need no browser, no script, and take the page's colours.

The pages' Plotly figures would need 4.8 MB of script in every report, whose policy allows none, or a browser on the
machine that makes it.

Whatever text comes from outside is escaped here; the classes in the markup are those of `style.css`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allcore.evaluation.scoring.calibration import ReliabilityDiagram
from allcore.number_text import per_cent
from allcore.reporting.report.rendering.blocks import Figure
from allcore.text import for_html

WIDTH, HEIGHT = 360, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 12, 38


@dataclass(frozen=True)
class Line:
    """One curve: its name, its style (a class of the style sheet) and its points (N,)."""

    name: str
    style: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None

    def finite(self) -> Line:
        """Return the line without the points whose y is not finite."""
        kept = np.isfinite(self.y)
        low, high = (None if end is None else end[kept] for end in (self.low, self.high))
        return Line(self.name, self.style, self.x[kept], self.y[kept], low, high)


@dataclass(frozen=True)
class Mark:
    """One score on a track: a fraction with its interval (None where there is none), and what it is of."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    style: str = "baseline"


@dataclass(frozen=True)
class _Frame:
    """Where values of x and y lie in the drawing."""

    x: tuple[float, float]
    y: tuple[float, float]
    height: int = HEIGHT

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return (
            _LEFT + across * (WIDTH - _LEFT - _RIGHT),
            self.height - _BOTTOM - up * (self.height - _TOP - _BOTTOM),
        )

    def path(self, x: np.ndarray, y: np.ndarray) -> str:
        points = (self.at(float(a), float(b)) for a, b in zip(x, y, strict=True))
        return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)


def lines_figure(title: str, lines: Sequence[Line], x_title: str, y_title: str, scale: float, alt: str) -> Figure:
    """Return curves over epochs, with their bands where they have any; `scale` turns y into the unit of its title."""
    drawn = [line.finite() for line in lines if np.isfinite(line.y).any()]
    y = scale * np.concatenate([part for line in drawn for part in (line.y, line.low, line.high) if part is not None])
    x = np.concatenate([line.x for line in drawn])
    frame = _Frame(_widened(x), _padded(y))
    parts = [_axes(frame, _whole_ticks(x), _ticks(*frame.y), x_title, y_title)]
    for line in drawn:
        if line.low is not None and line.high is not None:
            there = np.concatenate([line.x, line.x[::-1]])
            edge = scale * np.concatenate([line.low, line.high[::-1]])
            parts.append(f'<path class="band" d="{frame.path(there, edge)}Z"/>')
        parts.append(f'<path class="line {line.style}" d="{frame.path(line.x, scale * line.y)}"/>')
        parts += [_dot(*frame.at(a, scale * b), f"point {line.style}") for a, b in zip(line.x, line.y, strict=True)]
    legend = "".join(f'<span class="key {line.style}">{for_html(line.name)}</span>' for line in drawn)
    return Figure(title, _svg(parts, alt) + f'<p class="legend">{legend}</p>')


def reliability_figure(diagram: ReliabilityDiagram) -> Figure:
    """Return accuracy against the probability of the predicted class, with intervals and the images of each bin."""
    frame = _Frame((0.0, 1.0), (0.0, 1.0))
    ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
    parts = [
        _axes(frame, ticks, ticks, "probability of the predicted class (%)", "accuracy (%)", factor=100),
        f'<path class="ideal" d="{frame.path(np.array([0, 1]), np.array([0, 1]))}"/>',
    ]
    filled = np.flatnonzero(diagram.counts > 0)
    largest = float(diagram.counts.max())
    for number in filled:
        left, _ = frame.at(float(diagram.edges[number]), 0)
        right, floor = frame.at(float(diagram.edges[number + 1]), 0)
        tall = 40 * float(diagram.counts[number]) / largest
        parts.append(
            f'<rect class="count" x="{left + 0.5:.1f}" y="{floor - tall:.1f}" width="{right - left - 1:.1f}" '
            f'height="{tall:.1f}"/>'
        )
    for number in filled:
        x = float(diagram.confidence[number])
        a, high = frame.at(x, float(diagram.high[number]))
        _, low = frame.at(x, float(diagram.low[number]))
        parts.append(f'<path class="whisker" d="M{a:.1f} {low:.1f}V{high:.1f}"/>')
        parts.append(_dot(*frame.at(x, float(diagram.accuracy[number])), "point model"))
    said = ", ".join(
        f"{diagram.counts[n]:.0f} images at {per_cent(float(diagram.confidence[n]), 0)} of which "
        f"{per_cent(float(diagram.accuracy[n]), 0)} right"
        for n in filled
    )
    alt = f"Reliability diagram: {said}"
    caption = "Accuracy against probability, with 95 % intervals; dashed: perfect calibration; bars: images of a bin"
    return Figure(caption, _svg(parts, alt))


def track_figure(caption: str, marks: Sequence[Mark]) -> Figure:
    """Return scores below each other on one scale of per cent, each with its interval."""
    ends = [end for mark in marks for end in (mark.value, mark.low) if end is not None]
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if 1 - min(ends) < 5 * step or step == 0.25)
    ticks = np.arange(1.0, max(0.0, min(ends)) - step, -step).clip(0)[::-1]
    floor = float(ticks[0])
    scale = "".join(f'<i style="left:{_along(t, floor)}">{100 * t:.0f}</i>' for t in ticks)
    rows = "".join(_track(mark, floor) for mark in marks)
    return Figure(caption, f'<div class="tracks">{rows}<div class="scale"><span></span><div>{scale}</div></div></div>')


def _track(mark: Mark, floor: float) -> str:
    whisker = said = ""
    if mark.low is not None and mark.high is not None:
        left, right = (100 * (end - floor) / (1 - floor) for end in (mark.low, mark.high))
        whisker = f'<u style="left:{left:.2f}%;width:{right - left:.2f}%"></u>'
        said = f" <small>{100 * mark.low:.1f} to {100 * mark.high:.1f}</small>"
    dot = f'<b style="left:{_along(mark.value, floor)}"></b>'
    name = for_html(mark.name)
    return (
        f'<div class="track {mark.style}"><span>{name}</span><div aria-hidden="true">{whisker}{dot}</div>'
        f"<em>{per_cent(mark.value, 1)}{said}</em></div>"
    )


def _along(value: float, floor: float) -> str:
    return f"{100 * (value - floor) / (1 - floor):.2f}%"


def _svg(parts: Sequence[str], alt: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{for_html(alt)}">{"".join(parts)}</svg>'


def _axes(
    frame: _Frame, x_ticks: Sequence[float], y_ticks: Sequence[float], x_title: str, y_title: str, factor: float = 1
) -> str:
    floor, parts = frame.height - _BOTTOM, []
    for tick in y_ticks:
        _, y = frame.at(frame.x[0], tick)
        parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{factor * tick:g}</text>')
    for tick in x_ticks:
        x, _ = frame.at(tick, frame.y[0])
        parts.append(f'<text x="{x:.1f}" y="{floor + 14}" text-anchor="middle">{factor * tick:g}</text>')
    parts.append(f'<path class="axis" d="M{_LEFT} {floor}H{WIDTH - _RIGHT}"/>')
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{floor + 31}" text-anchor="middle">{for_html(x_title)}</text>')
    centre = (_TOP + floor) / 2
    parts.append(
        f'<text x="12" y="{centre}" text-anchor="middle" transform="rotate(-90 12 {centre})">{for_html(y_title)}</text>'
    )
    return "".join(parts)


def _dot(x: float, y: float, style: str) -> str:
    return f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>'


def _ticks(low: float, high: float) -> list[float]:
    """Return four to eight round numbers between two ends."""
    rough = (high - low) / 5
    size = 10.0 ** np.floor(np.log10(rough))
    step = size * next(factor for factor in (1, 2, 5, 10) if factor * size >= rough)
    first = int(np.ceil(low / step - 1e-9))
    return [round(number * step, 10) for number in range(first, int(np.floor(high / step + 1e-9)) + 1)]


def _whole_ticks(x: np.ndarray) -> list[float]:
    first, last = int(x.min()), int(x.max())
    step = max(1, -(-(last - first) // 8))
    return [float(tick) for tick in range(first, last + 1, step)]


def _widened(x: np.ndarray) -> tuple[float, float]:
    low, high = float(x.min()), float(x.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _padded(y: np.ndarray) -> tuple[float, float]:
    low, high = float(y.min()), float(y.max())
    space = 0.06 * (high - low) or 0.5
    return (low - space, high + space)
