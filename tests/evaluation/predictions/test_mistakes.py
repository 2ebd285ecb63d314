import numpy as np
import pandas as pd
import pytest

from allcore.evaluation.predictions.mistakes import commonest_mistake, crossed_sides, images_of_cell, mistakes
from allcore.evaluation.scoring.scores import score

CLASSES = ("Benign", "Early", "Pre", "Pro")


@pytest.fixture
def predictions():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "path": [f"image-{number:03d}.jpg" for number in range(200)],
            "label": rng.choice(CLASSES, 200),
            "predicted": rng.choice(CLASSES, 200),
            "confidence": rng.integers(25, 101, 200) / 100,  # ties too
        }
    )


def test_cells_share_all_images_among_them(predictions):
    cells = [images_of_cell(predictions, true, predicted) for true in CLASSES for predicted in CLASSES]
    assert sorted(path for cell in cells for path in cell["path"]) == list(predictions["path"])


def test_cell_has_only_its_own_images(predictions):
    cell = images_of_cell(predictions, "Early", "Pre")
    assert set(zip(cell["label"], cell["predicted"], strict=True)) == {("Early", "Pre")}


def test_cell_that_is_empty_has_no_image(predictions):
    assert images_of_cell(predictions[predictions["label"] != "Pro"], "Pro", "Pre").empty


@pytest.mark.parametrize(
    "choose",
    [mistakes, lambda table: crossed_sides(table, ["Pre"]), lambda table: images_of_cell(table, "Benign", "Pro")],
)
def test_most_confident_come_first_and_ties_by_path(predictions, choose):
    chosen = choose(predictions.sample(frac=1, random_state=1))
    order = list(zip(-chosen["confidence"], chosen["path"], strict=True))
    assert order == sorted(order)


def test_mistakes_are_all_images_off_the_diagonal(predictions):
    assert len(mistakes(predictions)) == (predictions["label"] != predictions["predicted"]).sum()


def test_confusing_two_positive_classes_crosses_no_side(predictions):
    chosen = crossed_sides(predictions, ["Early", "Pre", "Pro"])
    assert len(chosen)
    assert ((chosen["label"] == "Benign") != (chosen["predicted"] == "Benign")).all()


def scores_of(labels, predicted):
    return score(labels, np.eye(4)[[CLASSES.index(name) for name in predicted]], CLASSES, samples=10)


def test_commonest_mistake_is_the_fullest_cell_off_the_diagonal():
    scores = scores_of(["Benign"] * 9 + ["Pre"] * 5, ["Benign"] * 8 + ["Pro"] + ["Early"] * 3 + ["Pre"] * 2)
    assert commonest_mistake(scores) == ("Pre", "Early")


def test_without_mistakes_the_first_class_is_named_twice():
    assert commonest_mistake(scores_of(CLASSES, CLASSES)) == ("Benign", "Benign")
