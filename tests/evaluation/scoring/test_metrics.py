"""Each metric against a second implementation: scikit-learn where it has one, a plain loop where it has not."""

import functools
import inspect
import itertools

import numpy as np
import pytest
import sklearn.metrics as reference

from allcore.evaluation.scoring import metrics

KINDS = ("continuous", "tied", "perfect", "never predicted", "class without images", "class absent")
SIZES = ((0, 40, 3), (1, 326, 4), (2, 75, 6), (3, 60, 2))
CASE = ("kind", "seed", "n", "n_classes")


def every_case(claim):
    """Test a claim on every kind of predictions in every size; a failure says which."""

    @functools.wraps(claim)
    def test(**others):
        for kind, (seed, n, n_classes) in itertools.product(KINDS, SIZES):
            try:
                claim(kind, seed, n, n_classes, **others)
            except Exception as failure:
                failure.add_note(f"predictions: {kind}, seed {seed}, {n} images of {n_classes} classes")
                raise

    signature = inspect.signature(claim)
    test.__signature__ = signature.replace(
        parameters=[each for name, each in signature.parameters.items() if name not in CASE]
    )
    return test


def auroc(*arrays):
    return metrics.ranking_areas(*arrays).auroc


def average_precision(*arrays):
    return metrics.ranking_areas(*arrays).average_precision


PROBABILITY_METRICS = [
    auroc,
    average_precision,
    metrics.expected_calibration_error,
    metrics.brier_score,
    metrics.log_loss,
]


def predictions(kind, seed, n, n_classes):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % n_classes)
    if kind in ("class without images", "class absent"):
        labels = np.where(labels == n_classes - 1, 0, labels)
    probabilities = rng.dirichlet(np.full(n_classes, 0.7), n) + 0.6 * np.eye(n_classes)[labels]
    if kind == "tied":
        probabilities = np.round(probabilities * 4) + 0.25
    if kind == "perfect":
        probabilities += np.eye(n_classes)[labels]
    if kind in ("never predicted", "class absent"):
        probabilities[:, -1] *= 1e-6
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True)


def matrix_of(labels, probabilities):
    return metrics.confusion_matrix(labels, probabilities.argmax(axis=1), probabilities.shape[1])


@every_case
def test_confusion_matrix_has_true_classes_as_rows(kind, seed, n, n_classes):
    labels, p = predictions(kind, seed, n, n_classes)
    expected = reference.confusion_matrix(labels, p.argmax(axis=1), labels=range(n_classes))
    np.testing.assert_array_equal(matrix_of(labels, p), expected)


@every_case
def test_accuracy_agrees_with_scikit_learn(kind, seed, n, n_classes):
    labels, p = predictions(kind, seed, n, n_classes)
    assert metrics.accuracy(matrix_of(labels, p)) == pytest.approx(reference.accuracy_score(labels, p.argmax(axis=1)))


@every_case
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true", "ignore:A single label was found")
def test_balanced_accuracy_agrees_with_scikit_learn(kind, seed, n, n_classes):
    labels, p = predictions(kind, seed, n, n_classes)
    expected = reference.balanced_accuracy_score(labels, p.argmax(axis=1))
    assert metrics.balanced_accuracy(matrix_of(labels, p)) == pytest.approx(expected)


@every_case
@pytest.mark.filterwarnings("ignore:A single label was found")
def test_mcc_agrees_with_scikit_learn(kind, seed, n, n_classes):
    labels, p = predictions(kind, seed, n, n_classes)
    expected = reference.matthews_corrcoef(labels, p.argmax(axis=1))  # 0 where it is not defined
    assert np.nan_to_num(metrics.mcc(matrix_of(labels, p))) == pytest.approx(expected)


@every_case
def test_per_class_metrics_agree_with_scikit_learn(kind, seed, n, n_classes):
    labels, p = predictions(kind, seed, n, n_classes)
    matrix = matrix_of(labels, p)
    precision, recall, f1, support = reference.precision_recall_fscore_support(
        labels, p.argmax(axis=1), labels=range(n_classes), zero_division=0
    )
    absent = matrix.sum(axis=0) + matrix.sum(axis=1) == 0
    np.testing.assert_allclose(metrics.precision(matrix), np.where(absent, np.nan, precision))
    np.testing.assert_allclose(metrics.recall(matrix), np.where(support == 0, np.nan, recall))
    np.testing.assert_allclose(metrics.f1(matrix), np.where(absent, np.nan, f1))


