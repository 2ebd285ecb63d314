"""Addresses and going back, which only a browser has: one finished run with mistakes, one server for all."""

import itertools
import re
import shutil
from contextlib import contextmanager
from urllib.parse import quote_plus

import pytest
from playwright.sync_api import expect

from allcore.runs.folder.status import write_status
from allcore.studies.plan import make_plan
from allcore.studies.store import StudyStore
from tests.copies import copy_of
from tests.e2e.conftest import Server

WITH_EVIDENCE = ("Mistakes", "Confusion matrix", "Mistakes", "Compare", "Confusion matrix", "Compare", "Mistakes")
"""The tabs with pictures of three kinds, each after each other one."""
FAULTS = re.compile("Something went wrong|Traceback|Ask Google")


def idle(page):
    """Wait until the page has run and stands still."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_attached()


def to_page(page, name):
    page.get_by_test_id("stSidebarNavLink").filter(has_text=name).click()
    arrived(page, name)


def arrived(page, name):
    expect(page.locator("h1", has_text=name)).to_be_visible()
    idle(page)
    expect(page.get_by_text(FAULTS)).to_have_count(0)


def late_answers(page):
    """Return a context in which a page's server seems far away: what it answers comes at the end, all at once."""
    answers = None

    def between(browser):
        def answered(message):
            browser.send(message) if answers is None else answers.append((browser, message))

        browser.connect_to_server().on_message(answered)

    @contextmanager
    def late():
        nonlocal answers
        answers = []
        yield
        answers, arrived_late = None, answers
        for browser, message in arrived_late:
            browser.send(message)

    page.route_web_socket(re.compile("/_stcore/stream"), between)
    return late()


def test_every_tab_of_a_run_with_mistakes_can_be_opened_after_every_other(finished_server, finished_run, page):
    page.goto(finished_server.url("evaluate", f"run={finished_run.id}"))
    arrived(page, "Evaluate")
    assert set(itertools.pairwise(WITH_EVIDENCE)) == set(itertools.permutations(set(WITH_EVIDENCE), 2))
    for name in WITH_EVIDENCE:
        page.get_by_role("tab", name=name).click()
        expect(page).to_have_url(re.compile(re.escape(f"view={quote_plus(name)}")))  # before, a click may go unheard
        idle(page)
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        expect(page.get_by_text(FAULTS)).to_have_count(0)


def test_two_choices_in_a_row_both_hold_although_the_browser_had_not_heard_of_the_first(
    finished_server, finished_run, page
):
    late = late_answers(page)
    page.goto(finished_server.url("evaluate", f"run={finished_run.id}"))
    arrived(page, "Evaluate")
    tab = page.get_by_role("tab", name="Mistakes")
    with late:
        tab.click()
        page.get_by_text("validation", exact=True).click()
    expect(page).to_have_url(re.compile("split=validation"))
    idle(page)
    expect(page).to_have_url(re.compile("view=Mistakes"))
    expect(tab).to_have_attribute("aria-selected", "true")


def test_a_link_opens_the_model_card_and_back_and_forward_are_one_page_each(
    finished_server, finished_run, smears, page
):
    page.goto(finished_server.url())
    arrived(page, "ALLscope")
    page.get_by_role("link", name="Its model card").click()
    expect(page.get_by_role("heading", name=re.compile("^Model card"))).to_be_visible()
    page.go_back()
    arrived(page, "ALLscope")
    to_page(page, "Runs")
    to_page(page, "Dataset")
    runs, dataset = f"runs?run={finished_run.id}", f"dataset?data={smears.parent.name}%2Fsmears"
    for go, title, address in (
        (page.go_back, "Runs", runs),
        (page.go_forward, "Dataset", dataset),
        (page.go_back, "Runs", runs),
        (page.go_back, "ALLscope", ""),
        (page.go_forward, "Runs", runs),
    ):
        go()
        arrived(page, title)
        assert f"/{address}" in page.url


def test_going_back_undoes_the_choice_of_a_tab_and_of_a_cell(finished_server, finished_run, page):
    page.goto(finished_server.url("evaluate", f"run={finished_run.id}"))
    arrived(page, "Evaluate")
    page.get_by_role("tab", name="Mistakes").click()
    page.wait_for_url(re.compile("view=Mistakes"))
    idle(page)
    page.get_by_text("group", exact=True).click()
    page.wait_for_url(re.compile("by=group"))
    idle(page)
    page.go_back()
    idle(page)
    assert "by=group" not in page.url
    assert "view=Mistakes" in page.url
    page.go_back()
    arrived(page, "Evaluate")
    expect(page.get_by_role("tab", name="Confusion matrix")).to_have_attribute("aria-selected", "true")


