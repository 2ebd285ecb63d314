import numpy as np
import pandas as pd
import pytest

from allcore.evaluation.predictions.error_groups import errors_by, images_of
from allcore.evaluation.predictions.mistakes import mistakes


def predictions(rows):
    table = pd.DataFrame(rows, columns=["label", "predicted", "group", "stain"])
    table["path"] = [f"{number:03d}.jpg" for number in range(len(table))]
    return table.assign(confidence=0.9)


@pytest.fixture
def one_bad_field():
    """Nine mistakes, seven of them in one field of eight images."""
    return predictions(
        [("Early", "Pre", "g1", "Early-0")] * 5
        + [("Early", "Pro", "g1", "Early-0")] * 2
        + [("Early", "Early", "g1", "Early-0")]
        + [("Benign", "Pre", "g2", "Benign-2"), ("Benign", "Benign", "g3", "Benign-2")]
        + [("Pro", "Pre", "g4", "Pro-1"), ("Pro", "Pro", "g5", "Pro-2")]
    )


def test_field_with_most_mistakes_comes_first_with_what_it_was_called(one_bad_field):
    errors = errors_by(one_bad_field, "group")
    assert errors.loc[0].to_dict() == {
        "group": "g1", "label": "Early", "images": 8, "wrong": 7, "share": 7 / 8, "predicted": "Pre 5, Pro 2",
    }  # fmt: skip
    assert set(errors["group"]) == {"g1", "g2", "g4"}


def test_stain_counts_its_right_images_too(one_bad_field):
    errors = errors_by(one_bad_field, "stain").set_index("stain")
    assert tuple(errors.loc["Benign-2", ["images", "wrong"]]) == (2, 1)
    assert "Pro-2" not in errors.index


@pytest.mark.parametrize("kind", ["group", "stain"])
@pytest.mark.parametrize("seed", range(3))
def test_mistakes_of_all_groups_are_all_mistakes(kind, seed):
    rng = np.random.default_rng(seed)
    table = predictions(list(zip(*(rng.choice(["a", "b", "c", ""], (4, 100))), strict=True)))
    errors = errors_by(table, kind)
    assert errors["wrong"].sum() == len(mistakes(table))
    assert (errors["wrong"] <= errors["images"]).all()
    assert list(errors["wrong"]) == sorted(errors["wrong"], reverse=True)


@pytest.mark.parametrize("unknown", ["", None, "absent"])
def test_images_of_unknown_stain_are_gathered_under_no_name(one_bad_field, unknown):
    table = one_bad_field.drop(columns="stain") if unknown == "absent" else one_bad_field.assign(stain=unknown)
    errors = errors_by(table, "stain")
    assert errors[["stain", "images", "wrong"]].to_numpy().tolist() == [["", 12, 9]]
    assert errors["label"][0] == "Benign, Early, Pro"


def test_without_a_mistake_there_is_no_row(one_bad_field):
    errors = errors_by(one_bad_field.assign(predicted=one_bad_field["label"]), "group")
    assert errors.empty
    assert list(errors.columns) == ["group", "label", "images", "wrong", "share", "predicted"]


def test_images_of_a_field_are_all_it_has_the_mistakes_first(one_bad_field):
    table = one_bad_field.assign(confidence=np.linspace(0.5, 1, len(one_bad_field))).sample(frac=1, random_state=0)
    images = images_of(table, "group", "g1")
    assert list(images["path"]) == [f"{number:03d}.jpg" for number in (6, 5, 4, 3, 2, 1, 0, 7)]
    assert list(images.columns) == list(table.columns)


def test_images_of_unknown_stain_can_be_looked_at(one_bad_field):
    assert len(images_of(one_bad_field.drop(columns="stain"), "stain", "")) == 12
