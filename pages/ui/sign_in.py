"""Signing in by Streamlit's own OIDC, where `.streamlit/secrets.toml` configures it, and the gate of every action."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import streamlit as st
from streamlit.errors import StreamlitAuthError

from allcore.access import Person, Right, read_access
from allcore.actions import actions_on, record_action
from allcore.errors import ConfigError, InputError
from allcore.installation import command_that_adds
from allcore.text import for_page
from allcore.workspace import open_workspace

_Result = TypeVar("_Result")
_PACKAGES = ("authlib", "httpx")
_NAMES = ("preferred_username", "name")
"""What a provider calls somebody, the most telling first; people may choose it themselves."""
_RIGHTS: dict[Right, str] = {"act": "may look and act", "look": "may look"}


class RightError(InputError):
    """Somebody who may only look asked for an action."""


def let_in() -> None:
    """Let only those see a page who have signed in and may look; without sign-in configured, everybody."""
    if not _is_configured():
        return
    if not st.user.get("is_logged_in"):
        st.title("ALLscope")
        _offer_to_sign_in()
        st.stop()
    try:
        right = _right()
    except ConfigError as error:
        st.error(for_page(str(error)), title="Nobody can be let in")
        right = None
    else:
        if right is None:
            st.error(
                for_page(
                    f"{_person().email or 'You'} may not look at this workspace. Whoever runs it can change that."
                ),
                title="Not let in",
            )
    with st.sidebar:
        if right is not None:
            st.caption(for_page(f"{_name() or 'You'} {_RIGHTS[right]}."))
        st.button("Sign out", icon=":material/logout:", on_click=st.logout)
    if right is None:
        st.stop()


def _offer_to_sign_in() -> None:
    lacking = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if lacking:
        st.error(
            f"Signing in is configured, and needs {' and '.join(lacking)}, which {'are' if lacking[1:] else 'is'} not "
            f"installed. On the server: `{command_that_adds('sign-in')}`, then start the app again.",
            title="Nobody can sign in",
        )
    elif st.button("Sign in", type="primary", icon=":material/login:"):
        try:
            st.login()
        except StreamlitAuthError as error:  # what secrets.toml lacks
            st.error(for_page(" ".join(str(error).split())), title="Nobody can sign in")


def act(what: str, on: str, do: Callable[[], _Result]) -> _Result:
    """Carry out an action on a run, a study, a dataset or the disk, if whoever asks may act, and note who and when.

    Every action of every page goes through here. It is noted before it is done, so that nothing is done unseen. Raises
    `RightError` for somebody who may only look, `OSError` where it cannot be noted, else what `do` raises.
    """
    return permitted(what, on, do)()


def permitted(what: str, on: str, do: Callable[..., _Result], *, makes: bool = False) -> Callable[..., _Result]:
    """Return what carries out an action as `act` does, from a thread that knows nothing of who asked for it.

    Where the action `makes` something, of whose name or folder `do` tells, it is noted again on that; it is done by
    then, so what keeps the second note out goes to the server's log. Raises `RightError` for somebody who may only
    look.
    """
    if not _is_configured():
        return do
    if not may_act():
        raise RightError(f"you may look here but not {_shown(what)}; ask whoever runs this server for the right to act")
    root, who = open_workspace().root, who_acts()

    def noted(*given: object) -> _Result:
        record_action(root, who, what, on)
        result = do(*given)
        made = result.name if isinstance(result, Path) else str(result)
        if makes and made != on:
            try:
                record_action(root, who, what, made)
            except OSError:
                logging.getLogger("allscope").exception("%s of %s by %s cannot be noted", what, made, who)
        return result

    return noted


def may_act() -> bool:
    """Return whether whoever looks may act as well; what asks for an action is disabled for everybody else."""
    return not _is_configured() or (bool(st.user.get("is_logged_in")) and _right() == "act")


def who_acts() -> str:
    """Return what who has signed in is called: the verified e-mail address, or else the best that the provider tells.

    "somebody" where it tells nothing; empty where nobody has to sign in.
    """
    return (_name() or "somebody") if _is_configured() else ""


def show_actions(*things: str) -> None:
    """Say who did what to a run, or to the study that it is of, and when, where people sign in."""
    if not _is_configured():
        return
    for action in actions_on(open_workspace().root, things):
        moment = datetime.fromtimestamp(action.moment, UTC)
        st.caption(for_page(f"{moment:%Y-%m-%d %H:%M} UTC, {action.who}: {_shown(action.what)}"))


def _shown(what: str) -> str:
    """Return an action as it is shown apart from what it is on."""
    return what.removesuffix(" of")


def _is_configured() -> bool:
    """Tell whether secrets configure sign-in: then Streamlit says of everybody whether they are signed in."""
    return "is_logged_in" in st.user


def _right() -> Right | None:
    return read_access(open_workspace().root).right_of(_person())


def _name() -> str:
    """Return a verified e-mail address, or else the provider's name and key of the account, which nobody chooses."""
    names = (st.user.get(claim) for claim in _NAMES)
    name = next((name for name in names if isinstance(name, str) and name.strip()), "")
    account = f"account {key}" if (key := st.user.get("sub")) else ""
    return _person().email or (f"{name} ({account})" if name and account else name or account)


def _person() -> Person:
    """Return who has signed in; an address that its provider has not verified counts for nothing."""
    email, groups = st.user.get("email"), st.user.get("groups")
    verified = str(st.user.get("email_verified", True)).casefold() != "false"  # some providers say it in words
    return Person(
        email if isinstance(email, str) and verified else "",
        tuple(group for group in groups if isinstance(group, str)) if isinstance(groups, list | tuple) else (),
    )