@every_case
def test_recall_without_images_is_left_out_like_scikit_learns_nan(kind, seed, n, n_classes):
    labels, p = predictions(kind, seed, n, n_classes)
    matrix = matrix_of(labels, p)
    expected = reference.recall_score(labels, p.argmax(axis=1), average="macro", zero_division=np.nan)
    assert metrics.macro_average(metrics.recall(matrix), matrix) == pytest.approx(expected)


@every_case
@pytest.mark.parametrize(
    ("average", "name"),
    [("macro", "precision"), ("macro", "f1"), *(("weighted", n) for n in ("precision", "recall", "f1"))],
)
def test_averages_over_classes_agree_with_scikit_learn(kind, seed, n, n_classes, average, name):
    labels, p = predictions(kind, seed, n, n_classes)
    matrix = matrix_of(labels, p)
    expected = getattr(reference, f"{name}_score")(labels, p.argmax(axis=1), average=average, zero_division=0)
    assert getattr(metrics, f"{average}_average")(getattr(metrics, name)(matrix), matrix) == pytest.approx(expected)


@every_case
def test_specificity_and_npv_are_recall_and_precision_of_the_rest(kind, seed, n, n_classes):
    labels, p = predictions(kind, seed, n, n_classes)
    matrix, predicted = matrix_of(labels, p), p.argmax(axis=1)
    for index in range(n_classes):
        rest = {"y_true": labels != index, "y_pred": predicted != index, "zero_division": np.nan}
        assert metrics.specificity(matrix)[index] == pytest.approx(reference.recall_score(**rest), nan_ok=True)
        assert metrics.npv(matrix)[index] == pytest.approx(reference.precision_score(**rest), nan_ok=True)


def test_specificity_and_npv_are_undefined_when_one_class_is_all_there_is():
    matrix = np.array([[5, 0], [0, 0]])
    assert np.isnan(metrics.specificity(matrix)[0])
    assert np.isnan(metrics.npv(matrix)[0])
    assert np.isnan(metrics.macro_average(metrics.specificity(matrix), matrix))


@pytest.mark.parametrize("matrix", [[[5, 0], [3, 0]], [[5, 3], [0, 0]], [[5, 0], [0, 0]]])
def test_mcc_is_undefined_when_there_is_or_is_predicted_one_class_alone(matrix):
    assert np.isnan(metrics.mcc(np.array(matrix)))


@every_case
def test_auroc_agrees_with_scikit_learn_class_by_class(kind, seed, n, n_classes):
    labels, p = predictions(kind, seed, n, n_classes)
    ours = auroc(labels, p)
    for index in range(n_classes):
        if 0 < (labels == index).sum() < n:
            assert ours[index] == pytest.approx(reference.roc_auc_score(labels == index, p[:, index]))
        else:
            assert np.isnan(ours[index])


@pytest.mark.parametrize("kind", ["continuous", "tied", "perfect", "never predicted"])
def test_macro_auroc_agrees_with_scikit_learn_one_vs_rest(kind):
    labels, p = predictions(kind, 5, 200, 4)
    expected = reference.roc_auc_score(labels, p, multi_class="ovr")
    assert metrics.macro_average(auroc(labels, p), matrix_of(labels, p)) == pytest.approx(expected)


@every_case
def test_average_precision_agrees_with_scikit_learn_class_by_class(kind, seed, n, n_classes):
    labels, p = predictions(kind, seed, n, n_classes)
    ours = average_precision(labels, p)
    for index in range(n_classes):
        if (labels == index).any():
            assert ours[index] == pytest.approx(reference.average_precision_score(labels == index, p[:, index]))
        else:
            assert np.isnan(ours[index])


def test_a_constant_probability_ranks_like_a_coin():
    labels = np.arange(40) % 2
    np.testing.assert_allclose(auroc(labels, np.full((40, 2), 0.5)), 0.5)


@every_case
def test_log_loss_agrees_with_scikit_learn(kind, seed, n, n_classes):
    labels, p = predictions(kind, seed, n, n_classes)
    assert metrics.log_loss(labels, p) == pytest.approx(reference.log_loss(labels, p, labels=range(n_classes)))


