"""What the address says, whatever a browser asks with meanwhile."""

from types import SimpleNamespace

from pages.ui import address


def test_what_a_fragment_chose_holds_although_a_browser_asks_with_the_address_before(monkeypatch):
    streamlit = SimpleNamespace(session_state={}, query_params={"run": "first"})
    monkeypatch.setattr(address, "st", streamlit)
    address.say_to_page("run", "second")
    streamlit.query_params["run"] = "first"  # a renewal that the browser asked for before it heard of the choice
    assert address.is_due()
    address.take_due()
    assert streamlit.query_params == {"run": "second"}
    assert not address.is_due()
    streamlit.query_params["run"] = "first"  # going back afterwards
    address.take_due()
    assert streamlit.query_params == {"run": "first"}
