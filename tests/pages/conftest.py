"""What pages are tested with: the drawn smears, and a finished run that may be changed, in a workspace of their own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from allcore.runs.store import Run
from allcore.workspace import Workspace

_LARGE = 1_000_000


@pytest.fixture
def dataset(workspace: Workspace, smears: Path) -> Path:
    """Return the drawn smears as the one dataset of an otherwise empty workspace; files may be added or replaced."""
    return shutil.copytree(smears, workspace.datasets / "mine", copy_function=os.link)


@pytest.fixture
def run(finished_run: Run, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a copy of the finished run in a workspace of its own, with its dataset within the roots.

    Its small files may be written to; models and checkpoints are links and may be removed alone.
    """
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(Path(finished_run.config.dataset).parent))
    return Run(shutil.copytree(finished_run.folder, workspace.runs / finished_run.id, copy_function=_copied))


def _copied(source: str, target: str) -> None:
    (os.link if Path(source).stat().st_size > _LARGE else shutil.copy2)(source, target)
