"""What the address says, whatever a browser asks with meanwhile."""

from types import SimpleNamespace

import pytest

from pages.ui import address


class Query(dict):
    def get_all(self, name):
        return list(self.get(name, []))

    def __setitem__(self, name, value):
        super().__setitem__(name, [value] if isinstance(value, str) else list(value))


@pytest.fixture
def asked(monkeypatch):
    """What asks for a page as a browser would: with its address, and whether it went back; returns what it then is."""
    streamlit = SimpleNamespace(session_state={}, query_params=Query())
    context = SimpleNamespace(page_script_hash="evaluate", is_history_navigation=False)
    monkeypatch.setattr(address, "st", streamlit)
    monkeypatch.setattr(address, "get_script_run_ctx", lambda: context)

    def ask(*callbacks, back=False, page="evaluate", **query):
        streamlit.query_params.clear()
        for name, value in query.items():
            streamlit.query_params[name] = value
        context.page_script_hash, context.is_history_navigation = page, back
        for name, *value in callbacks:
            address.say(name, *value)
        address.catch_up()
        return {name: ",".join(values) for name, values in streamlit.query_params.items()}

    ask()
    return ask


def test_a_choice_holds_while_a_browser_asks_with_the_address_before(asked):
    assert asked(("view", "Mistakes"), view="Map") == {"view": "Mistakes"}
    assert asked(view="Map") == {"view": "Mistakes"}
    assert asked(("by", "group"), view="Map") == {"view": "Mistakes", "by": "group"}
    assert asked(view="Map") == {"view": "Mistakes", "by": "group"}


def test_the_last_of_two_choices_holds_whichever_of_them_the_browser_had_heard_of(asked):
    asked(("view", "Mistakes"), view="Map")
    asked(("view", "Compare"), view="Map")
    assert asked(view="Mistakes") == {"view": "Compare"}
    assert asked(view="Map") == {"view": "Compare"}


def test_what_a_choice_drops_stays_away_while_a_browser_asks_with_the_address_before(asked):
    assert asked(("run", "second", ("at",)), run="first", at="a.png") == {"run": "second"}
    assert asked(run="first", at="a.png") == {"run": "second"}
    assert asked(("map", ["a=b", "c=d"])) == {"run": "second", "map": "a=b,c=d"}


def test_an_address_is_followed_again_once_the_browser_asked_with_what_was_chosen(asked):
    asked(("view", "Mistakes"), view="Map")
    assert asked(view="Mistakes") == {"view": "Mistakes"}
    assert asked(view="Map") == {"view": "Map"}


def test_going_back_and_another_page_are_followed_at_once(asked):
    asked(("view", "Mistakes"), view="Map")
    assert asked(back=True, view="Map") == {"view": "Map"}
    assert asked(view="Map") == {"view": "Map"}
    asked(("view", "Mistakes"), view="Map")
    assert asked(page="trust", view="Map") == {"view": "Map"}
    assert asked(view="Map") == {"view": "Map"}


def test_what_a_fragment_chose_is_due_until_the_page_is_drawn(asked, monkeypatch):
    address.say_to_page("run", "second")
    assert address.is_due()
    assert asked(run="first") == {"run": "second"}
    assert not address.is_due()
