"""Numbers as the report, the pages and the command line write them."""

from __future__ import annotations

import math
from collections.abc import Sequence

UNKNOWN = "–"
"""Stands for a number that is not known or not defined, None or nan."""

Ends = tuple[float | None, float | None]


def decimal(value: float | None, digits: int = 2, sign: str = "") -> str:
    """Return a number as `96.59`; `sign` is `+` where it stands before positive ones too."""
    return UNKNOWN if value is None or math.isnan(value) else f"{value:{sign}.{digits}f}"


def interval(of: Ends, digits: int = 2, sign: str = "") -> str:
    """Return an interval as `92.50 to 97.70`."""
    low, high = (decimal(end, digits, sign) for end in of)
    return UNKNOWN if UNKNOWN in (low, high) else f"{low} to {high}"


def or_blank(shown: str) -> str:
    """Return a number's text, nothing where it says that the number is not known."""
    return "" if shown == UNKNOWN else shown


def hundredfold(fraction: float | None) -> float | None:
    """Return a fraction in per cent, None where it is not known."""
    return None if fraction is None or math.isnan(fraction) else 100 * fraction


def of_hundred(value: float | None, digits: int = 2) -> str:
    """Return a number of per cent as `96.59`; one that is not all, or not nothing, as `> 99.99` or `< 0.01` at the
    most."""
    shown = decimal(value, digits)
    if value is not None and 0 < value < 100:
        if shown == decimal(100, digits):
            return f"> {decimal(100 - 10**-digits, digits)}"
        if shown == decimal(0, digits):
            return f"< {decimal(10**-digits, digits)}"
    return shown


def percentage(fraction: float | None, digits: int = 2, sign: str = "") -> str:
    """Return a fraction in per cent as `of_hundred` does, for where `%` stands elsewhere; with a `sign`, a difference
    of two as `+2.13`."""
    return decimal(hundredfold(fraction), digits, sign) if sign else of_hundred(hundredfold(fraction), digits)


def per_cent(fraction: float | None, digits: int = 2) -> str:
    """Return a fraction as `96.59 %`, written as by `of_hundred`."""
    shown = percentage(fraction, digits)
    return shown if shown == UNKNOWN else f"{shown} %"


def percentages(of: Ends, digits: int = 2, sign: str = "") -> str:
    """Return an interval of fractions in per cent as `92.50 to 97.70`."""
    low, high = map(hundredfold, of)
    return interval((low, high), digits, sign)


def per_cent_within(fraction: float | None, of: Ends) -> str:
    """Return a score with its interval as `95.8 % (92.5 to 97.7)`, alone where that is not known, or `undefined`."""
    shown, ends = per_cent(fraction, 1), percentages(of, 1)
    if shown == UNKNOWN:
        return "undefined"
    return shown if ends == UNKNOWN else f"{shown} ({ends})"


def two_lines(value: float | None, of: Ends, sign: str = "") -> str:
    """Return a number of per cent and, on a line below, its interval: `96.6` and `(92.5–97.7)`.

    With the `sign` `+` it is a difference in points.
    """
    shown = decimal(value, 1, sign) if sign else of_hundred(value, 1)
    low, high = (decimal(end, 1, sign) for end in of)
    if UNKNOWN not in (shown, low, high):
        shown += f"\n({low}{' to ' if sign else '–'}{high})"
    return shown.replace("-", "−")


def part_of(count: int, total: int) -> str:
    """Return `12 of 260 (4.6 %)`; without the share where there is nothing to share."""
    return f"{count:,} of {total:,} ({per_cent(count / total, 1)})" if total else f"{count:,} of {total:,}"


def listed(names: Sequence[str]) -> str:
    """Return `a`, `a and b` or `a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def duration(seconds: float | None) -> str:
    """Return seconds as `48 s`, `12 min` or `3 h 20 min`."""
    if seconds is None or math.isnan(seconds):
        return UNKNOWN
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def speed(images_per_second: float | None) -> str:
    """Return images a second as `143`, or below ten as `2.7`, for where their unit stands elsewhere."""
    slow = images_per_second is not None and round(images_per_second, 1) < 10
    return decimal(images_per_second, 1 if slow else 0)


def memory(amount: float) -> str:
    """Return bytes as `1.4 GB`, `320 MB` or `2 kB`."""
    if amount >= 1e9:
        return f"{amount / 1e9:.1f} GB"
    return f"{amount / 1e6:.0f} MB" if amount >= 1e6 else f"{amount / 1e3:.0f} kB"
