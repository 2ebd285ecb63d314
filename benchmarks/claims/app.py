"""The app: from its start to a first answer, and its memory after every page, against one file with TensorFlow."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil

from allcore.installation import PROJECT
from allcore.runs.folder.files import KERAS_FILE
from benchmarks.browserless import Visitor
from benchmarks.claim import OURS, Claim, Material, Measure
from benchmarks.claims.ours import one_image, trained_run, workspace_with_runs
from benchmarks.load import PREDICTED, Sights
from benchmarks.processes import weighed

PEER = "one file that imports TensorFlow and loads the model"
ALONE = "Streamlit alone, a page with a title"
SIZE = 150
_APP = str(PROJECT / "streamlit_app.py")
ONE_FILE = """
import sys, numpy as np, streamlit as st, tensorflow as tf
from PIL import Image
model = tf.keras.models.load_model(sys.argv[1], compile=False)
st.title("Leukemia classification")
chosen = st.file_uploader("Image") or sys.argv[2]
image = np.asarray(Image.open(chosen).convert("RGB").resize(model.input_shape[1:3]), np.float32)
st.write(model.predict(image[None]))
"""
TITLE = """
import streamlit as st
st.title("Leukemia classification")
"""
"""What no app of Streamlit can take less than."""


def start() -> Claim:
    """Return the claim for the time until somebody sees the first answer of a server that was just started."""
    return Claim(
        work="start of the app until a page with an image's prediction is whole",
        unit="s",
        contenders={OURS: _first_answer, PEER: partial(_one_file, _seconds), ALONE: partial(_alone, _seconds)},
        goals={PEER: 1 / 3},
    )


def memory() -> Claim:
    """Return the claim for the memory of a server after every page was seen; the peer has one, which predicts."""
    return Claim(
        work="memory of the app after every page",
        unit="MB",
        contenders={OURS: _every_page, PEER: partial(_one_file, _megabytes), ALONE: partial(_alone, _megabytes)},
        goals={PEER: 1 / 3},
        rounds=3,
    )


def _first_answer(material: Material) -> Measure:
    first = _sights(material).predict[:1]
    return _twice(lambda: _seconds([_APP], first))


def _every_page(material: Material) -> Measure:
    sights = _sights(material)
    places = [*sights.browse, *sights.watch, *sights.predict]
    return lambda: _megabytes([_APP], places)


def _sights(material: Material) -> Sights:
    return workspace_with_runs("app", material.data, 1, SIZE, material)


def _one_file(measured: Callable[..., float], material: Material) -> Measure:
    import tensorflow  # noqa: F401 - so that it is missing here where it is missing there

    model, image = trained_run(SIZE, material).folder / KERAS_FILE, one_image(material)
    app = material.scratch / "one_file.py"
    app.write_text(ONE_FILE, encoding="utf-8")
    return _twice(lambda: measured([str(app), "--", str(model), str(image)], [("", "")]))


def _alone(measured: Callable[..., float], material: Material) -> Measure:
    app = material.scratch / "title.py"
    app.write_text(TITLE, encoding="utf-8")
    return _twice(lambda: measured([str(app)], [("", "")]))


def _twice(measure: Measure) -> Measure:
    """Return what is measured, once its files are in the system's memory."""
    measure()
    return measure


def _seconds(words: list[str], places: list[tuple[str, str]]) -> float:
    began = time.perf_counter()
    with _Server(words) as server, weighed(server.process.pid):
        _visit(server.address, places)
        return time.perf_counter() - began


def _megabytes(words: list[str], places: list[tuple[str, str]]) -> float:
    with _Server(words) as server, weighed(server.process.pid):
        _visit(server.address, places)
        return psutil.Process(server.process.pid).memory_info().rss / 1e6


def _visit(address: str, places: list[tuple[str, str]]) -> None:
    async def visit() -> None:
        visitor = Visitor(address)
        for place in places:
            shown = await visitor.open(*place)
            if shown.faults:
                raise RuntimeError("; ".join(shown.faults))
            if place[0] == "predict" and not any(figure.startswith(PREDICTED) for figure in shown.figures):
                raise RuntimeError(f"no image was predicted at predict?{place[1]}")
        await visitor.close()

    asyncio.run(visit())


class _Server:
    """A Streamlit server while it is entered, which answers."""

    def __init__(self, words: list[str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        options = ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
        app, *rest = words
        self._command = [sys.executable, "-m", "streamlit", "run", app, *options, *rest]
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> _Server:
        folder = Path(self._command[4]).parent
        self.process = subprocess.Popen(self._command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=5).close()
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.02)
            else:
                return self
        self.__exit__()
        raise RuntimeError(f"{self._command[4]} was not served")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()
