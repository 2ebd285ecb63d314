"""Positive against negative classes, beside scikit-learn's and SciPy's reading of the same two sides."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.metrics import recall_score

from allcore.errors import InputError
from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.evaluation.predictions.two_sides import two_sides

CLASSES = ("Benign", "Early", "Pre", "Pro")


def predictions(labels, predicted):
    probabilities = np.where(np.arange(4) == np.array(predicted)[:, None], 0.4, 0.2)
    table = pd.DataFrame({"label": [CLASSES[label] for label in labels], "group": range(len(labels))})
    columns = {f"probability_{name}": of for name, of in zip(CLASSES, probabilities.T, strict=True)}
    return RecordedPredictions(CLASSES, table.assign(**columns))


def test_an_image_is_found_whichever_class_of_its_side_is_named():
    both = two_sides(predictions([0] * 4 + [1] * 3 + [3] * 3, [0, 0, 2, 1, 2, 2, 0, 3, 3, 1]), ["Early", "Pre", "Pro"])
    assert (both.sensitivity.right, both.specificity.right) == pytest.approx((5 / 6, 1 / 2))
    assert (both.sensitivity.images, both.specificity.images) == (6, 4)
    assert both.sensitivity.interval == pytest.approx(tuple(binomtest(5, 6).proportion_ci(method="wilson")))


@pytest.mark.parametrize("positive", [["Pro"], ["Early", "Pre"], ["Benign", "Pro"]])
def test_any_classes_may_be_the_positive_ones(positive):
    labels, predicted = np.random.default_rng(0).integers(0, 4, (2, 200))
    both = two_sides(predictions(labels, predicted), positive)
    true, called = (np.isin(np.array(CLASSES)[numbers], positive) for numbers in (labels, predicted))
    assert both.sensitivity.right == pytest.approx(recall_score(true, called))
    assert both.specificity.right == pytest.approx(recall_score(~true, ~called))


def test_a_side_without_images_has_no_score():
    both = two_sides(predictions([1, 2], [1, 2]), ["Early", "Pre", "Pro"])
    assert (both.sensitivity.right, both.specificity.right, both.specificity.images) == (1.0, None, 0)


def test_no_image_is_refused():
    with pytest.raises(InputError, match="no image to score"):
        two_sides(predictions(np.array([], int), np.array([], int)), ["Pro"])
