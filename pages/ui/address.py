"""What a page shows, in its address: the address is the truth, and the widgets follow it.

Streamlit's own binding of a widget serves a name that one page alone has and whose default never changes. It has two
faults. It leaves the default out of the address: where the default is the first run of a list, a link to it leads to
another run later. And on going back it drops a name that both pages have bound. So this module handles the names that
several pages have (`data`, `run`, `view`, …), and those whose default depends on what is there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Literal

import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.runtime.scriptrunner import get_script_run_ctx

from allcore.text import for_page

_SAID = "said in the address"
_LATE_SECONDS = 30.0
"""How long after a choice a browser may still ask with the address before it: it hears of it as the page begins."""


@dataclass
class _Choice:
    """What a name of the address was made to say, nothing where it was dropped, and what it said before."""

    values: list[str]
    before: list[list[str]]
    until: float


@dataclass
class _Said:
    """What a session chose on a page a moment ago, of which its browser may not have heard."""

    page: str = ""
    choices: dict[str, _Choice] = field(default_factory=dict)
    page_waits: bool = False  # a fragment chose what the page around it has not shown yet


def settle(
    name: str,
    options: Collection[str],
    what: str,
    *,
    first: str | None = None,
    default: str | None = None,
    remembers: bool = True,
) -> str | None:
    """Return which of the options the address names as `name`; None, which is said in place, when it is not there.

    An address without the name is given the option that this session had last, or else `first`; `first` alone, where
    it follows from what is shown and the name no longer `remembers`. Without `first`, the name stays away and stands
    for `default`.
    """
    said = _said()
    _catch_up(said, name)
    asked: str | None = st.query_params.get(name)
    if asked is None and first is not None:
        last = remembered(name) if remembers else None
        asked = last if last is not None and last in options else first
        if name in said.choices:
            _note(said, {name: [asked]})
        st.query_params[name] = asked
    if asked is None:
        return default
    if asked not in options:
        st.warning(
            for_page(f"The address asks for the {what} {asked}, which is not among those that can be shown here."),
            title=f"No such {what}",
            icon=":material/link_off:",
        )
        return None
    st.session_state[_kept(name)] = asked
    return asked


def leave_behind(name: str, options: Collection[str]) -> None:
    """Drop a name that says what this session chose of something else, which what is shown now does not have.

    What a link asks for stays, and is said not to be there when the name is settled.
    """
    asked = st.query_params.get(name)
    if asked is not None and asked not in options and asked == remembered(name):
        put(name, None)


def follow(
    name: str, value: str | None, drops: Collection[str] = (), then: Callable[[], None] | None = None
) -> dict[str, Any]:
    """Return what makes a widget show `value` and the address say as `name` what the user chooses in it.

    The names that it `drops` from the address are of what was chosen before; `then` is called after the choice.
    """
    st.session_state[name] = value
    return {"key": name, "on_change": _say, "args": (name, tuple(drops), then)}


def put(name: str, value: str | Sequence[str] | None, drops: Collection[str] = ()) -> None:
    """Make the address say a value, several, or none, and forget the names that it `drops`; for callbacks."""
    catch_up()
    values = [] if value is None else [value] if isinstance(value, str) else list(value)
    wanted = {name: values, **{dropped: [] for dropped in drops}}
    _note(_said(), wanted)  # first, for each writing may be where another request ends this one
    for each, said in wanted.items():
        _write(each, said)


def put_for_page(name: str, value: str) -> None:
    """Make the address say a value of which the page around a fragment is to know; for callbacks within it.

    The fragment, and one that is drawn again by itself, draws the page anew while that `is_due`.
    """
    put(name, value)
    _said().page_waits = True


def is_due() -> bool:
    """Return whether a fragment chose what the page around it has not shown yet."""
    return _said().page_waits


def begin_page() -> None:
    """Make the address say what was chosen on this page that the browser had not heard of; for every page's beginning.

    Whoever goes back or forward asks with a former address as well, and gets what it says.
    """
    catch_up()
    _said().page_waits = False


def catch_up() -> None:
    """Make the address say what was chosen on this page that the browser had not heard of when it asked."""
    said = _said()
    for name in list(said.choices):
        _catch_up(said, name)


def remembered(name: str) -> str | None:
    """Return what this session had last as `name`, on whichever page."""
    return st.session_state.get(_kept(name))


def remember(name: str, value: str) -> None:
    """Choose a value on whichever page of this session next asks for `name`."""
    st.session_state[_kept(name)] = value
    put(name, None)


def forget(name: str, drops: Collection[str] = ()) -> None:
    """Let the next choice of `name` be the first, as what was chosen is gone; forget the names that it `drops`."""
    st.session_state.pop(_kept(name), None)
    put(name, None, drops)


def _say(name: str, drops: tuple[str, ...], then: Callable[[], None] | None) -> None:
    put(name, st.session_state[name], drops)
    if then is not None:
        then()


def _said() -> _Said:
    """Return what was chosen on this page; nothing on another one, and when somebody goes back or forward."""
    context = get_script_run_ctx()
    said: _Said | None = st.session_state.get(_SAID)
    page, goes_back = ("", False) if context is None else (context.page_script_hash, context.is_history_navigation)
    if said is None or said.page != page or (goes_back and said.choices):
        said = st.session_state[_SAID] = _Said(page)
    return said


def _note(said: _Said, wanted: Mapping[str, list[str]]) -> None:
    """Remember for a while what the address is to say, and all that it said before meanwhile."""
    now = {name: st.query_params.get_all(name) for name in wanted}
    for name, values in wanted.items():
        former = said.choices.get(name)
        before = [] if former is None else [*former.before, former.values]
        said.choices[name] = _Choice(values, [*before, now[name]], monotonic() + _LATE_SECONDS)


def _catch_up(said: _Said, name: str) -> None:
    """Make the address say what was chosen as `name` if it says what it did before; anything else was asked for."""
    choice = said.choices.get(name)
    if choice is None:
        return
    asked = st.query_params.get_all(name)
    if monotonic() > choice.until or asked not in (choice.values, *choice.before):
        del said.choices[name]
    elif asked != choice.values:
        _write(name, choice.values)


def _write(name: str, values: list[str]) -> None:
    if values:
        st.query_params[name] = values
    else:
        st.query_params.pop(name, None)


def _kept(name: str) -> str:
    return f"kept_{name}"


def bound_number(key: str) -> Literal["query-params"] | None:
    """Return how the widget of a number is bound to the address: not for once where that names none, which is dropped.

    Streamlit itself falls back to the default where a number is out of range, and faults where it is infinite.
    """
    try:
        if math.isfinite(float(st.query_params.get(key, "0"))):
            return "query-params"
    except ValueError:
        return "query-params"
    with suppress(StreamlitAPIException):  # it came by going back to it
        del st.query_params[key]
    return None
