"""Long work: begun once, found again by whoever asks, over for all."""

import threading

import pytest
from streamlit.testing.v1 import AppTest

from allcore.data.catalog import scan
from allcore.errors import DatasetError
from pages.ui.known import workspace as state
from pages.ui.shared_work import CancelledError, ask_again, cancel, is_under_way, wait_for


def test_work_is_begun_once_and_whoever_asks_meanwhile_gets_what_it_comes_to(waiting):
    begun, go_on, results = [], threading.Event(), []

    def work(progress):
        begun.append(1)
        progress(1, 2)
        assert go_on.wait(30)
        return "found"

    askers = [
        threading.Thread(target=lambda: results.append(wait_for("a search", "Searching", work))) for _ in range(3)
    ]
    for asker in askers:
        asker.start()
    assert waiting(3)
    go_on.set()
    for asker in askers:
        asker.join(30)
    assert results == ["found"] * 3
    assert begun == [1]
    assert not is_under_way("a search")


class LeftError(BaseException):
    """Raised where Streamlit stops a script whose page was left."""


def test_work_goes_on_when_who_asked_for_it_has_left(monkeypatch):
    go_on, finished = threading.Event(), threading.Event()

    def work(progress):
        assert go_on.wait(30)
        finished.set()

    def leave(*_):
        raise LeftError

    monkeypatch.setattr("streamlit.progress", leave)
    with pytest.raises(LeftError):
        wait_for("another search", "Searching", work)
    assert is_under_way("another search")
    go_on.set()
    assert finished.wait(30)


def test_a_dataset_is_read_on_when_the_page_that_began_it_was_left(dataset, monkeypatch):
    begun, go_on = [], threading.Event()

    def slow_scan(folder, cache, show=None):
        begun.append(show)
        assert go_on.wait(30)
        return scan(folder, cache, show)

    def leave(*_):
        raise LeftError

    state.forget_catalogs()
    monkeypatch.setattr(state, "scan", slow_scan)
    with monkeypatch.context() as left:
        left.setattr("streamlit.progress", leave)
        with pytest.raises(LeftError):
            state.catalog(dataset)
    go_on.set()
    assert len(state.catalog(dataset).table) > 0
    assert len([show for show in begun if show is not None]) == 1


def test_cancelled_work_ends_at_its_next_progress_and_everybody_who_waits_is_told(waiting):
    go_on, ended, told = threading.Event(), threading.Event(), []

    def work(progress):
        try:
            assert go_on.wait(30)
            progress(1, 2)
        finally:
            ended.set()

    def ask():
        with pytest.raises(CancelledError):
            wait_for("a long search", "Searching", work)
        told.append(1)

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    assert waiting(2)
    cancel("a long search")
    for asker in askers:
        asker.join(30)
    assert told == [1, 1]
    assert not is_under_way("a long search")
    go_on.set()
    assert ended.wait(30)
    ask_again("a long search")
    assert wait_for("a long search", "Searching", lambda progress: "found anew") == "found anew"


def page_that_works():
    import streamlit as st

    from pages.ui.shared_work import CancelledError, asked_for, cancel, wait_for

    if st.button("Give up"):
        cancel("automatic work")
    if asked_for("automatic work", "Look again"):
        st.write("asked")
    try:
        st.write(wait_for("automatic work", "Looking", lambda progress: "found"))
    except CancelledError as error:
        st.write(str(error))


def test_what_a_session_cancelled_it_does_not_begin_again_until_it_asks():
    app = AppTest.from_function(page_that_works, default_timeout=60).run()
    said = lambda: [each.value for each in app.markdown]  # noqa: E731
    assert said() == ["found"]
    app.button[0].click().run()
    assert said() == ["it was cancelled"]
    app.run()
    assert said() == ["it was cancelled"]
    app.button[1].click().run()
    assert said() == ["asked", "found"]
    app.run()
    assert said() == ["found"]


def test_what_stands_in_the_way_is_raised_where_it_is_waited_for():
    def work(progress):
        raise DatasetError("an image is gone")

    with pytest.raises(DatasetError, match="an image is gone"):
        wait_for("a third search", "Searching", work)
