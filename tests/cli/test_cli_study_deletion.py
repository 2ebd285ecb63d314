"""`study delete`: what is deleted, what is asked before, and when it is refused."""

from __future__ import annotations

import pytest
import typer

from tests.studies.conftest import set_state


def test_a_study_is_deleted_by_its_name_and_its_runs_stay(command, study_of, workspace):
    study = study_of(done=1)
    assert command("study", "delete", "seeds").out == "study seeds is deleted; 1 run stays\n"
    assert not study.folder.exists()
    assert [row["study"] for row in command("runs", "list", "--json").json] == ["seeds"]
    refused = command("study", "delete", "seeds")
    assert (refused.code, refused.out) == (2, "")
    assert "there is no study 'seeds'" in refused.err


def test_a_study_and_its_runs_are_deleted_once_that_is_confirmed(command, study_of, workspace):
    study = study_of(done=2)
    for asked, what in ((["see"], "study seeds"), (["seeds", "--runs"], "study seeds with its 2 runs")):
        refused = command("study", "delete", *asked)
        assert (refused.code, refused.out) == (2, "")
        assert f"this would delete {what}; to do so give --yes" in refused.err
    assert study.folder.is_dir()
    assert command("study", "delete", "see", "--runs", "--yes").out == "study seeds with its 2 runs is deleted\n"
    assert not study.folder.exists()
    assert command("runs", "list", "--json").json == []


@pytest.mark.parametrize("options", [[], ["--runs", "--yes"]])
def test_a_study_that_is_carried_out_is_not_deleted(command, study_of, options):
    study = study_of(done=1)
    set_state(study, "running")
    refused = command("study", "delete", "seeds", *options)
    assert (refused.code, refused.out) == (2, "")
    assert "study seeds is being carried out; stop it before deleting it" in refused.err
    assert study.folder.is_dir()


@pytest.mark.parametrize(("answer", "code"), [(True, 0), (False, 1)])
def test_who_can_be_asked_is_asked_before_a_study_is_deleted(command, study_of, monkeypatch, answer, code):
    study, asked = study_of(done=1), []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "confirm", lambda text, err: asked.append(text) or answer)
    assert command("study", "delete", "latest").code == code
    assert asked == ["delete study seeds?"]
    assert study.folder.is_dir() is not answer
