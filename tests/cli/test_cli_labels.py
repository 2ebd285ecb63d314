"""`labels`, on a run that really finished and on images whose labels were changed."""

import shutil

import pandas as pd
import pytest

COLUMNS = [
    "path", "label", "suggestion", "judged", "suspicious", "probability_label", "probability_suggestion", "margin",
    "source", "runs", "group", "stain", "contradicted_by",
]  # fmt: skip


@pytest.fixture
def reviewed(on_finished, smears):
    return on_finished("labels", smears, "--json").json


def test_json_lists_the_most_suspicious_with_all_that_is_known_of_them(reviewed):
    assert reviewed["images"] == 64
    assert len(reviewed["labels"]) == 20
    assert list(reviewed["labels"][0]) == COLUMNS
    flags = [row["suspicious"] for row in reviewed["labels"]]
    assert flags == sorted(flags, reverse=True)
    assert reviewed["suspicious"] >= sum(flags)


def test_run_judges_what_it_did_not_train_on_and_colour_the_rest(reviewed, finished_run):
    run, colour = reviewed["sources"]
    assert (run["source"], colour["source"]) == (finished_run.id, "colour")
    assert run["images"] + run["twins"] == len(finished_run.predictions())
    assert colour["images"] == 64


def test_csv_file_has_every_image(on_finished, smears, tmp_path, reviewed):
    outcome = on_finished("labels", smears, "--csv", tmp_path / "labels.csv", "--top", 3)
    table = pd.read_csv(tmp_path / "labels.csv", keep_default_na=False)
    assert list(table.columns) == COLUMNS
    assert len(table) == 64
    assert [row["path"] for row in reviewed["labels"]] == list(table["path"].head(20))
    assert sum("P(suggested)" in line or ".jpg" in line for line in outcome.out.splitlines()) == 1 + 3


def test_runs_can_be_named(command, on_finished, smears, finished_run):
    chosen = on_finished("labels", smears, "--run", finished_run.id, "--json").json
    assert chosen["sources"][0]["source"] == finished_run.id
    assert on_finished("labels", smears, "--run", finished_run.id, "--run", "latest", "--json").json == chosen
    outcome = command("labels", smears, "--run", "nonesuch")
    assert outcome.code == 2
    assert "there is no run 'nonesuch'" in outcome.err


def test_image_under_a_wrong_class_is_among_the_first_with_its_twin_and_what_was_judged(command, smears, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(smears, folder)
    shutil.copy(folder / "Pro" / "pro-0009.jpg", folder / "Benign" / "wrong.jpg")
    assert command("dataset", "judge", folder, "Benign/wrong.jpg", "wrong", "--class", "Pro").code == 0
    rows = {row["path"]: row for row in command("labels", folder, "--json").json["labels"]}
    assert rows["Benign/wrong.jpg"]["contradicted_by"].split("; ")[0] == "Pro/pro-0009.jpg"
    assert (rows["Benign/wrong.jpg"]["suggestion"], rows["Benign/wrong.jpg"]["judged"]) == ("Pro", "wrong, it is Pro")
    (line,) = (line for line in command("labels", folder).out.splitlines() if line.startswith("*  Benign/wrong.jpg"))
    assert "wrong, it is Pro" in line


def test_paths_are_those_below_the_folder_that_was_given(command, smears, tmp_path):
    shutil.copytree(smears, tmp_path / "archive" / "inner")
    rows = command("labels", tmp_path / "archive", "--json").json["labels"]
    assert rows
    assert all((tmp_path / "archive" / row["path"]).is_file() for row in rows)


def test_file_that_cannot_be_written_is_bad_input(command, smears, tmp_path):
    outcome = command("labels", smears, "--csv", tmp_path / "missing" / "labels.csv")
    assert outcome.code == 2
    assert "labels.csv cannot be written" in outcome.err
