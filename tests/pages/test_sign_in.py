"""Signing in: who has not sees nothing, who may look changes nothing, and what was done has a name and a time."""

import json
import threading
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit import user_info
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from allcore.access import ACCESS_FILE
from allcore.actions import ACTIONS_FILE
from allcore.data.labels.judgements import read_judgements
from allcore.errors import DatasetError
from allcore.installation import PROJECT
from allcore.runs.folder.store import Run
from allcore.studies.plan import make_plan
from allcore.studies.store import StudyStore
from allcore.text import for_page
from tests.pages.opening import PATIENCE, button, left_while_they_wait, open_page, press, ran, table, texts


@pytest.fixture
def sign_in(monkeypatch, workspace):
    """Return what signs somebody in, as Streamlit tells of people where secrets configure a provider.

    At a server's `first_moment`, Streamlit runs pages without streamlit_app.py.
    """

    begin = PagesManager.__init__

    def signed_in(access=None, first_moment=False, **facts):
        def begun(self, *args, **more):
            PagesManager.uses_pages_directory = first_moment  # AppTest takes every run for a server's first
            begin(self, *args, **more)

        monkeypatch.setattr(PagesManager, "__init__", begun)
        monkeypatch.setattr(user_info, "_get_user_info", lambda: {"is_logged_in": True, **facts})
        if access is not None:
            workspace.root.mkdir(exist_ok=True)
            (workspace.root / ACCESS_FILE).write_text(json.dumps(access))

    return signed_in


def front() -> AppTest:
    """Return the app as its address opens it, by its one way in."""
    return ran(AppTest.from_file(str(PROJECT / "streamlit_app.py"), default_timeout=PATIENCE))


def test_who_has_not_signed_in_sees_nothing_and_who_may_look_sees_the_page(sign_in, run):
    sign_in(is_logged_in=False)
    app = front()
    assert not app.dataframe
    assert not app.metric
    assert not app.page_link
    sign_in({"look": ["*@lab.org"]}, email="bob@lab.org")
    assert run.id in list(table(front(), "run")["run"])


@pytest.mark.parametrize("page", sorted(file.stem for file in (PROJECT / "pages").glob("*.py")))
def test_nobody_sees_a_page_that_streamlits_older_navigation_runs_by_itself(sign_in, run, page):
    sign_in(is_logged_in=False, first_moment=True)
    app = open_page(page, run=run.id, data=Path(run.config.dataset).name)
    assert [each.label for each in app.button] == ["Sign in"]
    assert not app.dataframe
    assert run.id not in texts(app)


def test_nobody_can_sign_in_where_secrets_or_packages_lack_something_and_it_is_said(sign_in, workspace, monkeypatch):
    def entrance():
        from pages.ui.sign_in import let_in

        let_in()

    sign_in(is_logged_in=False)
    app = press(ran(AppTest.from_function(entrance, default_timeout=PATIENCE)), "Sign in")
    assert "secrets.toml" in app.error[0].value  # there is none here
    monkeypatch.setattr("pages.ui.sign_in._PACKAGES", ("authlib", "authlib_that_is_not_there"))
    app = ran(app)
    assert not app.button
    assert "needs authlib_that_is_not_there, which is not installed" in app.error[0].value


@pytest.mark.parametrize(
    ("access", "facts", "said"),
    [
        ({"look": ["*@lab.org"]}, {"email": "eve@elsewhere.org"}, "eve@elsewhere.org may not look at"),
        ({"look": ["*@lab.org"]}, {"email": "eve@lab.org", "email_verified": False}, "may not look"),
        ({"look": ["*@lab.org"]}, {"email": "eve@lab.org", "email_verified": "false"}, "may not look"),
        ({"looks": []}, {"email": "anna@lab.org"}, "cannot be used"),
    ],
)
def test_who_has_no_right_sees_nothing_but_why(sign_in, access, facts, said):
    sign_in(access, **facts)
    app = front()
    assert for_page(said) in "".join(error.value for error in app.error)
    assert not app.metric
    assert [button.label for button in app.button] == ["Sign out"]


def test_who_may_look_can_delete_nothing_and_who_may_act_is_noted(sign_in, run, workspace):
    access = {"act": ["group:trainers"], "look": ["*"]}
    sign_in(access, email="bob@lab.org")
    app = open_page("runs")
    assert all(button(app, label).disabled for label in ("Delete", "Free disk space"))
    sign_in(access, email="anna@lab.org", groups=["trainers"])
    press(press(open_page("runs"), "Delete"), "Delete it")
    assert not run.folder.exists()
    noted = json.loads((workspace.root / ACTIONS_FILE).read_text())
    assert (noted["who"], noted["what"], noted["on"]) == ("anna@lab.org", "delete", run.id)


