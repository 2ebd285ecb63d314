"""The app as a server process of its own, and the system's Chromium to look at it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.folder.states import ACTIVE
from allcore.workspace import Workspace

PROJECT = Path(__file__).parent.parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


class Server:
    """A Streamlit server that can be ended and started again on the same workspace."""

    def __init__(
        self,
        workspace: Path,
        data_root: Path | None = None,
        secrets: Path | None = None,
        folder: Path = PROJECT,
        options: Sequence[str] = (),
    ) -> None:
        self.workspace = Workspace(workspace)
        self.folder, self.options = folder, options
        self.data_root = data_root
        self.secrets = secrets
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        self.log = TemporaryFile()  # noqa: SIM115 - as long as the server

    def start(self) -> None:
        """Start the server and wait until it answers."""
        app = str(PROJECT / "streamlit_app.py")
        command = [sys.executable, "-m", "streamlit", "run", app, "--server.headless", "true", *self.options]
        command += [] if self.secrets is None else ["--secrets.files", str(self.secrets)]
        self.process = subprocess.Popen(
            [*command, "--server.port", str(self.port)],
            cwd=self.folder,
            env={
                **os.environ,
                "ALLCORE_WORKSPACE": str(self.workspace.root),
                "ALLCORE_DATA_ROOTS": str(self.data_root or ""),
            },
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + 60
            while not self._answers():
                assert time.monotonic() < deadline, f"the server does not answer\n{self.said()[-4000:]}"
                time.sleep(0.1)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(timeout=120)
            finally:
                self.process.kill()

    def said(self) -> str:
        """Return what the server has printed so far."""
        self.log.flush()
        return os.pread(self.log.fileno(), 2**20, 0).decode()

    def url(self, page: str = "", query: str = "") -> str:
        """Return the address of a page."""
        return f"http://127.0.0.1:{self.port}/{page}?{query}"

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_stcore/health", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


@pytest.fixture(scope="session")
def browser():
    """Return the system's Chromium; where CI runs, it must be there."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        assert not os.environ.get("CI"), "CI needs the system's Chromium"
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def profile(browser: Browser):
    """Return the one profile of all pages: what a server's app consists of is fetched and compiled once.

    It asks for less motion: drawing what moves while a page waits takes a processor as long as the rest of the page.
    """
    made = browser.new_context(reduced_motion="reduce")
    made.set_default_timeout(60_000)
    yield made
    made.close()


@pytest.fixture
def page(profile: BrowserContext):
    """Return a browser window of its own, 1280 pixels wide, which knows nothing of the windows before it."""
    opened = profile.new_page()
    opened.set_viewport_size({"width": 1280, "height": 1000})
    yield opened
    opened.close()
    profile.clear_cookies()


@pytest.fixture
def server(tmp_path):
    """Return a running server on an empty workspace; its runs are stopped afterwards."""
    made = Server(tmp_path / "workspace")
    made.start()
    yield made
    try:
        made.stop()
    finally:
        executor = LocalExecutor(made.workspace)
        for run in executor.store.runs():
            if run.status().state in ACTIVE:
                executor.stop(run, patience=0.5)


@pytest.fixture(scope="session")
def finished_server(finished, smears):
    """Return a running server on the workspace of the run that finished, with its images at hand.

    One for all tests that change nothing there.
    """
    made = Server(finished.workspace.root, smears.parent)
    made.start()
    yield made
    made.stop()