def test_going_back_leads_to_the_page_of_the_gallery_that_was_left(finished_server, page):
    page.goto(finished_server.url("dataset", "page=3"))
    arrived(page, "Dataset")
    images = page.locator("[class*='st-key-open-']")
    expect(images).to_have_count(64 - 2 * 24)
    page.get_by_text("With a twin", exact=True).click()
    page.wait_for_url(re.compile("show=With"))
    idle(page)
    assert "page=" not in page.url
    page.go_back()
    expect(page).to_have_url(re.compile("page=3"))
    expect(images).to_have_count(64 - 2 * 24)


@pytest.fixture(scope="module")
def changing_server(tmp_path_factory):
    """Return a running server on an empty workspace, for tests that leave no run behind."""
    made = Server(tmp_path_factory.mktemp("changing") / "workspace")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def two_runs(changing_server, finished_run, page):
    """Open the older one of two runs on the page Runs, and return it and the newer one; neither is left behind."""
    names = ("20260101-000000-vgg16-32px-aaaa", "20260102-000000-vgg16-32px-bbbb")
    runs = [copy_of(finished_run, changing_server.workspace.runs / name) for name in names]
    page.goto(changing_server.url("runs", f"run={runs[0].id}"))
    arrived(page, "Runs")
    yield runs
    for run in runs:
        shutil.rmtree(run.folder, ignore_errors=True)


def test_a_row_opens_its_run_what_another_browser_does_to_it_is_seen_and_its_deletion_said(two_runs, page):
    first, second = two_runs
    for row, run in enumerate((second, first)):  # the newest stands first
        page.get_by_test_id("stDataFrame").first.click(position={"x": 16, "y": 35 * (row + 1) + 17})
        page.wait_for_url(re.compile(f"run={run.id}"))
        expect(page.get_by_text(f"All of the run is in {run.folder}")).to_be_visible()
        idle(page)  # before, a click may go unheard
    write_status(first.folder, first.status().model_copy(update={"state": "cancelled"}))
    expect(page.locator(".stMarkdownBadge", has_text="stopped")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog").get_by_text(first.id)).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    shutil.rmtree(first.folder)
    expect(page.get_by_text("No such run")).to_be_visible()
    assert second.folder.is_dir()


def test_a_row_that_was_left_by_another_way_is_opened_by_a_click_again(two_runs, page):
    first, second = two_runs

    def click_on_newest():
        page.get_by_test_id("stDataFrame").first.click(position={"x": 16, "y": 35 + 17})
        page.wait_for_url(re.compile(f"run={second.id}"))
        idle(page)
        expect(page.get_by_text(f"All of the run is in {second.folder}")).to_be_visible()

    click_on_newest()
    page.go_back()
    expect(page.get_by_text(f"All of the run is in {first.folder}")).to_be_visible()
    idle(page)
    click_on_newest()
    page.get_by_role("combobox", name=re.compile("^Run")).click()
    page.get_by_role("option", name=first.id).click()
    expect(page.get_by_text(f"All of the run is in {first.folder}")).to_be_visible()
    idle(page)
    click_on_newest()


def test_a_study_is_deleted_with_its_runs_where_that_is_asked_for(changing_server, finished_run, page):
    server = changing_server
    plan = make_plan(name="seeds", config=finished_run.config, seeds=(0, 1))
    study = StudyStore(server.workspace.studies).create(plan)
    member = copy_of(finished_run, server.workspace.runs / "20260101-000000-vgg16-32px-aaaa")
    (member.folder / "config.json").unlink()
    (member.folder / "config.json").write_text(plan.places[0].config.to_json(), encoding="utf-8")
    page.goto(server.url("runs", "study=seeds"))
    arrived(page, "Runs")
    asks = page.locator(".st-key-delete-seeds button").first
    asks.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    asks.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete it with 1 run").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("No run yet")).to_be_visible()
    assert not study.folder.exists()
    assert not member.folder.exists()
