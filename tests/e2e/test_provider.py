"""Signing in at a real OpenID Connect provider: the code flow over HTTP, then a session of the app with its cookies."""

from __future__ import annotations

import asyncio
import json
import shutil
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import Cookie, CookieJar
from pathlib import Path

import pytest

from allcore.access import ACCESS_FILE
from allcore.runs.execution.executor import LocalExecutor
from allcore.text import for_page
from benchmarks.browserless import Shown, Visitor
from tests.copies import link_or_copy
from tests.e2e.conftest import Server
from tests.e2e.provider import ACCOUNT, CLIENT, SECRET, Provider, providing

PEOPLE = {
    "anna": {"email": "anna@lab.org", "email_verified": True, "groups": ["trainers"]},
    "bob": {"email": "bob@lab.org", "email_verified": True},
    "eve": {"email": "eve@elsewhere.org", "email_verified": True},
    "mallory": {"email": "anna@lab.org", "email_verified": False},
}
ACCESS = {"act": ["group:trainers"], "look": ["*@lab.org"]}
ACTS = ("Resume", "Delete", "Free disk space")


class Browser:
    """The cookies of somebody's browser, and who they are at the provider."""

    def __init__(self, app: str, account: str = "") -> None:
        self.app = app
        self.jar = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        if account:
            self.jar.set_cookie(Cookie(
                0, ACCOUNT, account, None, False, "localhost.local", True, False, "/", True, False, None, False, None,
                None, {},
            ))  # fmt: skip
        self.get("/_stcore/health")  # which a browser asks for before it connects

    def get(self, place: str) -> str:
        """Follow an address of the app wherever it leads, and return where that is."""
        with self.opener.open(self.app + place, timeout=120) as answer:
            answer.read()
            return answer.url

    def of_app(self) -> dict[str, str]:
        """Return the cookies that the app would get."""
        return {cookie.name: str(cookie.value) for cookie in self.jar if cookie.domain == "127.0.0.1"}

    def sees(self, page: str, *presses: str) -> Shown:
        """Return what a session of this browser sees of a page, after some buttons."""

        async def visit() -> Shown:
            visitor = Visitor(self.app, self.of_app())
            shown = await visitor.open(page)
            for label in presses:
                shown = await visitor.press(label)
            await visitor.close()
            return shown

        with ThreadPoolExecutor(1) as elsewhere:  # the browser of other tests has this thread's event loop
            return elsewhere.submit(asyncio.run, visit()).result()

    def sign_in(self) -> Shown:
        """Press the button, follow where it leads, and return the page Runs as it is seen then."""
        assert self.get(self.sees("runs", "Sign in").leads_to) == f"{self.app}/"
        return self.sees("runs")


@pytest.fixture(scope="module")
def signing_in(finished: LocalExecutor, tmp_path_factory: pytest.TempPathFactory):
    """Return the address of an app whose secrets name a provider, and the provider."""
    folder = tmp_path_factory.mktemp("signing in")
    locks = shutil.ignore_patterns("*.lock")
    shutil.copytree(finished.workspace.root, folder / "workspace", ignore=locks, copy_function=link_or_copy)
    (folder / "workspace" / ACCESS_FILE).write_text(json.dumps(ACCESS))
    server = Server(folder / "workspace", secrets=folder / "secrets.toml")
    app = server.url().removesuffix("/?")
    with providing(f"{app}/oauth2callback", PEOPLE) as provider:
        write_secrets(Path(folder / "secrets.toml"), provider)
        server.start()
        yield app, provider
        server.stop()


def write_secrets(file: Path, provider: Provider) -> None:
    """Write the keys that docs/deployment.md names, and no others."""
    keys = {
        "redirect_uri": provider.callback, "cookie_secret": "a long random text", "client_id": CLIENT,
        "client_secret": SECRET, "server_metadata_url": provider.metadata_url,
    }  # fmt: skip
    more = 'client_kwargs = { scope = "openid email profile groups" }'
    file.write_text("\n".join(["[auth]", *(f"{name} = {json.dumps(value)}" for name, value in keys.items()), more]))


def test_a_stranger_sees_the_button_alone_on_whatever_page_is_asked_for_first(signing_in):
    shown = Browser(signing_in[0]).sees("runs")
    assert shown.buttons == {"Sign in": True}


def test_who_may_act_is_offered_it_and_who_may_look_is_not(signing_in):
    app, provider = signing_in
    anna, bob = (Browser(app, who).sign_in() for who in ("anna", "bob"))
    assert for_page("anna@lab.org may look and act.") in anna.texts
    assert for_page("bob@lab.org may look.") in bob.texts
    offered = {label: (anna.buttons[label], bob.buttons[label]) for label in ACTS}
    assert offered == {"Resume": (False, False), "Delete": (True, False), "Free disk space": (True, False)}
    assert not provider.refused


@pytest.mark.parametrize(("account", "said"), [("eve", "eve@elsewhere.org may not look"), ("mallory", "You may not")])
def test_who_has_no_right_sees_nothing_but_why(signing_in, account, said):
    shown = Browser(signing_in[0], account).sign_in()
    assert shown.buttons == {"Sign out": True}
    assert any(for_page(said) in text for text in shown.texts)


def test_an_identity_that_the_provider_has_not_signed_counts_for_nothing(signing_in):
    app, provider = signing_in
    provider.forging = True
    try:
        assert Browser(app, "anna").sign_in().buttons == {"Sign in": True}
    finally:
        provider.forging = False


def test_who_signs_out_is_a_stranger_here_and_at_the_provider(signing_in):
    app, provider = signing_in
    anna = Browser(app, "anna")
    anna.sign_in()
    assert anna.get(anna.sees("", "Sign out").leads_to) == f"{app}/"
    assert anna.sees("").buttons == {"Sign in": True}
    assert provider.ended == ["anna"]
    assert ACCOUNT not in {cookie.name for cookie in anna.jar}
