"""What was drawn or read for one visitor is not drawn or read again for the next."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import plotly.graph_objects as go
import pytest
from plotly.basedatatypes import BaseFigure

from allcore.data.splits import split
from allcore.runs import listing
from allcore.runs.folder import store
from allcore.runs.summarize import summarize
from allcore.workspace import open_workspace
from pages.ui import figures
from pages.ui.figures import drawn
from pages.ui.known import runs as live
from pages.ui.runs import view as run_view
from tests.pages.opening import open_page

VIEWS = (
    ("evaluate", {}),
    ("evaluate", {"view": "Classes"}),
    ("evaluate", {"view": "Curves"}),
    ("evaluate", {"view": "Calibration"}),
    ("dataset", {"view": "Counts"}),
    ("tradeoff", {"study": "example: real images"}),
    ("runs", {}),
)


@pytest.fixture
def made(monkeypatch):
    """Return a list that grows by one with each figure and each chart that is made."""
    figures._drawn.clear()
    run_view._charts.clear()
    made = []
    begin, chart = BaseFigure.__init__, run_view.training_chart
    monkeypatch.setattr(BaseFigure, "__init__", lambda *args, **named: made.append("figure") or begin(*args, **named))
    monkeypatch.setattr(run_view, "training_chart", lambda *args: made.append("chart") or chart(*args))
    return made


@pytest.mark.parametrize(("page", "query"), VIEWS, ids=lambda value: "".join(value) if value else "-")
def test_visitors_share_what_is_drawn(run, made, page, query):
    open_page(page, **query)
    first = len(made)
    open_page(page, **query)
    assert first
    assert len(made) == first


@pytest.mark.parametrize("page", ["overview", "predict", "runs", "evaluate", "tradeoff"])
def test_visitors_share_what_is_read_of_runs_that_are_at_rest(run, page, monkeypatch):
    read = []

    def count(module, name):
        really = getattr(module, name)
        monkeypatch.setattr(module, name, lambda file: read.append(name) or really(file))

    for module, name in ((store, "read_status"), (store, "read_config"), (split, "read_split")):
        count(module, name)
    open_page(page)
    assert read
    read.clear()
    open_page(page)
    assert len(read) <= 1  # of the one that the page is about
    assert "read_split" not in read


def test_of_many_visitors_who_see_that_a_run_has_changed_one_reads_it(run, monkeypatch):
    live._at_rest().pop(str(run.folder), None)
    read, asked, looking = [], threading.Barrier(4), threading.Semaphore(0)

    def stamps(*of):
        looking.release()
        return listing.stamps(*of)

    def slowly(of, best):
        read.append(of.id)
        assert all(looking.acquire(timeout=30) for _ in range(4))  # the others look meanwhile
        return summarize(of)

    def look():
        asked.wait(30)
        return live.summary(run)

    monkeypatch.setattr(live, "stamps", stamps)
    monkeypatch.setattr(live, "summarize", slowly)
    with ThreadPoolExecutor(4) as visitors:
        found = [each.result(30) for each in [visitors.submit(look) for _ in range(4)]]
    assert read == [run.id]
    assert found == [summarize(run)] * 4


def test_who_looks_first_reads_no_run_that_the_ready_list_tells_of(run, workspace, monkeypatch):
    told = listing.list_runs(workspace)
    live._at_rest.clear()
    monkeypatch.setattr(listing, "_look_at", _is_not_read)
    monkeypatch.setattr(live, "summarize", _is_not_read)
    assert live.summaries(live.runs()) == told
    assert [one.id for one in told] == [run.id]


def test_a_run_that_was_read_before_its_dataset_had_another_name_is_summarized_with_the_new_one(run, monkeypatch):
    held = live.watched(run)
    former = held.config.dataset
    renamed = f"{former}-renamed"
    monkeypatch.setattr("allcore.runs.folder.store.present_place", lambda place: renamed)
    (open_workspace().datasets / "another").mkdir(parents=True)
    assert live.summary(held).dataset == renamed
    assert held.config.dataset == former


def _is_not_read(*of):
    raise AssertionError(f"{of} is read again")


def bars(heights, colour="red"):
    return go.Figure(go.Bar(y=heights, marker_color=colour))


def test_a_figure_is_known_by_what_it_shows():
    assert drawn(partial(bars, [1, 2])) is drawn(partial(bars, [1, 2]))
    others = [partial(bars, [1, 3]), partial(bars, [1, 2], colour="blue"), partial(go.Figure, [])]
    assert len({id(drawn(each)) for each in (partial(bars, [1, 2]), *others)}) == 4
