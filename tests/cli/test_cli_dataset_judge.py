"""`dataset judge`, `dataset judgements`, and what `evaluate --labels corrected` makes of them."""

import shutil

import pandas as pd
import pytest

from tests.cli.conftest import call


@pytest.fixture
def folder(smears, tmp_path):
    return shutil.copytree(smears, tmp_path / "outer" / "smears")


@pytest.fixture
def judged(command, folder):
    """Return a dataset of which one label was judged wrong, one right, and one image is excluded."""
    first, second, third = (path.relative_to(folder).as_posix() for path in sorted((folder / "Benign").iterdir())[:3])
    assert command("dataset", "judge", folder, first, "wrong", "--class", "Pro", "--who", "anna").code == 0
    assert command("dataset", "judge", folder.parent, folder / second, "excluded").code == 0
    said = command("dataset", "judge", folder, third, "right", "--who", "anna").out
    assert said == f"{third}: Benign, judged right by anna\n"
    return folder


def test_what_was_judged_is_listed_with_what_it_corrects(command, judged):
    found = command("dataset", "judgements", judged, "--json").json
    assert [row["verdict"] for row in found["judgements"]] == ["wrong", "excluded", "right"]
    (version,) = found["variants"].values()
    assert version["labels"].startswith("corrected-")
    classes = {row["class"]: row for row in version["classes"]}
    assert (classes["Benign"]["corrected"], classes["Pro"]["corrected"]) == (14, 17)
    words = command("dataset", "judgements", judged).out
    assert f"`--labels corrected` is {version['labels']}" in words
    assert "Benign      16         0          1         1         14" in words


def test_judgements_go_to_another_workspace_as_csv(command, judged, tmp_path):
    assert command("dataset", "judgements", judged, "--csv", tmp_path / "a.csv").code == 0
    assert len(pd.read_csv(tmp_path / "a.csv")) == 3
    other = tmp_path / "other"
    outcome = call(other, "dataset", "judgements", judged, "--import", tmp_path / "a.csv", "--json")
    assert outcome.err == "3 judgements added, 0 known before\n"
    assert outcome.json == command("dataset", "judgements", judged, "--json").json


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("judge", "nothing.jpg", "right"), "is no usable image of"),
        (("judge", "{first}", "wrong"), "becomes another class of the dataset: Early, Pre, Pro"),
        (("judge", "{first}", "false"), "a label is judged right, wrong, unsure, excluded"),
        (("judgements", "--import", "nothing.csv"), "nothing.csv cannot be imported: it does not exist"),
        (("judgements", "--csv", "missing/a.csv"), "cannot be written"),
    ],
)
def test_what_will_not_do_is_said(command, folder, words, message):
    first = next(path.relative_to(folder).as_posix() for path in sorted((folder / "Benign").iterdir()))
    name, *rest = (word.format(first=first) for word in words)
    outcome = command("dataset", name, folder, *rest)
    assert outcome.code == 2
    assert message in outcome.err
    assert command("dataset", "judgements", folder, "--json").json["judgements"] == []


def test_a_model_is_scored_against_what_was_judged(command, judged, finished_run):
    scored = command("evaluate", finished_run.served_model, "--data", judged, "--labels", "corrected", "--json").json
    assert [sum(row) for row in scored["confusion_matrix"]] == [14, 16, 16, 17]
    assert "labels corrected-" in scored["data"]


def test_without_a_judgement_nothing_is_corrected(command, folder):
    assert "no label was judged yet" in command("dataset", "judgements", folder).out
    outcome = command("train", "--data", folder, "--labels", "corrected", "--weights", "random", "--background")
    assert outcome.code == 2
    assert "no judgement moves or excludes an image" in outcome.err
