"""After a power cut at any moment of a run's life, all that was promised before it is there, and nothing lies."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from allcore.runs.folder.files import CHECKPOINTS_FOLDER
from allcore.runs.folder.store import Run, RunStore
from allcore.runs.owned_datasets import delete_dataset
from allcore.studies.deletion import delete_study
from allcore.studies.store import Study
from allcore.workspace import Workspace
from allcore.writing import make_folder, write_whole
from tests.damaged import TIMES
from tests.power_cuts.recorder import Recorder
from tests.power_cuts.replay import LOSSES, Cut, cuts, marks

LEAST_CUTS = 200
LARGE = "x" * 2**19
"""More than the recorder looks at after every step."""
PROJECT = Path(__file__).parents[2]
PROMISED = ("config.json", "split.csv", "environment.json", "metrics.jsonl", "predictions.parquet", "model.onnx")


@pytest.fixture(scope="module")
def recording(smears: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with `workspace`, where a run was trained, and `log`, the recording of it."""
    folder = tmp_path_factory.mktemp("recording")
    command = [sys.executable, "-m", "tests.power_cuts.train", smears, folder / "workspace", folder / "log"]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    yield folder
    shutil.rmtree(folder)  # it holds every checkpoint that there was


@pytest.mark.process
def test_what_was_promised_before_a_power_cut_is_there_after_it(recording: Path, tmp_path: Path):
    operations = marks(recording / "log")
    final = RunStore(recording / "workspace" / "runs").runs()[0]
    faults: list[str] = []
    for cut in cuts(recording / "log", every_kind=TIMES > 1):
        target = tmp_path / "after"
        cut.restore(target)
        done = operations[: cut.number + 1]
        faults += [f"{cut.number} ({done[-1]}), {cut.loss}: {fault}" for fault in broken_promises(target, done, final)]
        shutil.rmtree(target)
    assert len(operations) >= LEAST_CUTS
    assert not faults, f"{len(faults)} promises broken:\n" + "\n".join(faults[:20])


def broken_promises(workspace: Path, done: list[str], final: Run) -> Iterator[str]:
    """Yield what is wrong with the runs in a workspace after a power cut, given the operations `done` before it."""
    runs = RunStore(workspace / "runs").runs()
    if not runs:
        if "created" in done:
            yield "the run is gone"
        return
    run = runs[0]
    for read in (lambda: run.config, lambda: run.split, run.status, run.history):
        try:
            read()
        except Exception as error:
            yield f"{type(error).__name__}: {error}"
            return
    if run.status().state == "succeeded":
        for name in PROMISED:
            if (run.folder / name).read_bytes() != (final.folder / name).read_bytes():
                yield f"it says succeeded, and {name} is not what was written"
    elif "succeeded" in done:
        yield f"it had succeeded, and is {run.status().state}"
    elif checkpoints := [text.removeprefix("checkpoint ") for text in done if text.startswith("checkpoint ")]:
        newest = max((name for name in whole_checkpoints(run)), default="none")
        if newest == "none" or newest < checkpoints[-1]:
            yield f"checkpoint {checkpoints[-1]} was there, the newest whole one is {newest}"


def whole_checkpoints(run: Run) -> Iterator[str]:
    """Yield the names of the checkpoints whose files are what their manifest says."""
    for folder in (run.folder / CHECKPOINTS_FOLDER).glob("[0-9]*"):
        try:
            manifest = json.loads((folder / "manifest.json").read_bytes())
            found = {name: (folder / name).stat().st_size for name in manifest}
        except (OSError, ValueError):
            continue
        if all(
            size == manifest[name]["bytes"] and sound(folder / name, manifest[name]) for name, size in found.items()
        ):
            yield folder.name


KNOWN: dict[tuple[int, int], int] = {}
"""Checksums by inode and size: the same large file stands in many trees."""


def sound(file: Path, said: dict[str, int]) -> bool:
    about = file.stat()
    key = (about.st_ino, about.st_size)
    if about.st_nlink == 1 or key not in KNOWN:
        KNOWN[key] = zlib.crc32(file.read_bytes())
    return KNOWN[key] == said["crc32"]


@pytest.mark.parametrize("what", ["run", "study", "dataset"])
def test_what_is_being_deleted_is_there_whole_or_not_at_all_after_a_power_cut(what: str, tmp_path: Path):
    workspace = Workspace(tmp_path / "workspace")
    folder = {"run": workspace.runs, "study": workspace.studies, "dataset": workspace.datasets}[what] / "mine"
    recorder = Recorder(workspace.root, tmp_path / "log")
    with recorder.recording():
        for name in ("a/1.png", "b/1.png", "c/1.png"):
            make_folder((folder / name).parent)
            write_whole(folder / name, "content")
        recorder.mark("made")
        if what == "run":
            RunStore(workspace.runs).delete(Run(folder))
        elif what == "study":
            delete_study(Study(folder), workspace)
        else:
            delete_dataset(folder, workspace)
    made = marks(tmp_path / "log").index("made")
    for cut in cuts(tmp_path / "log", every_kind=True):
        for number in range(4) if cut.number >= made else ():  # other numbers: other chances
            target = tmp_path / "after"
            replace(cut, number=number).restore(target)
            left = [file for file in (target / folder.relative_to(workspace.root)).rglob("*") if file.is_file()]
            assert len(left) in (0, 3), (cut.number, cut.loss)
            shutil.rmtree(target)


def test_a_promise_that_is_not_synced_is_seen_to_break(tmp_path: Path):
    """The harness itself: a file that is renamed into place without a sync is empty or gone after a cut."""
    root, log = tmp_path / "root", tmp_path / "log"
    root.mkdir()
    recorder = Recorder(root, log)
    with recorder.recording():
        (root / "new").write_text("content")
        (root / "new").rename(root / "careless")
        with (root / "new").open("w") as file:
            file.write("content")
            file.flush()
            os.fsync(file.fileno())
        (root / "new").rename(root / "careful")
        with (root / "grown").open("w") as file:
            file.write("small, and seen in the middle of being written")
            file.flush()
            recorder.mark("seen")
            file.write(LARGE)
            file.flush()
            os.fsync(file.fileno())
        descriptor = os.open(root, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    seen: dict[str, list[tuple[str, bool]]] = {"careless": [], "careful": [], "grown": []}
    last = list(cuts(log, every_kind=True))[-len(LOSSES) :]
    for cut in [*last, *(replace(last[-1], number=number) for number in range(20))]:  # other numbers: other chances
        seen_after(cut, tmp_path / "after", seen)
    assert {content for content, _ in seen["careless"]} >= {""}
    assert set(seen["careful"]) == {("content", True)}
    assert {len(content) for content, _ in seen["grown"]} == {46 + len(LARGE)}


def seen_after(cut: Cut, target: Path, seen: dict[str, list[tuple[str, bool]]]) -> None:
    cut.restore(target)
    for name, contents in seen.items():
        there = (target / name).exists()
        contents.append(((target / name).read_text() if there else "", there))
    shutil.rmtree(target)
