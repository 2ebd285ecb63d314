"""Results of many images as one table."""

import io

import numpy as np
import pandas as pd

from allcore.errors import ImageError
from allcore.inference.predictor import Prediction
from allcore.inference.results import Result, answer_columns, folder_table, results_table
from tests.inference.conftest import toy_metadata


def prediction(probability, novelty, novel):
    return Prediction(
        label="Pro" if probability > 0.5 else "Benign",
        probabilities=np.array([1 - probability, probability], np.float32),
        evidence=np.zeros((2, 2, 2), np.float32),
        features=np.zeros(3, np.float32),
        novelty=novelty,
        novel=novel,
        feature_distance=novelty,
        colour_distance=novelty,
    )


RESULTS = [
    Result("a.jpg", "a" * 64, prediction(0.75, 1.1, False)),
    Result("b.jpg", "c" * 64, ImageError("empty file")),
    Result("c, d.jpg", "b" * 64, prediction(0.25, 2.5, True)),
]


def test_each_result_is_a_row_in_order():
    table = results_table(RESULTS, toy_metadata())
    assert list(table["path"]) == ["a.jpg", "b.jpg", "c, d.jpg"]
    assert list(table["label"]) == ["Pro", "", "Benign"]
    assert list(table["error"]) == ["", "empty file", ""]


def test_columns_are_those_of_the_classes_whatever_failed():
    expected = [
        *("path", "label", "probability_Benign", "probability_Pro", "novelty", "novel", "split", "error"),
    ]
    assert list(results_table(RESULTS, toy_metadata()).columns) == expected
    assert list(results_table(RESULTS[1:2], toy_metadata()).columns) == expected


def test_split_is_that_in_which_the_run_had_the_file():
    assert list(results_table(RESULTS, toy_metadata())["split"]) == ["train", "", "test"]


def test_a_copy_in_two_parts_of_the_run_is_a_training_image_in_either_table():
    copied = toy_metadata(split_digests={"train": ("a" * 16,), "validation": (), "test": ("b" * 16, "a" * 16)})
    images = pd.DataFrame({"path": ["a.jpg", "b.jpg"], "sha256": ["a" * 64, "b" * 64], "problem": ""})
    said = pd.DataFrame(
        {"probability_Benign": [0.9, 0.2], "probability_Pro": [0.1, 0.8], "novelty": 1.0, "novel": False}
    )
    assert list(folder_table(images, said, copied)["split"]) == ["train", "test"]
    assert list(results_table(RESULTS, copied)["split"]) == ["train", "", "test"]


def test_a_folder_s_table_is_that_of_its_results_with_the_labels_beside():
    images = pd.DataFrame(
        {
            "path": [result.name for result in RESULTS],
            "sha256": [result.sha256 for result in RESULTS],
            "problem": ["", "empty file", ""],
            "label": ["Pro", "Pro", "Early"],  # a class that the model does not know
        },
        index=[4, 2, 7],
    )
    said = pd.DataFrame([[0.25, 0.75, 1.1, False], [0.75, 0.25, 2.5, True]], [4, 7], answer_columns(["Benign", "Pro"]))
    table = folder_table(images, said, toy_metadata())
    assert list(table.index) == [4, 2, 7]
    assert list(table.columns)[:4] == ["path", "true", "label", "correct"]
    assert list(table["correct"].astype(object).where(table["correct"].notna(), "unknown")) == [
        True,
        "unknown",
        "unknown",
    ]
    alone = table.drop(columns=["true", "correct"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, results_table(RESULTS, toy_metadata()))


def test_csv_reads_back_as_it_was():
    table = results_table(RESULTS, toy_metadata())
    again = pd.read_csv(io.StringIO(table.to_csv(index=False)), keep_default_na=False, na_values={"novelty": [""]})
    assert list(again["path"]) == list(table["path"])
    assert list(again["novel"]) == ["False", "", "True"]
    assert again["novelty"][2] == 2.5
