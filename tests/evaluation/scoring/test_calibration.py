import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

from allcore.evaluation.scoring.calibration import reliability_diagram
from allcore.evaluation.scoring.intervals import wilson
from allcore.evaluation.scoring.metrics import expected_calibration_error, log_loss
from allcore.inference.temperature import apply_temperature, fit_temperature


def simulated(temperature, seed=0, n=6000, n_classes=4):
    """Labels drawn from softmax(z), probabilities of a network whose logits are `temperature` times z."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=2, size=(n, n_classes))
    labels = (softmax(logits, axis=1).cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=n_classes - 1)
    return softmax(temperature * logits, axis=1), labels


def separated(n, confidence):
    """Every image right, with the given top probability on average and some spread."""
    labels = np.arange(n) % 3
    top = confidence + np.linspace(-0.04, 0.04, n)
    p = np.repeat(((1 - top) / 2)[:, None], 3, axis=1)
    p[np.arange(n), labels] = top
    return p, labels


@pytest.mark.parametrize("temperature", [0.3, 0.7, 1.0, 1.8, 5.0])
def test_a_known_temperature_is_recovered(temperature):
    assert fit_temperature(*simulated(temperature)) == pytest.approx(temperature, rel=0.05)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_temperature_of_two_classes_agrees_with_a_logistic_regression(temperature):
    p, labels = simulated(temperature, n=2000, n_classes=2)
    logits = np.log(p[:, 1] / p[:, 0])[:, None]
    regression = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10).fit(logits, labels)
    assert fit_temperature(p, labels) == pytest.approx(1 / regression.coef_[0, 0], rel=1e-4)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_temperature_of_many_classes_agrees_with_a_search_over_a_grid(temperature):
    p, labels = simulated(temperature, n=1000)
    grid = temperature * np.linspace(0.8, 1.25, 451)
    losses = [-np.log(softmax(np.log(p) / t, axis=1)[np.arange(1000), labels]).mean() for t in grid]
    assert fit_temperature(p, labels) == pytest.approx(grid[np.argmin(losses)], rel=2e-3)


@pytest.mark.parametrize("seed", range(20))
def test_log_loss_is_never_above_that_of_temperature_one(seed):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(3, rng.choice([0.05, 0.5, 5])), size=rng.integers(1, 40))
    labels = np.where(rng.random(len(p)) < rng.random(), p.argmax(axis=1), rng.integers(3, size=len(p)))
    fitted = apply_temperature(p, fit_temperature(p, labels))
    assert log_loss(labels, fitted) <= log_loss(labels, apply_temperature(p, 1.0)) + 1e-12


def test_temperature_lowers_the_calibration_error_on_new_images():
    temperature = fit_temperature(*simulated(3.0, seed=0))
    p, labels = simulated(3.0, seed=1)
    after = expected_calibration_error(labels, apply_temperature(p, temperature))
    assert after < expected_calibration_error(labels, p) / 3


def test_probabilities_worse_than_chance_stop_at_the_upper_bound():
    p = np.tile([0.98, 0.02], (50, 1))
    assert fit_temperature(p, np.ones(50, dtype=int)) == pytest.approx(20, rel=1e-3)


def test_probabilities_that_say_nothing_keep_temperature_one():
    assert fit_temperature(np.full((30, 3), 1 / 3), np.arange(30) % 3) == 1


def test_images_that_are_all_right_are_not_sharpened_past_what_they_support():
    p, labels = separated(60, confidence=0.7)
    temperature = fit_temperature(p, labels)
    assert 0.05 < temperature < 1
    assert apply_temperature(p, temperature).max(axis=1).mean() == pytest.approx(61 / 62)


def test_images_that_are_all_right_and_surer_than_they_support_stay_as_they_are():
    assert fit_temperature(*separated(10, confidence=0.955)) == 1


def test_a_single_mistake_among_sure_probabilities_softens_them():
    p, labels = separated(50, confidence=0.955)
    labels[0] = (labels[0] + 1) % 3
    p = apply_temperature(p, 0.3)
    assert fit_temperature(p, labels) > 1.5


def test_a_true_class_that_underflowed_to_zero_gives_a_finite_temperature():
    p, labels = simulated(30.0, n=2000)
    p = p.astype(np.float32)
    assert (p[np.arange(len(labels)), labels] == 0).any()
    assert 1 < fit_temperature(p, labels) < 20.001


def test_float32_and_float64_copies_give_the_same_temperature():
    p, labels = simulated(30.0, n=2000)
    p = p.astype(np.float32)
    assert fit_temperature(p, labels) == fit_temperature(p.astype(np.float64), labels)


def test_temperature_divides_the_logits():
    logits = np.random.default_rng(0).normal(scale=3, size=(20, 5))
    np.testing.assert_allclose(apply_temperature(softmax(logits, axis=1), 2.5), softmax(logits / 2.5, axis=1))


def test_temperature_one_changes_nothing():
    p, _ = simulated(1.0, n=100)
    np.testing.assert_allclose(apply_temperature(p, 1.0), p)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_is_kept(dtype):
    assert apply_temperature(np.array([[0.2, 0.8]], dtype=dtype), 2.0).dtype == dtype


@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
def test_a_probability_that_underflowed_to_zero_leaves_a_distribution(temperature):
    p = apply_temperature(np.array([[1, 0, 0], [0.5, 0.5, 0]], dtype=np.float32), temperature)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    assert p[0].argmax() == 0


def test_a_probability_of_zero_counts_as_the_smallest_normal_float32():
    p = apply_temperature(np.array([[1.0, 0.0]]), 20.0)
    assert p[0, 1] / p[0, 0] == pytest.approx(np.finfo(np.float32).tiny ** (1 / 20), rel=1e-6)


def test_the_diagram_counts_every_image_once():
    p, labels = simulated(1.5, n=500)
    assert reliability_diagram(labels, p, np.arange(len(labels))).counts.sum() == 500


def test_calibrated_probabilities_lie_within_the_diagrams_intervals():
    p, labels = simulated(1.0, n=20000)
    diagram = reliability_diagram(labels, p, np.arange(len(labels)), n_bins=10)
    filled = diagram.counts > 0
    inside = (diagram.low <= diagram.confidence) & (diagram.confidence <= diagram.high)
    assert inside[filled].sum() >= filled.sum() - 1


def test_the_diagrams_intervals_are_wilsons():
    p, labels = simulated(2.0, n=300)
    diagram = reliability_diagram(labels, p, np.arange(len(labels)))
    for count, accuracy, low, high in zip(diagram.counts, diagram.accuracy, diagram.low, diagram.high, strict=True):
        if count:
            expected = binomtest(round(count * accuracy), int(count)).proportion_ci(method="wilson")
            assert (low, high) == pytest.approx(tuple(expected), abs=1e-12)
        else:
            assert np.isnan([accuracy, low, high]).all()


def test_images_of_a_group_are_one_trial_of_their_bin():
    p, labels = np.tile([[0.9, 0.1], [0.6, 0.4]], (6, 1)), np.array([0, 0, 0, 1] * 3)
    diagram = reliability_diagram(labels, p, np.repeat(["a", "b", "c"], 4), n_bins=10)
    sure, unsure = 8, 5
    assert (diagram.low[sure], diagram.high[sure]) == pytest.approx(wilson(3, 3))
    assert (diagram.low[unsure], diagram.high[unsure]) == pytest.approx(wilson(1.5, 3))
    assert diagram.counts[[sure, unsure]].tolist() == [6, 6]


def test_each_bins_mean_confidence_lies_between_its_edges():
    p, labels = simulated(2.0, n=300)
    diagram = reliability_diagram(labels, p, np.arange(len(labels)))
    filled = diagram.counts > 0
    assert (diagram.edges[:-1][filled] < diagram.confidence[filled]).all()
    assert (diagram.confidence[filled] <= diagram.edges[1:][filled]).all()
