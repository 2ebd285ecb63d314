"""Durations and amounts of memory in words."""

from __future__ import annotations


def duration(seconds: float | None) -> str:
    """Return seconds as `48 s`, `12 min` or `3 h 20 min`; a dash when they are unknown."""
    if seconds is None:
        return "–"
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def memory(amount: float) -> str:
    """Return bytes as `1.4 GiB`, `320 MiB` or `2 KiB`."""
    if amount >= 2**30:
        return f"{amount / 2**30:.1f} GiB"
    return f"{amount / 2**20:.0f} MiB" if amount >= 2**20 else f"{amount / 2**10:.0f} KiB"
