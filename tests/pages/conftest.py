"""What pages are tested with: the drawn smears, and a finished run that may be changed, in a workspace of their own."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from threading import Condition
from typing import Any

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.scriptrunner import script_runner
from streamlit.testing.v1 import local_script_runner

from allcore import memory
from allcore.data.catalog import scan
from allcore.data.relations import find_relations
from allcore.data.synthetic import SyntheticSpec
from allcore.data.synthetic.cells import CLASSES
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.folder.store import Run
from allcore.workspace import Workspace
from pages.ui import shared_work
from tests.copies import copy_of, shared_files
from tests.data.shared_fields.planted import crop_pair, large_field


@pytest.fixture(scope="session", autouse=True)
def as_in_a_server() -> Iterator[None]:
    """Let a run of a page do no more than it does in a server: the rest takes longer than the page.

    AppTest looks for components among the installed packages at every run, and while a page draws it looks a thousand
    times a second whether it has ended. Where Keras was imported, which the app never does and tests of other folders
    do, Streamlit lets it forget everything, and all garbage would be looked for among its million objects.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        patch.setattr(script_runner, "_clean_problem_modules", lambda: None)
        patch.setattr(local_script_runner, "require_widgets_deltas", _wait_until_it_ends)
        patch.setattr(memory, "collect_sparingly", partial(memory.collect_sparingly, seconds=float("inf")))
        yield


def _wait_until_it_ends(runner: local_script_runner.LocalScriptRunner, timeout: float) -> None:
    thread = runner._script_thread
    assert thread is not None
    thread.join(timeout)
    assert not thread.is_alive(), f"the page still draws after {timeout} s"


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], bool]:
    """Return what waits until so many wait for long work at the moment, and tells whether it came to that."""
    now, changed, wait = [0], Condition(), shared_work._wait

    def count(more: int) -> None:
        with changed:
            now[0] += more
            changed.notify_all()

    def waits(*of: Any, **how: Any) -> Any:
        count(1)
        try:
            return wait(*of, **how)
        finally:
            count(-1)

    def are_waiting(so_many: int) -> bool:
        with changed:
            return changed.wait_for(lambda: now[0] == so_many, 60)

    monkeypatch.setattr(shared_work, "_wait", waits)
    return are_waiting


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few and small smears be drawn at one click."""
    monkeypatch.setattr("pages.ui.shared.get_dataset.AT_ONE_CLICK", SyntheticSpec(images_per_class=6, image_size=48))


@pytest.fixture
def dataset(workspace: Workspace, smears: Path) -> Path:
    """Return the drawn smears as the one dataset of an otherwise empty workspace; files may be added or replaced."""
    return shutil.copytree(smears, workspace.datasets / "mine", copy_function=os.link)


@pytest.fixture(scope="session")
def overlapping(made_once: Callable[..., Path]) -> Path:
    """Return a folder of 18 drawn fields of 128 px a class; `again` in a name: it shows the field of its namesake.

    One of each class is shifted, one shifted and mirrored or turned as well; one Pre field is shown again as Pro.
    """

    def draw(folder: Path) -> None:
        rng = np.random.default_rng(1)
        for number in range(16 * len(CLASSES)):
            place, label = divmod(number, len(CLASSES))
            orientation = (0, 4, 1)[place % 3]
            first, second, _ = crop_pair(large_field(number, 256), 128, 0.5, orientation, rng)
            name = f"{CLASSES[label].lower()}-{place + 1}"
            _write(first, folder / CLASSES[label] / f"{name}.png")
            if place < 2:
                _write(second, folder / CLASSES[label] / f"{name}-again.png")
            elif name == "pre-3":
                _write(second, folder / "Pro" / f"{name}-again.png")

    return made_once("overlapping", draw)


@pytest.fixture(scope="session")
def searched(made_once: Callable[..., Path], overlapping: Path) -> Path:
    """Return a cache of what a search among the overlapping fields finds."""
    return made_once("searched", lambda cache: find_relations(overlapping, scan(overlapping).images(), cache))


@pytest.fixture
def new_fields(workspace: Workspace, overlapping: Path) -> Path:
    """Return the overlapping fields as the one dataset of an otherwise empty workspace."""
    return shutil.copytree(overlapping, workspace.datasets / "mine", copy_function=os.link)


@pytest.fixture
def few_fields(new_fields: Path) -> Path:
    """Return three fields a class, and those that show them again, as the one dataset: they are soon searched."""
    for image in new_fields.rglob("*.png"):
        if int(image.stem.split("-")[1]) > 3:
            image.unlink()
    return new_fields


@pytest.fixture
def fields(new_fields: Path, workspace: Workspace, searched: Path) -> Path:
    """Return the overlapping fields as the one dataset of a workspace that has searched them before."""
    shutil.copytree(searched, workspace.cache)
    return new_fields


@pytest.fixture
def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the released models, an empty one."""
    monkeypatch.setattr("allcore.workspace.APP", tmp_path)
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture
def photographed(photographed: None) -> Iterator[None]:
    """Let the drawn smears pass for photographs on pages that keep what they know of a run."""
    st.cache_data.clear()
    yield
    st.cache_data.clear()