def test_log_loss_of_an_impossible_label_is_finite():
    labels, p = np.array([1, 0]), np.array([[1.0, 0.0], [1.0, 0.0]])
    assert metrics.log_loss(labels, p) == pytest.approx(reference.log_loss(labels, p))


@every_case
def test_brier_score_agrees_with_scikit_learn(kind, seed, n, n_classes):
    labels, p = predictions(kind, seed, n, n_classes)
    expected = reference.brier_score_loss(labels, p, labels=list(range(n_classes)), scale_by_half=False)
    assert metrics.brier_score(labels, p) == pytest.approx(expected)


def loop_over_bins(labels, p, n_bins=15):
    edges = np.linspace(0, 1, n_bins + 1)
    top, correct = p.max(axis=1), p.argmax(axis=1) == labels
    for low, high in itertools.pairwise(edges):
        inside = (top > low) & (top <= high)
        yield inside.sum(), top[inside], correct[inside]


@every_case
def test_expected_calibration_error_agrees_with_a_loop_over_bins(kind, seed, n, n_classes):
    labels, p = predictions(kind, seed, n, n_classes)
    expected = sum(
        count / n * abs(right.mean() - top.mean()) for count, top, right in loop_over_bins(labels, p) if count
    )
    assert metrics.expected_calibration_error(labels, p) == pytest.approx(expected)


@every_case
def test_reliability_bins_agree_with_a_loop_over_bins(kind, seed, n, n_classes):
    labels, p = predictions(kind, seed, n, n_classes)
    bins = metrics.reliability_bins(labels, p)
    for index, (count, top, right) in enumerate(loop_over_bins(labels, p)):
        assert bins.counts[index] == count
        assert bins.confidence[index] == pytest.approx(top.mean() if count else np.nan, nan_ok=True)
        assert bins.accuracy[index] == pytest.approx(right.mean() if count else np.nan, nan_ok=True)


def test_a_probability_on_an_edge_belongs_to_the_bin_below():
    bins = metrics.reliability_bins(np.array([0]), np.array([[0.8, 0.2]]), n_bins=5)
    np.testing.assert_array_equal(bins.counts, [0, 0, 0, 1, 0])


@every_case
@pytest.mark.parametrize("metric", PROBABILITY_METRICS)
def test_multiplicities_count_like_repeated_rows(kind, seed, n, n_classes, metric):
    labels, p = predictions(kind, seed, n, n_classes)
    multiplicity = np.random.default_rng(seed).integers(0, 4, size=(3, n))
    repeated = [metric(np.repeat(labels, row), np.repeat(p, row, axis=0)) for row in multiplicity]
    np.testing.assert_allclose(metric(labels, p, multiplicity), repeated)


@every_case
def test_multiplicities_fill_the_confusion_matrix_like_repeated_rows(kind, seed, n, n_classes):
    labels, p = predictions(kind, seed, n, n_classes)
    multiplicity = np.random.default_rng(seed).integers(0, 4, size=(3, n))
    repeated = [matrix_of(np.repeat(labels, row), np.repeat(p, row, axis=0)) for row in multiplicity]
    batched = metrics.confusion_matrix(labels, p.argmax(axis=1), n_classes, multiplicity)
    np.testing.assert_array_equal(batched, repeated)


@pytest.mark.parametrize("metric", PROBABILITY_METRICS)
def test_one_row_of_multiplicities_needs_no_batch_axis(metric):
    labels, p = predictions("tied", 7, 50, 3)
    multiplicity = np.random.default_rng(7).integers(0, 4, size=50)
    np.testing.assert_allclose(metric(labels, p, multiplicity), metric(labels, p, multiplicity[None])[0])


@pytest.mark.parametrize(
    "metric",
    [
        *(metrics.accuracy, metrics.balanced_accuracy, metrics.mcc),
        *(metrics.precision, metrics.recall, metrics.specificity, metrics.npv, metrics.f1),
        lambda matrix: metrics.macro_average(metrics.precision(matrix), matrix),
        lambda matrix: metrics.weighted_average(metrics.precision(matrix), matrix),
    ],
)
def test_a_stack_of_matrices_gives_what_each_gives_alone(metric):
    stack = np.random.default_rng(0).integers(0, 3, size=(5, 7, 3, 3))
    alone = [[metric(matrix) for matrix in row] for row in stack]
    np.testing.assert_allclose(metric(stack), alone)