def test_who_may_look_deletes_no_study_and_who_may_act_is_noted(sign_in, workspace, tiny_config):
    StudyStore(workspace.studies).create(make_plan(name="new", config=tiny_config()))
    access = {"act": ["anna@lab.org"], "look": ["*"]}
    sign_in(access, email="bob@lab.org")
    assert open_page("runs").get_by_key("delete-new").disabled
    sign_in(access, email="anna@lab.org")
    app = open_page("runs")
    app.get_by_key("delete-new").click()
    press(ran(app), "Delete it")
    assert not (workspace.studies / "new").exists()
    noted = json.loads((workspace.root / ACTIONS_FILE).read_text())
    assert (noted["who"], noted["what"], noted["on"]) == ("anna@lab.org", "delete", "new")


def test_a_right_that_is_taken_while_a_page_is_open_holds_at_once(sign_in, run, workspace):
    sign_in({"act": ["anna@lab.org"]}, email="anna@lab.org")
    app = press(open_page("runs"), "Delete")
    sign_in({"look": ["*"]}, email="anna@lab.org")
    press(app, "Delete it")
    assert "may look here but not delete" in app.error[0].value
    assert run.folder.is_dir()
    assert not (workspace.root / ACTIONS_FILE).exists()


def test_what_somebody_may_not_do_is_named_in_a_sentence_that_reads(sign_in, workspace, dataset):
    sign_in({"act": ["anna@lab.org"]}, email="anna@lab.org")
    app = open_page("dataset", image="Pro/pro-0003.jpg")
    next(each for each in app.selectbox if str(each.key).startswith("judge ")).select("right")
    sign_in({"look": ["*"]}, email="anna@lab.org")
    assert for_page("you may look here but not judge the labels; ask whoever") in texts(ran(app))


def test_what_cannot_be_noted_is_not_done_and_the_page_says_why(sign_in, run, workspace, no_room):
    sign_in({"act": ["anna@lab.org"]}, email="anna@lab.org")
    app = press(open_page("runs"), "Delete")
    with no_room(ACTIONS_FILE):
        press(app, "Delete it")
    assert app.error[0].value == for_page("the disk is full (No space left on device); free some space")
    assert run.folder.is_dir()


def test_what_is_made_is_noted_by_its_name(sign_in, workspace, few):
    sign_in({"act": ["anna@lab.org"]}, email="bob@lab.org")
    assert button(open_page("overview"), "Draw synthetic smears").disabled
    sign_in(email="anna@lab.org")
    press(open_page("overview"), "Draw synthetic smears")
    assert json.loads((workspace.root / ACTIONS_FILE).read_text())["on"] == workspace.list_datasets()[0].name


def noted(workspace):
    """Return what was done on what, by whom, in turn."""
    lines = map(json.loads, (workspace.root / ACTIONS_FILE).read_text().splitlines())
    return [(line["what"], line["on"], line["who"]) for line in lines]


def test_a_launch_is_noted_before_and_after_and_what_cannot_be_noted_before_is_not_launched(
    sign_in, dataset, workspace, no_room, monkeypatch
):
    launched, full = [], ExitStack()

    def submit(config, progress):
        launched.append(config)
        if len(launched) == 2:
            full.enter_context(no_room(ACTIONS_FILE))
        return Run(workspace.runs / f"run-{len(launched)}")

    monkeypatch.setattr("pages.ui.train.launching.executor", lambda: SimpleNamespace(submit=submit))
    monkeypatch.setattr("pages.ui.train.launching._SAME_CLICK_SECONDS", 0.0)
    sign_in({"act": ["anna@lab.org"]}, email="anna@lab.org")
    app = open_page("train", preset="Quick")
    with no_room(ACTIONS_FILE):
        press(app, "Launch")
    assert "the disk is full" in app.error[0].value
    assert (launched, app.success.len) == ([], 0)
    press(app, "Launch")
    press(app, "Launch")
    full.close()
    assert [app.success[0].proto.title, *app.error] == [for_page("run-2 is launched")]
    before = ("launch", str(dataset), "anna@lab.org")
    assert noted(workspace) == [before, ("launch", "run-1", "anna@lab.org"), before]


