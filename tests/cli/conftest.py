"""The command line, called in this process (fast) or as a process of its own."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import pytest

from allcore.cli.main import main
from allcore.installation import PROJECT
from allcore.runs.execution.executor import LocalExecutor
from allcore.studies.plan import make_plan
from allcore.studies.store import StudyStore


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def call(workspace, *arguments):
    """Run a command through `main()` in this process."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["allcore", *map(str, arguments)])
        patch.setenv("ALLCORE_WORKSPACE", str(workspace))
        patch.delenv("ALLCORE_DATA_ROOTS", raising=False)
        with pytest.raises(SystemExit) as ended:
            main()
    return Outcome(ended.value.code or 0, out.getvalue(), err.getvalue())


@pytest.fixture
def command(workspace):
    """Return a caller of the command line on an empty workspace."""
    return lambda *arguments: call(workspace.root, *arguments)


@pytest.fixture
def on_finished(finished):
    """Return a caller of the command line on the workspace with one finished run."""
    return lambda *arguments: call(finished.workspace.root, *arguments)


@pytest.fixture(scope="session")
def start():
    """Return a starter of the command line, or of other Python code, as a process of its own."""

    def starter(workspace, *arguments, code=None, **variables):
        what = ["-m", "allcore"] if code is None else ["-c", code]
        return subprocess.Popen(
            [sys.executable, *what, *map(str, arguments)],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "ALLCORE_WORKSPACE": str(workspace), **variables},
        )

    return starter


@pytest.fixture(scope="session")
def process(start):
    """Return a runner of the command line, or of other Python code, as a process of its own."""

    def runner(*arguments, **more):
        with start(*arguments, **more) as child:
            out, err = child.communicate(timeout=120)
        return Outcome(child.returncode, out, err)

    return runner


@pytest.fixture
def study_of(workspace, tiny_config, finished_run):
    """Return a maker of the study of two seeds, of which so many succeeded as the finished run did."""

    def make(done, vary=None, model=False):
        plan = make_plan(name="seeds", config=tiny_config(epochs=3), seeds=(0, 1), vary=vary or {})
        study = StudyStore(workspace.studies).create(plan)
        for place in plan.places[:done]:
            run = LocalExecutor(workspace).store.create(place.config, finished_run.split)
            for name in ("status.json", "predictions.parquet", "metrics.jsonl", *(["model.onnx"] if model else [])):
                (run.folder / name).write_bytes((finished_run.folder / name).read_bytes())
        return study

    return make
