"""What a model said of many images is one sentence, on pages and in a terminal."""

import pytest

from allcore.reporting.answers import answers_in_words


@pytest.mark.parametrize(
    ("labels", "novel", "lacking", "said"),
    [
        (["Pro"] * 1200 + ["Early"], 0, 0, "1 Early, 1,200 Pro"),
        (["c10", "c2"], 1, 0, "1 c2, 1 c10, 1 of them not like the images this model knows"),
        (["Pro", "Pro"], 0, 3, "2 Pro, 3 not predicted"),
    ],
)
def test_classes_novel_images_and_those_not_predicted_are_counted(labels, novel, lacking, said):
    assert answers_in_words(labels, novel, lacking) == said


def test_names_of_classes_are_made_fit_for_the_place():
    assert answers_in_words(["a*b"], 0, 0, lambda name: name.replace("*", "?")) == "1 a?b"
