"""The states of a run. What lists runs needs no more of a status, and starts sooner without the rest."""

from __future__ import annotations

from typing import Literal

State = Literal["queued", "running", "stopping", "succeeded", "failed", "cancelled", "interrupted"]
ACTIVE: frozenset[State] = frozenset({"queued", "running", "stopping"})
RESUMABLE: frozenset[State] = frozenset({"failed", "cancelled", "interrupted"})


def in_words(state: str) -> str:
    """Return how a state of files is called where people read it: a run that was stopped is not lost, it can go on."""
    return "stopped" if state == "cancelled" else state
