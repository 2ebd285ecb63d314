"""What is asked before something is deleted: only a yes deletes it."""

import os
import shutil
from io import StringIO

import pytest

from allcore.studies.plan import make_plan
from allcore.studies.store import StudyStore


class Terminal(StringIO):
    """What is typed into a terminal; `None` is Ctrl-C, nothing at all Ctrl-D."""

    def __init__(self, typed):
        super().__init__(typed)
        self.interrupted = typed is None

    def isatty(self):
        return True

    def readline(self, *most):
        if self.interrupted:
            raise KeyboardInterrupt
        return super().readline(*most)


@pytest.fixture(params=["dataset", "run", "study"])
def deleting(request, workspace, smears, finished_run, tiny_config):
    """Return the words that ask for a deletion, and the folder that it is of."""
    if request.param == "dataset":
        folder = shutil.copytree(smears, workspace.datasets / "mine", copy_function=os.link)
        return ("dataset", "delete", "mine"), folder
    if request.param == "study":
        study = StudyStore(workspace.studies).create(make_plan(name="seeds", config=tiny_config(), seeds=(0, 1)))
        return ("study", "delete", "seeds", "--runs"), study.folder
    folder = shutil.copytree(finished_run.folder, workspace.runs / finished_run.id, copy_function=os.link)
    return ("runs", "delete", "latest"), folder


@pytest.mark.parametrize("typed", [None, "", "n\n"], ids=["Ctrl-C", "Ctrl-D", "no"])
def test_whatever_is_no_yes_leaves_everything_and_says_so(command, monkeypatch, deleting, typed):
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    words, folder = deleting
    outcome = command(*words)
    assert outcome.code == 1
    assert outcome.err.endswith("nothing is deleted\n")
    assert "fault" not in outcome.err
    assert folder.is_dir()


def test_a_yes_deletes_it(command, monkeypatch, deleting):
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    words, folder = deleting
    assert command(*words).code == 0
    assert not folder.exists()