@pytest.fixture
def run(finished_run: Run, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Hand out a copy of the finished run in a workspace of its own, with its dataset within the roots.

    Its small files may be written to; models and checkpoints are links and may be removed alone, or else all tests
    after this one would have what was written.
    """
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(Path(finished_run.config.dataset).parent))
    before = shared_files(finished_run)
    yield copy_of(finished_run, workspace.runs / finished_run.id)
    assert shared_files(finished_run) == before, "a file that other tests share was written to: remove it first"


@pytest.fixture
def trained(finished: LocalExecutor, finished_run: Run, monkeypatch: pytest.MonkeyPatch, smears: Path) -> Run:
    """Return the finished run, in the workspace that the page looks at, its dataset within the roots."""
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(finished.workspace.root))
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(smears.parent))
    return finished_run


def _write(pixels: np.ndarray, file: Path) -> None:
    file.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(file)


@pytest.fixture
def data(workspace: Workspace, smears: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return an empty workspace in which the drawn smears are the only dataset."""
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(smears.parent))
    return workspace


@pytest.fixture
def browsed(dataset: Path) -> Path:
    """Return the drawn smears with a copy of an image and a damaged file among Pro."""
    shutil.copy(dataset / "Pro" / "pro-0001.jpg", dataset / "Pro" / "copy.jpg")
    (dataset / "Pro" / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut short")
    return dataset


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Return what Streamlit hands out for images, by the name in their URL."""
    files: dict[str, bytes] = {}
    keep = MemoryMediaFileStorage.load_and_get_id

    def load_and_get_id(self, data, mimetype, *rest):
        name = keep(self, data, mimetype, *rest)
        files[name] = data
        return name

    monkeypatch.setattr(MemoryMediaFileStorage, "load_and_get_id", load_and_get_id)
    return files


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], bytes]]:
    """Return the makers of the files that a page offers, by the files' names, as Streamlit is given them."""
    makers: dict[str, Callable[[], bytes]] = {}
    register = MediaFileManager.add_deferred

    def noting(self, data, mimetype, coordinates, file_name=None, **more):
        makers[file_name] = data
        return register(self, data, mimetype, coordinates, file_name=file_name, **more)

    monkeypatch.setattr(MediaFileManager, "add_deferred", noting)
    return makers


@pytest.fixture
def add_run(finished_run: Run, workspace: Workspace) -> Callable[..., Run]:
    """Put a copy of the finished run into the workspace, with changes to its configuration."""

    def add(number: int = 0, **changes: object) -> Run:
        folder = workspace.runs / f"20261123-00000{number}-vgg16-32px-abcd"
        shutil.copytree(finished_run.folder, folder, copy_function=os.link)
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").unlink()  # a link to the file that other tests read
        (folder / "config.json").write_text(json.dumps(config | changes))
        return Run(folder)

    return add
