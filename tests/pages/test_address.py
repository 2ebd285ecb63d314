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
def clock(monkeypatch):
    """What tells the time, in seconds, which a test moves on."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(address, "monotonic", lambda: now.seconds)
    return now


@pytest.fixture
def asked(monkeypatch, clock):
    """What asks for a page as a browser would: with its address, and whether it went back; returns what it then is."""
    streamlit = SimpleNamespace(session_state={}, query_params=Query())
    context = SimpleNamespace(page_script_hash="evaluate", is_history_navigation=False)
    monkeypatch.setattr(address, "st", streamlit)
    monkeypatch.setattr(address, "get_script_run_ctx", lambda: context)

    def ask(*callbacks, back=False, page="evaluate", fragment=False, settle=None, **query):
        streamlit.query_params.clear()
        for name, value in query.items():
            streamlit.query_params[name] = value
        context.page_script_hash, context.is_history_navigation = page, back
        for name, *value in callbacks:
            address.put(name, *value)
        if not fragment:
            address.begin_page()
        if settle is not None:
            address.settle(settle, ["a1", "a2", "b1"], "variant", first="b1")
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
    assert asked(view="Compare") == {"view": "Compare"}
    assert asked(view="Map") == {"view": "Compare"}


def test_what_a_choice_drops_stays_away_and_what_takes_its_place_stays(asked):
    assert asked(("data", "b", ("variant",)), data="a", variant="a2") == {"data": "b"}
    assert asked(data="a", variant="a2") == {"data": "b"}
    assert asked(data="a", variant="a2", settle="variant") == {"data": "b", "variant": "b1"}
    assert asked(data="a", variant="a2") == {"data": "b", "variant": "b1"}
    assert asked(("map", ["a=b", "c=d"]), data="b") == {"data": "b", "variant": "b1", "map": "a=b,c=d"}


def test_a_fragment_that_was_asked_for_before_goes_on_with_what_was_chosen(asked):
    asked(("by", "stain"), fragment=True, view="Map")
    assert asked(("projection", "umap"), fragment=True, view="Map") == {
        "view": "Map", "by": "stain", "projection": "umap",
    }  # fmt: skip


def test_a_choice_whose_request_was_ended_while_it_was_written_holds(asked, monkeypatch):
    with monkeypatch.context() as ended:
        ended.setattr(address, "_write", lambda name, values: (_ for _ in ()).throw(InterruptedError))
        with pytest.raises(InterruptedError):
            asked(("data", "b", ("variant",)), data="a", variant="a2")
    assert asked(data="a", variant="a2") == {"data": "b"}


def test_another_address_than_those_before_is_followed_at_once(asked):
    asked(("run", "second"), run="first")
    assert asked(run="third") == {"run": "third"}
    assert asked(run="first") == {"run": "first"}


def test_an_address_before_is_followed_again_once_the_browser_must_have_heard_of_the_choice(asked, clock):
    asked(("view", "Mistakes"), view="Map")
    clock.seconds += address._LATE_SECONDS + 1
    assert asked(view="Map") == {"view": "Map"}


def test_going_back_and_another_page_are_followed_at_once(asked):
    asked(("view", "Mistakes"), view="Map")
    assert asked(back=True, view="Map") == {"view": "Map"}
    assert asked(view="Map") == {"view": "Map"}
    asked(("view", "Mistakes"), view="Map")
    assert asked(page="trust", view="Map") == {"view": "Map"}
    assert asked(view="Map") == {"view": "Map"}


def test_what_a_fragment_chose_is_due_until_the_page_is_drawn(asked):
    address.put_for_page("run", "second")
    assert address.is_due()
    assert asked(run="first") == {"run": "first"}
    assert not address.is_due()
