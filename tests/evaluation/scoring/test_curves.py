import numpy as np
import pytest
import sklearn.metrics as reference

from allcore.evaluation.scoring import metrics
from allcore.evaluation.scoring.curves import precision_recall_curve, roc_curve


def predictions(seed, decimals):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(120) % 3)
    p = rng.dirichlet(np.ones(3), 120) + 0.6 * np.eye(3)[labels]
    return labels, np.round(p / p.sum(axis=1, keepdims=True), decimals)  # few decimals: ties


@pytest.mark.parametrize("decimals", [1, 2, 12])
@pytest.mark.parametrize("index", [0, 1, 2])
class TestAgainstASecondImplementation:
    def test_roc_points(self, index, decimals):
        labels, p = predictions(index, decimals)
        curve = roc_curve(labels, p, index)
        false_alarms, sensitivity, thresholds = reference.roc_curve(
            labels == index, p[:, index], drop_intermediate=False
        )
        np.testing.assert_allclose(curve.x, false_alarms)
        np.testing.assert_allclose(curve.y, sensitivity)
        np.testing.assert_allclose(curve.thresholds, thresholds)

    def test_roc_area_is_the_auroc(self, index, decimals):
        labels, p = predictions(index, decimals)
        curve = roc_curve(labels, p, index)
        np.testing.assert_allclose(np.trapezoid(curve.y, curve.x), metrics.ranking_areas(labels, p).auroc[index])

    def test_precision_recall_points(self, index, decimals):
        labels, p = predictions(index, decimals)
        curve = precision_recall_curve(labels, p, index)
        precision, recall, _ = reference.precision_recall_curve(labels == index, p[:, index])
        np.testing.assert_allclose(curve.x[1:], recall[:-1][::-1])
        np.testing.assert_allclose(curve.y[1:], precision[:-1][::-1])

    def test_area_under_the_steps_is_the_average_precision(self, index, decimals):
        labels, p = predictions(index, decimals)
        curve = precision_recall_curve(labels, p, index)
        area = (np.diff(curve.x) * curve.y[1:]).sum()
        np.testing.assert_allclose(area, metrics.ranking_areas(labels, p).average_precision[index])


def test_class_without_images_has_no_curve():
    labels, p = predictions(0, 12)
    absent = np.where(labels == 2, 0, labels)
    assert len(roc_curve(absent, p, 2).x) == len(precision_recall_curve(absent, p, 2).x) == 0


def test_class_that_all_images_have_has_no_roc_curve():
    _, p = predictions(0, 12)
    assert len(roc_curve(np.zeros(120, int), p, 0).x) == 0