@pytest.mark.parametrize(
    ("facts", "called"),
    [
        ({"sub": "42"}, "account 42"),
        ({"sub": "42", "name": "bob@lab.org"}, "bob@lab.org (account 42)"),
        ({"sub": "42", "name": "Anna", "preferred_username": "anna"}, "anna (account 42)"),
        ({"sub": "42", "name": "Anna", "email": "anna@lab.org", "email_verified": False}, "Anna (account 42)"),
        ({}, "somebody"),
    ],
)
def test_somebody_without_an_address_is_noted_by_the_best_name_that_there_is(sign_in, run, workspace, facts, called):
    sign_in({"act": ["group:trainers"]}, groups=["trainers"], **facts)
    app = press(press(open_page("runs"), "Delete"), "Delete it")
    assert noted(workspace) == [("delete", run.id, called)]
    assert for_page(f"{'You' if called == 'somebody' else called} may look and act.") in texts(app)


def test_who_may_look_judges_no_label_and_who_may_act_is_named_with_the_judgement(sign_in, dataset, workspace):
    sign_in({"act": ["anna@lab.org"]}, email="bob@lab.org")
    assert open_page("dataset", image="Pro/pro-0003.jpg").get_by_key("judge image Pro/pro-0003.jpg").disabled
    sign_in(email="anna@lab.org")
    app = open_page("dataset", image="Pro/pro-0003.jpg")
    app.get_by_key("judge image Pro/pro-0003.jpg").select("excluded")
    ran(app)
    assert [one.who for one in read_judgements(workspace.judgements).every] == ["anna@lab.org"]


@pytest.fixture
def slow_measuring(monkeypatch):
    """Let measuring take until the test ends, and nobody wait for it."""
    go_on = threading.Event()

    def slow(config, workspace, while_waiting):
        assert go_on.wait(60)
        raise DatasetError("there is no figure")

    monkeypatch.setattr("pages.ui.train.measuring.measure", slow)
    with left_while_they_wait(monkeypatch):
        yield
    go_on.set()


def test_whoever_looks_while_another_measures_has_done_nothing_and_cannot_cancel_it(
    sign_in, dataset, workspace, slow_measuring
):
    sign_in({"act": ["anna@lab.org"]}, email="anna@lab.org")
    press(open_page("train", preset="Quick"), "Measure")
    before = (workspace.root / ACTIONS_FILE).read_text()
    assert json.loads(before)["what"] == "measure"
    sign_in({"act": ["anna@lab.org"], "look": ["*"]}, email="bob@lab.org")
    app = open_page("train", preset="Quick")
    assert not app.error
    assert button(app, "Cancel").disabled
    assert (workspace.root / ACTIONS_FILE).read_text() == before


def test_who_may_only_look_cancels_no_action_and_who_may_is_noted(sign_in, workspace, dataset, slow_measuring):
    anna = {"act": ["anna@lab.org"], "look": ["*"]}
    sign_in(anna, email="anna@lab.org")
    app = press(open_page("train", preset="Quick"), "Measure")
    sign_in(anna, email="bob@lab.org")
    press(app, "Cancel")  # drawn while it was anna's page
    assert button(app, "Cancel").disabled
    sign_in(anna, email="anna@lab.org")
    press(open_page("train", preset="Quick"), "Cancel")
    noted = [json.loads(line) for line in (workspace.root / ACTIONS_FILE).read_text().splitlines()]
    assert [(each["who"], each["what"]) for each in noted] == [("anna@lab.org", "measure"), ("anna@lab.org", "cancel")]
    assert len({each["on"] for each in noted}) == 1


def test_a_run_shows_who_did_what_to_it(sign_in, run, workspace):
    sign_in(email="bob@lab.org")
    noted = [
        {"moment": 1e9, "who": "<b>anna</b>@lab.org", "what": what, "on": run.id}
        for what in ("resume", "judge the labels of")
    ]
    (workspace.root / ACTIONS_FILE).write_text("\n".join(map(json.dumps, noted)))
    shown = texts(open_page("runs")).splitlines()
    for what in ("resume", "judge the labels"):
        assert any(line.endswith(for_page(f"2001-09-09 01:46 UTC, <b>anna</b>@lab.org: {what}")) for line in shown)


def test_without_sign_in_nothing_is_asked_and_nothing_noted(workspace, few):
    app = press(front(), "Draw synthetic smears")
    assert workspace.list_datasets()
    assert not (workspace.root / ACTIONS_FILE).exists()
    assert "Sign out" not in [button.label for button in app.button]
