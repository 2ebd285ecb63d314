"""Long work that goes on when its page is left, and that every session which asks for it finds again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import streamlit as st

from allcore.data.sources import Progress

_LOOK_SECONDS = 0.2
_LOCK = threading.Lock()
_Result = TypeVar("_Result")


@dataclass
class _Work:
    """The work of a thread: how far it is, and what came of it."""

    done: int = 0
    total: int = 1
    result: Any = None
    error: BaseException | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def show(self, done: int, total: int) -> None:
        self.done, self.total = done, total


def wait_for(key: str, doing: str, work: Callable[[Progress], _Result]) -> _Result:
    """Return what `work` comes to, with its progress; it is begun once for a `key`, and whoever asks meanwhile waits.

    What it raises is raised here. It runs in a thread of its own and must not call Streamlit.
    """
    with _LOCK:
        found = _under_way().get(key)
        if found is None:
            found = _under_way()[key] = _Work()
            arguments = (_under_way(), key, found, work)
            threading.Thread(target=_carry_out, args=arguments, name=key, daemon=True).start()
    slot = st.empty()
    try:
        while not found.over.wait(_LOOK_SECONDS):
            slot.progress(min(1.0, found.done / max(1, found.total)), doing)
    finally:
        slot.empty()
    if found.error is not None:
        raise found.error
    return found.result


def is_under_way(key: str) -> bool:
    """Return whether the work of a key has begun and is not over."""
    return key in _under_way()


@st.cache_resource(show_spinner=False)
def _under_way() -> dict[str, _Work]:
    """Return the work that is not over, by its key; all sessions share it."""
    return {}


def _carry_out(under_way: dict[str, _Work], key: str, found: _Work, work: Callable[[Progress], Any]) -> None:
    try:
        found.result = work(found.show)
    except BaseException as error:  # it is raised in every session that waits; none may wait for ever
        found.error = error
    finally:
        with _LOCK:
            under_way.pop(key, None)
        found.over.set()
