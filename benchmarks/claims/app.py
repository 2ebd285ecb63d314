"""The app: from its start to the first page, and its memory then, against one file that loads TensorFlow."""

from __future__ import annotations

import asyncio
import os
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
from benchmarks.claims.ours import trained_run
from benchmarks.processes import weighed

PEER = "one file that imports TensorFlow and loads the model"
SIZE = 150
ONE_FILE = """
import sys, numpy as np, streamlit as st, tensorflow as tf
from PIL import Image
model = tf.keras.models.load_model(sys.argv[1], compile=False)
st.title("Leukemia classification")
upload = st.file_uploader("Image")
if upload:
    image = np.asarray(Image.open(upload).convert("RGB").resize(model.input_shape[1:3]), np.float32)
    st.write(model.predict(image[None]))
"""


def start() -> Claim:
    """Return the claim for the time until somebody sees the first page of a server that was just started."""
    return Claim(
        work="start of the app until the first page is whole",
        unit="s",
        contenders={OURS: partial(_ours, _seconds), PEER: partial(_one_file, _seconds)},
        goals={PEER: 1 / 3},
    )


def memory() -> Claim:
    """Return the claim for the memory of a server whose first page, for ALLscope that of Predict too, was seen."""
    return Claim(
        work="memory of the app with a model loaded",
        unit="MB",
        contenders={OURS: partial(_ours, _megabytes), PEER: partial(_one_file, _megabytes)},
        goals={PEER: 1 / 3},
        rounds=3,
    )


def _ours(measured: Callable[..., float], material: Material) -> Measure:
    workspace = {"ALLCORE_WORKSPACE": str(material.scratch / "app"), "ALLCORE_DATA_ROOTS": ""}
    return lambda: measured([str(PROJECT / "streamlit_app.py")], ["", "predict"], workspace)


def _one_file(measured: Callable[..., float], material: Material) -> Measure:
    import tensorflow  # noqa: F401 - so that it is missing here where it is missing there

    model = trained_run(SIZE, material).folder / KERAS_FILE
    app = material.scratch / "one_file.py"
    app.write_text(ONE_FILE, encoding="utf-8")
    return lambda: measured([str(app), "--", str(model)], [""], {})


def _seconds(words: list[str], pages: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    with _Server(words, environment) as server, weighed(server.process.pid):
        _visit(server.address, pages[:1])
        return time.perf_counter() - began


def _megabytes(words: list[str], pages: list[str], environment: dict[str, str]) -> float:
    with _Server(words, environment) as server, weighed(server.process.pid):
        _visit(server.address, pages)
        return psutil.Process(server.process.pid).memory_info().rss / 1e6


def _visit(address: str, pages: list[str]) -> None:
    async def visit() -> None:
        visitor = Visitor(address)
        for page in pages:
            shown = await visitor.open(page)
            if shown.faults:
                raise RuntimeError("; ".join(shown.faults))
        await visitor.close()

    asyncio.run(visit())


class _Server:
    """A Streamlit server while it is entered, which answers."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        options = ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
        app, *rest = words
        self._command = [sys.executable, "-m", "streamlit", "run", app, *options, *rest]
        self._environment = {**os.environ, **environment}
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> _Server:
        folder = Path(self._command[4]).parent
        self.process = subprocess.Popen(
            self._command, env=self._environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
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
