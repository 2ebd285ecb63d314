"""A table whose rows can be clicked: what is marked is what is chosen, and a click means one thing."""

from types import SimpleNamespace

import pandas as pd
import pytest
import streamlit as st

from pages.ui.show import table_with_rows


class Browser:
    """What a browser keeps of a table and sends: its key, and which row is marked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session: dict[str, object] = {}
        self.clicked: list[str] = []
        monkeypatch.setattr(st, "session_state", self.session)
        monkeypatch.setattr(st, "dataframe", self._table)
        monkeypatch.setattr(st, "download_button", lambda *_, **__: None)

    def _table(self, *_: object, key: str, on_select: object, **__: object) -> None:
        self.key, self.callback = key, on_select

    def show(self, rows: list[str], chosen: str | None) -> str:
        """Show the table and return its key."""
        frame = pd.DataFrame({"name": rows})
        table_with_rows(frame, "names", "names", {}, frame, rows, self.clicked.append, chosen)
        return self.key

    def click(self, *marked: int, key: str | None = None, callback: object = None) -> None:
        """Send which rows are marked, in the table shown last or in another."""
        self.session[key or self.key] = SimpleNamespace(selection=SimpleNamespace(rows=list(marked)))
        (callback or self.callback)()


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    return Browser(monkeypatch)


def test_a_table_stays_the_same_while_what_is_marked_is_chosen_and_its_row_is_where_it_was(browser):
    key = browser.show(["a", "b"], None)
    browser.click(0)
    assert browser.clicked == ["a"]
    assert browser.show(["a", "b"], "a") == key
    assert browser.show(["a", "b", "new"], "a") == key


@pytest.mark.parametrize("rows", [["new", "a", "b"], ["b", "a"], ["b"]])
def test_a_table_is_made_anew_once_where_the_row_that_is_marked_is_another_ones_now(browser, rows):
    key = browser.show(["a", "b"], None)
    browser.click(0)
    anew = browser.show(rows, "a")
    assert anew != key
    assert browser.show(rows, "a") == anew


def test_a_table_is_made_anew_once_where_another_way_has_chosen(browser):
    key = browser.show(["a", "b"], None)
    browser.click(0)
    anew = browser.show(["a", "b"], "b")
    assert anew != key
    assert browser.show(["a", "b"], "b") == anew
    browser.click(0)
    assert browser.clicked == ["a", "a"]
    assert browser.show(["a", "b"], "a") == anew


def test_taking_a_mark_away_chooses_nothing(browser):
    key = browser.show(["a", "b"], None)
    browser.click(0)
    browser.click()
    assert browser.clicked == ["a"]
    assert browser.show(["a", "b"], "a") == key


def test_a_late_request_with_the_table_of_before_takes_no_choice_back(browser):
    key = browser.show(["a", "b"], None)
    browser.click(0)
    before = browser.callback
    browser.show(["a", "b"], "b")
    browser.click(0, key=key, callback=before)
    assert browser.clicked == ["a"]


def test_a_row_that_is_there_no_more_chooses_nothing(browser):
    browser.show(["a", "b"], None)
    browser.show(["a"], None)
    browser.click(1)
    assert browser.clicked == []
