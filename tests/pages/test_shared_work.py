"""Long work: begun once, found again by whoever asks, over for all."""

import threading

import pytest

from allcore.errors import DatasetError
from pages.ui.shared_work import is_under_way, wait_for


def test_work_is_begun_once_and_whoever_asks_meanwhile_gets_what_it_comes_to():
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
    while not is_under_way("a search"):
        pass
    go_on.set()
    for asker in askers:
        asker.join(30)
    assert results == ["found"] * 3
    assert not is_under_way("a search")


def test_work_goes_on_when_who_asked_for_it_has_left(monkeypatch):
    go_on, finished = threading.Event(), threading.Event()

    def work(progress):
        assert go_on.wait(30)
        finished.set()

    class Left(BaseException):
        """Raised where Streamlit stops a script whose page was left."""

    def leave(*_):
        raise Left

    monkeypatch.setattr("streamlit.empty", lambda: type("Slot", (), {"progress": leave, "empty": lambda self: None})())
    with pytest.raises(Left):
        wait_for("another search", "Searching", work)
    assert is_under_way("another search")
    go_on.set()
    assert finished.wait(30)


def test_what_stands_in_the_way_is_raised_where_it_is_waited_for():
    def work(progress):
        raise DatasetError("an image is gone")

    with pytest.raises(DatasetError, match="an image is gone"):
        wait_for("a third search", "Searching", work)
