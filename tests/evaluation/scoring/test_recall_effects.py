"""How far scores move with one class's recall: to their limits, where no image is called of a class any more."""

import numpy as np
import pytest

from allcore.evaluation.scoring.recall_effects import recall_effects
from allcore.evaluation.scoring.scores import LABEL_METRICS, score

RARE_OF_TWO, RARE_OF_THREE = [[100, 0], [2, 1]], [[100, 0, 0], [0, 100, 0], [2, 0, 1]]


@pytest.mark.parametrize("matrix", [RARE_OF_TWO, RARE_OF_THREE])
@pytest.mark.parametrize("to", [0, 1])
@pytest.mark.parametrize("metric", LABEL_METRICS)
def test_a_recall_that_goes_to_its_end_moves_scores_no_otherwise_than_nearly_to_it(matrix, to, metric):
    for label in range(len(matrix)):
        recall = matrix[label][label] / sum(matrix[label])
        nearly, wholly = (
            recall_effects(np.array(matrix), (recall - to) * share * np.eye(len(matrix))[label], (metric,))[metric]
            for share in (1 - 1e-6, 1)
        )
        assert wholly == pytest.approx(nearly, abs=0.002)


def test_the_mcc_is_lost_with_the_recall_of_the_other_class():
    found = recall_effects(np.array(RARE_OF_TWO), np.array([0, 1 / 3]), ("mcc",))["mcc"]
    assert found == pytest.approx([0, 0.572], abs=0.001)


def test_a_class_that_is_no_longer_found_is_not_one_of_which_false_images_are_called():
    found = recall_effects(np.array(RARE_OF_THREE), np.array([0, 0, 1 / 3]), ("precision_macro",))["precision_macro"]
    assert 0 < found[2] < 0.01


def test_an_mcc_is_no_more_certain_with_copies_of_the_images_that_decide_it():
    labels, said = ["A"] * 100 + ["B"] * 6, [0] * 100 + [1] * 2 + [0] * 4
    copied = score(labels, np.eye(2)[said], ("A", "B"), [*range(100), *np.repeat([100, 101, 102], 2)])
    once = score(labels[:103], np.eye(2)[[*said[:100], 1, 0, 0]], ("A", "B"))
    assert copied.intervals["mcc"][0] <= once.intervals["mcc"][0]
