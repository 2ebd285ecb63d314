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
