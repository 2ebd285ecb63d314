"""Long work that goes on when its page is left, that every session finds again, and that can be cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from allcore.errors import InputError
from allcore.progress import Progress
from allcore.refusals import what_went_wrong
from allcore.text import for_page
from allcore.workspace import open_workspace
from pages.ui.sign_in import act, may_act
from pages.ui.turns import leave_turn

_LOOK_SECONDS = 0.2
_LOCK = threading.Lock()
_DECLINED = "declined work"
_Result = TypeVar("_Result")


class CancelledError(InputError):
    """Raised where work is waited for that somebody cancelled."""


@dataclass
class _Work:
    """The work of a thread: how far it is, what came of it, and, of an action, what it is `on`."""

    on: str | None = None
    done: int = 0
    total: int = 1
    result: Any = None
    error: BaseException | None = None
    cancelled: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    def show(self, done: int, total: int) -> None:
        if self.cancelled:
            raise CancelledError("it was cancelled")
        self.done, self.total = done, total


def asked_for(work: str, label: str, /, **button: Any) -> bool:  # noqa: ANN401 - what the button takes
    """Show a button that asks for long work, by its key; return whether it was pressed, or the work is under way."""
    pressed = st.button(label, **button)
    if pressed:
        ask_again(work)
    return pressed or is_under_way(work)


def ask_again(key: str) -> None:
    """Let this session begin work that it cancelled before."""
    _declined().discard(key)


def wait_for(
    key: str, doing: str, work: Callable[[Progress], _Result], *, cancels: bool = True, on: str | None = None
) -> _Result:
    """Return what `work` comes to, with its progress and a way to cancel it; whoever asks for a `key` meanwhile waits.

    What no page can do without is not offered to be cancelled (`cancels`). An action `on` something is cancelled by
    those alone who may act.

    It runs in a thread of its own, begun once, which ends with the server; it must not call Streamlit, and is cancelled
    at the next progress that it tells. What it raises is raised here; `CancelledError` where somebody cancelled it, and
    in the session that did so until it asks again.
    """
    return _wait(_begun(key, work, on), key, doing, cancels=cancels)


def begin(key: str, work: Callable[[Progress], object], on: str) -> None:
    """Begin an action as `wait_for` does, and wait for nothing."""
    _begun(key, work, on)


def _begun(key: str, work: Callable[[Progress], object], on: str | None) -> _Work:
    with _LOCK:
        found = _under_way().get(key)
        if found is None:
            if key in _declined():
                raise CancelledError("it was cancelled")
            found = _under_way()[key] = _Work(on)
            arguments = (_under_way(), key, found, work)
            threading.Thread(target=_carry_out, args=arguments, name=key, daemon=True).start()
    return found


def wait_if_under_way(key: str, doing: str) -> Any:  # noqa: ANN401 - what the work comes to
    """Return what the work of a key comes to, waited for as in `wait_for`; None where there is none under way."""
    found = _under_way().get(key)
    return None if found is None else _wait(found, key, doing, cancels=True)


def _wait(found: _Work, key: str, doing: str, *, cancels: bool) -> Any:  # noqa: ANN401
    """Show the progress of work and a way to cancel it until it is over; return its result or raise its error."""
    if not found.over.wait(_LOOK_SECONDS):
        _show_until_over(found, key, doing, cancels=cancels)
    if found.error is not None:
        raise found.error
    return found.result


def _show_until_over(found: _Work, key: str, doing: str, *, cancels: bool) -> None:
    leave_turn()
    slot = st.empty()
    try:
        with slot.container(horizontal=True, vertical_alignment="center"):
            bar = st.progress(0.0, doing)
            if cancels:
                st.button(
                    "Cancel", key=f"cancel {key}", icon=":material/close:", on_click=_cancel_as_asked,
                    args=(key, found.on), disabled=found.on is not None and not may_act(),
                )  # fmt: skip
        while not found.over.wait(_LOOK_SECONDS):
            bar.progress(min(1.0, found.done / max(1, found.total)), doing)
    finally:
        slot.empty()


def _cancel_as_asked(key: str, on: str | None) -> None:
    try:
        cancel(key) if on is None else act("cancel", on, lambda: cancel(key))
    except (InputError, OSError) as error:
        st.toast(for_page(what_went_wrong(error)), icon=":material/error:")


def is_under_way(key: str) -> bool:
    """Return whether the work of a key has begun and is not over."""
    return key in _under_way()


def cancel(key: str) -> None:
    """Cancel the work of a key for all who wait, and do not let this session begin it again by itself."""
    _declined().add(key)
    with _LOCK:
        found = _under_way().pop(key, None)
    if found is not None:
        found.cancelled = True
        found.error = CancelledError("it was cancelled")
        found.over.set()


def _declined() -> set[str]:
    declined: set[str] = st.session_state.setdefault(_DECLINED, set())
    return declined


@st.cache_resource(show_spinner=False)
def _under_way() -> dict[str, _Work]:
    """Return the work that is not over, by its key; all sessions share it."""
    return {}


def _carry_out(under_way: dict[str, _Work], key: str, found: _Work, work: Callable[[Progress], Any]) -> None:
    try:
        found.result = work(found.show)
    except BaseException as error:  # it is raised in every session that waits; none may wait for ever
        found.error = found.error or error
    finally:
        with _LOCK:
            if under_way.get(key) is found:
                del under_way[key]
        found.over.set()


def make_and_show(
    key: str, doing: str, refused: str, work: Callable[[Progress], object], dataset: Path | None = None
) -> None:
    """Have the work of a key done as `wait_for` does, and run the page again to show what came of it.

    `refused` is said above the reason where it cannot be done, or the `dataset` that it reads lies outside the roots.
    """
    try:
        if dataset is not None:
            open_workspace().allowed(dataset)
        wait_for(key, f"{doing}; it goes on when you leave this page", work)
    except CancelledError:
        st.caption("It was cancelled.")
    except InputError as error:
        st.error(for_page(str(error)), title=refused)
    else:
        st.rerun()
