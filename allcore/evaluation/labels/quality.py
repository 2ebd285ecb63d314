"""Which labels contradict probabilities that were predicted without knowing them.

Confident learning: Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels",
Journal of Artificial Intelligence Research 70.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from allcore.arrays import FloatArray, IntArray

_FOLDS = 5


@dataclass(frozen=True)
class LabelQuality:
    """What probabilities say of each label, arrays of shape (N,).

    `suggestion` is the class number that is suggested instead. `margin` is (1 + p(label) − p(best other class)) / 2,
    from 0 to 1: below a half, another class is more probable. `suspicious` tells whether the suggestion, and not the
    label, is the most probable of the classes that reach their threshold.
    """

    suggestion: IntArray
    margin: FloatArray
    suspicious: npt.NDArray[np.bool_]


def class_thresholds(labels: IntArray, probabilities: FloatArray) -> FloatArray:
    """Return the self-confidence of each class (C,): the mean probability of a class over the images so labelled.

    `labels` (N,) are class numbers, `probabilities` (N, C). A class without images gets infinity, which none reaches.
    """
    members = np.bincount(labels, minlength=probabilities.shape[1])
    own = probabilities[np.arange(len(labels)), labels]
    sums = np.bincount(labels, weights=own, minlength=probabilities.shape[1])
    return np.where(members > 0, sums / np.maximum(members, 1), np.inf)


def label_quality(labels: IntArray, probabilities: FloatArray) -> LabelQuality:
    """Judge every label (N,) by probabilities (N, C) that were predicted by what was not fitted to that label.

    A label is suspicious when the image is counted off the diagonal of the confident joint (equation 1 of the paper):
    among the classes whose probability reaches their threshold, the most probable is another one. That class is then
    suggested, and otherwise the most probable other class.
    """
    rows = np.arange(len(labels))
    own = probabilities[rows, labels]
    others = probabilities.copy()
    others[rows, labels] = -np.inf
    reached = np.where(probabilities >= class_thresholds(labels, probabilities), probabilities, -np.inf)
    suspicious = reached.max(axis=1) > reached[rows, labels]
    return LabelQuality(
        suggestion=np.where(suspicious, reached.argmax(axis=1), others.argmax(axis=1)),
        margin=(1 + own - others.max(axis=1)) / 2,
        suspicious=suspicious,
    )


def cross_validated_probabilities(features: FloatArray, labels: IntArray, groups: npt.ArrayLike) -> FloatArray:
    """Return probabilities (N, C) for every image by classifiers that saw neither the image nor its group.

    A quadratic logistic regression of `features` (N, F) is fitted once for each of at most five parts of the images;
    `groups` (N,) stay together, and `labels` (N,) number the classes from 0. Rows are nan where no image of some class
    is left to fit to; all rows are where there is only one class, one group, or one image of each class.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    group_of_image = np.unique(np.asarray(groups), return_inverse=True)[1]
    classes = int(labels.max()) + 1
    probabilities = np.full((len(labels), classes), np.nan)
    groups_of_class = [len(np.unique(group_of_image[labels == number])) for number in range(classes)]
    if classes < 2 or len(np.unique(group_of_image)) < 2 or np.bincount(labels).max() < 2:
        return probabilities
    parts = StratifiedGroupKFold(max(2, min(_FOLDS, *groups_of_class)), shuffle=True, random_state=0)
    for fitted, held_out in parts.split(features, labels, group_of_image):
        if len(np.unique(labels[fitted])) == classes:
            quadratic = (StandardScaler(), PolynomialFeatures(2, include_bias=False), StandardScaler())
            classifier = make_pipeline(*quadratic, LogisticRegression(max_iter=1_000))
            probabilities[held_out] = classifier.fit(features[fitted], labels[fitted]).predict_proba(features[held_out])
    return probabilities
