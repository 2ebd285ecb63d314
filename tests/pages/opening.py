"""Opening a page of the app without a browser, and reading what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.runtime.scriptrunner import StopException
from streamlit.testing.v1 import AppTest

from allcore.installation import PROJECT
from tests.conftest import TINY

PATIENCE = 300
"""Seconds after which a page is taken to hang, on a machine that is busy with other things."""


def open_page(page: str, /, session: Mapping[str, object] | None = None, **query: object) -> AppTest:
    """Return a page, opened by a link: `query` is the URL's, where `__` in a name stands for a dot."""
    app = AppTest.from_file(str(PROJECT / "streamlit_app.py"), default_timeout=PATIENCE)
    app.switch_page(f"pages/{page}.py")
    for name, value in (session or {}).items():
        app.session_state[name] = value
    for name, value in query.items():
        app.query_params[name.replace("__", ".")] = value if isinstance(value, list) else str(value)
    return ran(app)


def ran(app: AppTest) -> AppTest:
    """Run the page's script anew; whatever it stumbles over fails the test."""
    app.run()
    assert not app.exception
    assert not any("server's log" in error.value for error in app.error)
    return app


class _Slot:
    """A place on a page whose content stays there."""

    container = staticmethod(st.container)

    def empty(self) -> None:
        """Leave it as it is."""


class _Bar:
    """A bar that is looked at once, and whose page is left then."""

    def progress(self, *_: object) -> None:
        """Leave the page."""
        raise StopException


@contextmanager
def left_while_they_wait(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let pages be left as soon as they wait for long work, as somebody sees them who then clicks, while this holds."""
    with patch.context() as during:
        during.setattr("streamlit.empty", _Slot)
        during.setattr("streamlit.progress", lambda *_: _Bar())
        yield


def texts(app: AppTest) -> str:
    """Return all that the page says, outside tables and pictures."""
    kinds = (
        app.title, app.header, app.subheader, app.markdown, app.caption, app.info, app.success, app.warning, app.error,
    )  # fmt: skip
    return "\n".join(f"{getattr(each.proto, 'title', '')} {each.value}" for kind in kinds for each in kind)


def button(app: AppTest, label: str):
    """Return the button with a label."""
    return next(button for button in app.button if button.label == label)


def field(app: AppTest, label: str):
    """Return the field of text with a label."""
    return next(field for field in app.text_input if field.label == label)


def press(app: AppTest, label: str) -> AppTest:
    """Click on the button with a label."""
    button(app, label).click()
    return ran(app)


def choose(app: AppTest, key: str, value: object) -> AppTest:
    """Set the widget with a key."""
    app.get_by_key(key).set_value(value)
    return ran(app)


def links(app: AppTest) -> dict[str, str]:
    """Return the labels of the links to other pages, each with its page."""
    return {link.label: link.page for link in app.page_link}


def table(app: AppTest, column: str) -> pd.DataFrame:
    """Return the first table that has a column."""
    return next(frame.value for frame in app.dataframe if column in frame.value.columns)


def metrics(app: AppTest) -> dict[str, str]:
    """Return the values of the large numbers, by their labels."""
    return {metric.label: metric.value for metric in app.metric}


def listed_images(app: AppTest) -> list[str]:
    """Return the paths of the images that can be opened from the page."""
    return [button.key.removeprefix("open-") for button in app.button if str(button.key).startswith("open-")]


def rows(app: AppTest) -> pd.DataFrame:
    """Return the first table that the page shows."""
    shown: pd.DataFrame = app.dataframe[0].value
    return shown


def tiny(preset: str = "custom", **more: object) -> dict[str, str]:
    """Return query parameters that set the form of a preset to the tiny configuration."""
    return {f"{preset}__{name}": str(value) for name, value in {**TINY, "epochs": 500, **more}.items()}


def metric(app: AppTest, label: str) -> Any:
    """Return the number that the page shows under a label."""
    return next(one for one in app.metric if one.label == label)


def open_more(app):
    app.session_state["more"] = True
    return ran(app)
