"""`evaluate MODEL --against MODEL`, on a run that really finished and a copy that answers otherwise."""

import shutil

import numpy as np
import pandas as pd
import pytest

from allcore.evaluation.comparing.comparison import compare
from allcore.evaluation.comparing.pairing import pair
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.runs.folder.store import Run
from tests.pages.releasing import release


@pytest.fixture
def other(finished_run, tmp_path):
    """A copy of the finished run that calls every image Pre."""
    folder = tmp_path / "20261123-000000-vgg16-32px-abcd"
    shutil.copytree(finished_run.folder, folder, ignore=shutil.ignore_patterns("*.keras", "*.onnx", "checkpoints"))
    table = pd.read_parquet(folder / "predictions.parquet")
    for name in finished_run.split.classes:
        table[f"probability_{name}"] = np.float32(0.7 if name == "Pre" else 0.1)
    table.to_parquet(folder / "predictions.parquet")
    return Run(folder)


@pytest.fixture
def compared(on_finished, other):
    return on_finished("evaluate", "latest", "--against", other.folder, "--json").json


def test_command_compares_as_the_core_does(compared, finished_run, other):
    expected = compare(pair(recorded_predictions(finished_run, "test"), recorded_predictions(other, "test"))).to_json()
    assert {name: compared[name] for name in expected} == expected
    assert (compared["model"], compared["against"]) == (finished_run.id, other.id)


def test_json_has_both_scores_their_difference_and_the_test(compared):
    difference = compared["first"]["accuracy"] - compared["second"]["accuracy"]
    assert compared["differences"]["accuracy"] == pytest.approx(difference)
    test = compared["mcnemar"]
    counts = [test[name] for name in ("both_right", "only_first", "only_second", "both_wrong")]
    assert sum(counts) == compared["n"] == compared["first"]["n"] == compared["second"]["n"]
    assert 0 < test["p"] <= 1


def test_a_run_and_its_own_file_cannot_be_told_apart(on_finished, finished_run):
    outcome = on_finished("evaluate", "latest", "--against", finished_run.served_model, "--json").json
    assert outcome["mcnemar"]["only_first"] == outcome["mcnemar"]["only_second"] == 0
    assert outcome["mcnemar"]["p"] == 1


def test_two_models_are_compared_on_a_labelled_folder(on_finished, finished_run, smears):
    outcome = on_finished("evaluate", "latest", "--against", finished_run.served_model, "--data", smears, "--json").json
    assert outcome["n"] == 64
    (note,) = outcome["notes"]  # the two are one file
    assert note.startswith(f"{finished_run.served_model}: ")
    assert "images are ones that the model was trained on" in note


def test_the_other_model_is_scored_on_the_part_of_the_first_ones_run(on_finished, finished_run, smears, tmp_path):
    digests = tuple(finished_run.split.table["sha256"].str[:16])
    release(finished_run, tmp_path / "seen.onnx", split_digests={"train": digests})
    asked = ("evaluate", "latest", "--against", tmp_path / "seen.onnx", "--data", smears, "--split", "test", "--json")
    outcome, tested = on_finished(*asked).json, len(finished_run.split.rows("test"))
    assert outcome["n"] == tested
    (note,) = (each for each in outcome["notes"] if each.startswith(f"{tmp_path}"))
    assert note.endswith(f"{tested} of {tested} images are ones that the model was trained on")


def test_tables_show_both_scores_and_say_in_words_what_the_test_says(on_finished, other, compared):
    outcome = on_finished("evaluate", "latest", "--against", other.folder)
    lines = {line.split()[0]: line.split() for line in outcome.out.splitlines() if line}
    of_accuracy = [compared[part]["accuracy"] for part in ("first", "second")]
    assert lines["accuracy"][1:3] == [f"{100 * value:.2f}" for value in of_accuracy]
    assert f"They {'can' if compared['mcnemar']['p_over_groups'] < 0.05 else 'cannot'} be told apart" in outcome.out
    assert (outcome.code, outcome.err) == (0, "")


def test_models_that_share_no_image_are_refused_in_one_line(on_finished, other):
    path = other.folder / "predictions.parquet"
    table = pd.read_parquet(path)
    table.assign(sha256=table["sha256"].str[::-1]).to_parquet(path)
    outcome = on_finished("evaluate", "latest", "--against", other.folder)
    assert outcome.code == 2
    assert "share no image" in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_a_prevalence_which_a_comparison_would_not_use_is_refused(on_finished, other):
    outcome = on_finished("evaluate", "latest", "--against", other.folder, "--prevalence", "10")
    assert (outcome.code, outcome.out) == (2, "")
    assert "--prevalence is for the scores of one model" in outcome.err
