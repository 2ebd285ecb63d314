"""A number in an address that is none leaves the default, and no fault."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.opening import open_page


def _page():
    import streamlit as st

    from pages.ui.address import bound_number

    st.write(st.number_input("Number", 1, 10, 5, key="n", bind=bound_number("n")))


@pytest.mark.parametrize(
    ("asked", "shown"),
    [("inf", 5), ("-Infinity", 5), ("1e400", 5), ("nan", 5), ("1e18", 5), ("0", 5), ("many", 5), ("", 5), ("7", 7)],
)
def test_only_a_number_in_range_is_taken(asked, shown):
    app = AppTest.from_function(_page)
    app.query_params["n"] = asked
    app.run()
    assert not app.exception
    assert app.number_input[0].value == shown
    assert app.number_input[0].set_value(3).run().number_input[0].value == 3


@pytest.mark.parametrize("field", ["epochs", "split.seed"])
def test_settings_of_the_train_page_take_no_infinite_number(workspace, smears, monkeypatch, field):
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(smears.parent))
    widget = open_page("train", preset="Paper", **{f"paper.{field}": "1e400"}).number_input(key=f"paper.{field}")
    default = open_page("train", preset="Paper").number_input(key=f"paper.{field}")
    assert widget.value == default.value


def test_folds_of_a_study_take_no_infinite_number(data):
    assert open_page("train", launch="Study", folds="1e400").number_input(key="folds").value is None
