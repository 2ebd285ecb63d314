import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from allcore.errors import ImageError, RunError
from allcore.evaluation.predictions.evaluate_model import evaluate_run
from allcore.evaluation.predictions.evaluation import Evaluation, twin_notes
from allcore.evaluation.predictions.recorded import RecordedPredictions, recorded_at, recorded_predictions
from allcore.runs.folder.store import Run
from allcore.runs.recorded_images import read_recorded_image
from tests.evaluation.made_predictions import answered


@pytest.fixture
def copied_run(finished_run, tmp_path):
    """A copy without models, to be changed."""
    folder = tmp_path / finished_run.id
    shutil.copytree(finished_run.folder, folder, ignore=shutil.ignore_patterns("*.keras", "*.onnx", "checkpoints"))
    return Run(folder)


@pytest.mark.parametrize("split", ["test", "validation"])
def test_rows_are_the_images_of_the_split(finished_run, split):
    table = finished_run.split.table
    recorded = recorded_predictions(finished_run, split).table
    assert sorted(recorded["path"]) == sorted(table.loc[table["split"] == split, "path"])


def test_scores_are_those_of_the_run(finished_run):
    assert recorded_predictions(finished_run, "test").score() == evaluate_run(finished_run, "test").scores


def test_prediction_is_the_most_probable_class_and_its_probability_the_confidence(finished_run):
    predictions = recorded_predictions(finished_run, "test")
    for row, p in zip(predictions.table.to_dict("records"), predictions.probabilities, strict=True):
        assert row[f"probability_{row['predicted']}"] == row["confidence"] == p.max()
        assert row["correct"] == (row["predicted"] == row["label"])


def test_labels_number_the_classes_in_their_order(finished_run):
    predictions = recorded_predictions(finished_run, "test")
    assert [predictions.classes[number] for number in predictions.labels] == list(predictions.table["label"])


@pytest.mark.parametrize(
    ("twin", "correct", "flatter"),
    [
        ([True, False, False], [True, True, False], True),
        ([True, False, False], [False, True, False], False),
        ([True, True, False, False], [True, False, True, False], False),
        ([False, False], [True, False], False),
        ([True, True], [False, False], True),
    ],
)
def test_twins_flatter_where_the_accuracy_is_lower_without_them_or_there_is_none(twin, correct, flatter):
    assert RecordedPredictions(("A", "B"), pd.DataFrame({"twin": twin, "correct": correct})).twins_flatter == flatter


def test_what_twins_do_to_a_score_is_told_among_the_images_that_are_not_in_train():
    """Eight in train are right, the twin is right, and of two others one."""
    of = answered([0, 1] * 5 + [0], [0, 1] * 5 + [1])
    trained = [True] * 8 + [False] * 3
    table = of.table.assign(twin=[False] * 8 + [True, False, False], trained=trained, correct=[True] * 10 + [False])
    evaluation = Evaluation("model", "folder", RecordedPredictions(of.classes, table))
    assert evaluation.without_twins.n == 2
    assert evaluation.without_twins.accuracy == 0.5
    (said,) = twin_notes(evaluation.predictions, "images", "one of train")
    assert said.startswith("1 of 3 images that are not in train share a group with one of train; ")
    assert said.endswith("among these, the score looks better than it is")


def test_image_that_shares_a_group_with_train_is_a_twin_and_left_out_without_twins(copied_run):
    table = copied_run.split.table.copy()
    a_test_path = table.loc[table["split"] == "test", "path"].iloc[0]
    table.loc[table["path"] == a_test_path, "group"] = table.loc[table["split"] == "train", "group"].iloc[0]
    table.to_csv(copied_run.folder / "split.csv", index=False)
    before = recorded_predictions(copied_run, "test")
    changed = recorded_predictions(Run(copied_run.folder), "test")
    assert list(changed.table.loc[changed.table["twin"], "path"]) == [
        a_test_path,
        *before.table.loc[before.table["twin"] & (before.table["path"] != a_test_path), "path"],
    ]
    assert set(changed.without_twins().table["path"]) == set(changed.table["path"]) - set(
        changed.table.loc[changed.table["twin"], "path"]
    )


def test_predictions_without_a_class_are_damaged(copied_run):
    path = copied_run.folder / "predictions.parquet"
    pd.read_parquet(path).drop(columns="probability_Pro").to_parquet(path)
    with pytest.raises(RunError, match="probability_Pro"):
        recorded_predictions(copied_run, "test")


def test_time_of_writing_changes_with_the_file_and_is_zero_without(copied_run):
    path = copied_run.folder / "predictions.parquet"
    assert recorded_at(copied_run) == path.stat().st_mtime_ns
    path.unlink()
    assert recorded_at(copied_run) == 0


def test_recorded_image_is_read_whole(finished_run):
    row = finished_run.split.table.iloc[0]
    path = Path(finished_run.config.dataset) / row["path"]
    assert read_recorded_image(path, row["sha256"]) == path.read_bytes()


@pytest.mark.parametrize(("content", "reason"), [(b"other", "changed"), (None, "cannot be read")])
def test_image_that_changed_or_is_gone_is_refused(tmp_path, content, reason):
    path = tmp_path / "smear.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ImageError, match=reason):
        read_recorded_image(path, "0" * 64)


def test_probabilities_are_rows_of_distributions(finished_run):
    probabilities = recorded_predictions(finished_run, "validation").probabilities
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)
