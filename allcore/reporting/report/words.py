"""Numbers as a report writes them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

UNKNOWN = "–"


def per_cent(fraction: float | None, digits: int = 2) -> str:
    """Return a fraction as `96.59 %`, a dash when it is undefined."""
    return UNKNOWN if fraction is None else f"{100 * fraction:.{digits}f} %"


def interval(of: tuple[float | None, float | None], digits: int = 2, scale: float = 100.0) -> str:
    """Return an interval, of fractions in per cent, as `92.50 to 97.70`; a dash when it is undefined."""
    low, high = of
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return UNKNOWN
    return f"{scale * low:.{digits}f} to {scale * high:.{digits}f}"


def with_interval(value: float | None, of: tuple[float | None, float | None], sign: str = "") -> str:
    """Return a number and, on a line below, its interval: `96.6` and `(92.5–97.7)`; `sign` is `+` or empty."""
    if value is None or pd.isna(value):
        return UNKNOWN
    low, high = of
    shown = f"{value:{sign}.1f}"
    if low is not None and high is not None and not pd.isna(low) and not pd.isna(high):
        shown += f"\n({low:{sign}.1f}{' to ' if sign else '–'}{high:{sign}.1f})"
    return shown.replace("-", "−")


def number(value: float) -> str:
    """Return a number with two decimals, nothing where there is none (nan)."""
    return "" if pd.isna(value) else f"{value:.2f}"


def ends(low: float, high: float) -> str:
    """Return the ends of an interval with two decimals, nothing where it is undefined (nan)."""
    return "" if pd.isna(low) or pd.isna(high) else f"{low:.2f} to {high:.2f}"


def part_of(count: int, total: int) -> str:
    """Return `12 of 260 (4.6 %)`; without the share where there is nothing to share."""
    return f"{count:,} of {total:,} ({100 * count / total:.1f} %)" if total else f"{count:,} of {total:,}"


def counted(count: int, thing: str, things: str | None = None) -> str:
    """Return `1 image` or `2 images`."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def listed(names: Sequence[str]) -> str:
    """Return `a`, `a and b` or `a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
