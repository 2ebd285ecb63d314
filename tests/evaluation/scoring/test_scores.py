import json

import numpy as np
import pytest
import sklearn.metrics as reference

from allcore.errors import InputError
from allcore.evaluation.scoring.intervals import bootstrap_multiplicities
from allcore.evaluation.scoring.scores import Scores, score
from tests.evaluation.scoring.drawn import CLASSES, PER_CLASS, SCALARS, copies, predictions, width, wilson_of


def test_json_has_the_promised_keys_in_order():
    result = score(*predictions(), CLASSES, samples=50).to_json()
    tail = ["intervals", "interval_method", "per_class", "confusion_matrix", "classes"]
    assert list(result) == ["n", *SCALARS, *tail]
    assert list(result["intervals"]) == SCALARS
    assert list(result["per_class"]) == CLASSES
    for of_class in result["per_class"].values():
        assert list(of_class) == ["support", *PER_CLASS, "intervals"]
        assert list(of_class["intervals"]) == PER_CLASS


def test_json_reads_back_as_the_same_scores():
    scores = score(*predictions(), CLASSES, samples=50)
    assert Scores.model_validate(json.loads(json.dumps(scores.to_json(), allow_nan=False))) == scores


def test_scores_cannot_be_changed():
    scores = score(*predictions(), CLASSES, samples=50)
    with pytest.raises(ValueError, match="frozen"):
        scores.accuracy = 1.0


def test_values_agree_with_scikit_learn():
    labels, p = predictions(certainty=0.5)
    predicted = [CLASSES[index] for index in p.argmax(axis=1)]
    scores = score(labels, p, CLASSES, samples=50)
    precision, recall, f1, _ = reference.precision_recall_fscore_support(labels, predicted, average="weighted")
    assert scores.accuracy == pytest.approx(reference.accuracy_score(labels, predicted))
    assert (scores.precision_weighted, scores.recall_weighted, scores.f1_weighted) == pytest.approx(
        (precision, recall, f1)
    )
    assert scores.mcc == pytest.approx(reference.matthews_corrcoef(labels, predicted))
    assert scores.auroc_macro == pytest.approx(reference.roc_auc_score(labels, p, multi_class="ovr"))
    assert scores.log_loss == pytest.approx(reference.log_loss(labels, p))
    assert scores.confusion_matrix == reference.confusion_matrix(labels, predicted, labels=CLASSES).tolist()


def test_columns_follow_the_order_of_classes():
    labels, p = predictions(certainty=0.5)
    order = [2, 0, 3, 1]
    shuffled = score(labels, p[:, order], [CLASSES[index] for index in order], samples=50)
    straight = score(labels, p, CLASSES, samples=50)
    assert shuffled.per_class["Pre"].auroc == straight.per_class["Pre"].auroc
    assert shuffled.confusion_matrix == np.array(straight.confusion_matrix)[np.ix_(order, order)].tolist()


@pytest.mark.parametrize("certainty", [0.0, 0.5, 5.0])
@pytest.mark.parametrize("groups", [None, [index // 3 for index in range(100)]])
def test_every_score_lies_within_its_interval(certainty, groups):
    scores = score(*predictions(n=100, certainty=certainty), CLASSES, groups, samples=300)
    for part in (scores, *scores.per_class.values()):
        for metric, (low, high) in part.intervals.items():
            assert low <= getattr(part, metric) <= high, metric


def test_proportions_of_independent_images_have_wilson_intervals():
    labels, p = predictions(certainty=0.5)
    scores = score(labels, p, CLASSES, samples=50)
    matrix = np.array(scores.confusion_matrix)
    pro, n = 3, matrix.sum()
    hits, support, predicted = matrix[pro, pro], matrix[pro].sum(), matrix[:, pro].sum()
    others_kept_out = n - support - predicted + hits
    of_class = scores.per_class["Pro"].intervals
    assert scores.interval_method == "wilson"
    for interval, successes, trials in [
        (scores.intervals["accuracy"], np.trace(matrix), n),
        (scores.intervals["recall_weighted"], np.trace(matrix), n),
        (of_class["recall"], hits, support),
        (of_class["precision"], hits, predicted),
        (of_class["specificity"], others_kept_out, n - support),
        (of_class["npv"], others_kept_out, n - predicted),
    ]:
        assert interval == pytest.approx(wilson_of(int(successes), int(trials)))


@pytest.mark.parametrize("groups", [None, [index // 2 for index in range(80)]])
@pytest.mark.slow
def test_bootstrap_intervals_agree_with_a_loop_over_the_same_resamples(groups):
    labels, p = predictions(n=80, certainty=0.3)
    true, predicted = np.array(labels), np.array(CLASSES)[p.argmax(axis=1)]
    looped, widened = {"brier": []}, {"average_precision_macro": [], "auroc_macro": [], "f1_macro": [], "mcc": []}
    for row in np.concatenate(list(bootstrap_multiplicities(80, groups, samples=60, seed=9))):
        drawn = np.repeat(np.arange(80), row.astype(int))
        widened["f1_macro"].append(reference.f1_score(true[drawn], predicted[drawn], average="macro"))
        widened["mcc"].append(reference.matthews_corrcoef(true[drawn], predicted[drawn]))
        widened["average_precision_macro"].append(
            reference.average_precision_score(true[drawn][:, None] == np.array(CLASSES), p[drawn])
        )
        widened["auroc_macro"].append(reference.roc_auc_score(true[drawn], p[drawn], multi_class="ovr"))
        squares = (p[drawn] - (true[drawn][:, None] == np.array(CLASSES))) ** 2
        looped["brier"].append(squares.sum(axis=1).mean())
    scores = score(labels, p, CLASSES, groups, samples=60, seed=9)
    for metric, values in looped.items():
        assert scores.intervals[metric] == pytest.approx(np.percentile(values, [2.5, 97.5])), metric
    for metric, values in widened.items():  # no narrower
        low, high = np.percentile(values, [2.5, 97.5])
        assert scores.intervals[metric][0] <= low + 1e-12, metric
        assert scores.intervals[metric][1] >= high - 1e-12, metric


@pytest.mark.parametrize("metric", ["accuracy", "f1_macro", "mcc", "auroc_macro", "log_loss"])
def test_copies_do_not_narrow_an_interval_when_their_groups_are_known(metric):
    labels, p, groups = copies(4, certainty=0.4)
    grouped = width(score(labels, p, CLASSES, groups), metric)
    once = width(score(labels[:80], p[:80], CLASSES), metric)
    assert grouped == pytest.approx(once, rel=0.15)
    assert width(score(labels, p, CLASSES), metric) < 0.65 * grouped


def test_the_method_of_grouped_proportions_is_recorded():
    labels, p, groups = copies(2)
    assert score(labels, p, CLASSES, groups, samples=50).interval_method == "group bootstrap"


def test_an_interval_that_resampling_lifts_above_the_score_is_widened_to_hold_it():
    sure = np.repeat([0.95, 0.75, 0.6], 80)
    true = [name for right in (76, 60, 48) for name in ["Benign"] * right + ["Early"] * (80 - right)]
    scores = score(true, np.column_stack([sure, 1 - sure, 0 * sure, 0 * sure]), CLASSES, samples=200)
    assert scores.ece == pytest.approx(0)
    assert scores.intervals["ece"][0] == scores.ece
    assert scores.intervals["ece"][1] > 0.04


def test_images_of_a_single_group_are_worth_one_trial():
    labels, p = predictions(n=40, certainty=5.0)
    scores = score(labels, p, CLASSES, ["one slide"] * 40, samples=50)
    assert scores.intervals["accuracy"] == pytest.approx(wilson_of(1, 1))
    assert scores.intervals["brier"] == (None, None)


def test_a_class_without_images_has_no_recall_but_does_no_harm():
    labels, p = predictions(certainty=0.3)
    kept = [index for index, label in enumerate(labels) if label != "Pro"]
    scores = score([labels[index] for index in kept], p[kept], CLASSES, samples=100)
    pro = scores.per_class["Pro"]
    assert (pro.support, pro.recall, pro.auroc, pro.average_precision) == (0, None, None, None)
    assert pro.intervals["recall"] == (None, None)
    assert pro.precision == 0
    assert scores.recall_macro == pytest.approx(np.mean([scores.per_class[name].recall for name in CLASSES[:3]]))
    json.dumps(scores.to_json(), allow_nan=False)


def test_a_class_that_occurs_nowhere_is_left_out_of_the_macro_averages():
    labels, p = predictions(certainty=5.0)
    scores = score(labels, np.column_stack([p, np.zeros(len(p))]), [*CLASSES, "Other"], samples=50)
    assert scores.per_class["Other"].f1 is None
    assert scores.f1_macro == 1


def test_classes_that_occur_nowhere_change_no_average_and_no_interval_of_one():
    labels, p = predictions(certainty=1.0)
    two = [index for index, label in enumerate(labels) if label in CLASSES[:2]]
    named, halves = [labels[index] for index in two], p[two][:, :2] / p[two][:, :2].sum(axis=1, keepdims=True)
    alone = score(named, halves, CLASSES[:2], samples=100)
    among = score(named, np.column_stack([halves, np.zeros_like(halves)]), CLASSES, samples=100)
    for name in SCALARS:
        assert getattr(among, name) == pytest.approx(getattr(alone, name)), name
        assert among.intervals[name] == pytest.approx(alone.intervals[name]), name


def test_a_single_image_can_be_scored():
    scores = score(["Pre"], np.array([[0.1, 0.2, 0.6, 0.1]]), CLASSES)
    assert scores.accuracy == 1
    assert scores.auroc_macro is None
    assert scores.intervals["ece"] == (None, None)
    assert scores.intervals["accuracy"] == pytest.approx(wilson_of(1, 1))


def test_the_same_seed_gives_the_same_scores():
    labels, p = predictions()
    assert score(labels, p, CLASSES, samples=50, seed=4) == score(labels, p, CLASSES, samples=50, seed=4)


def test_float32_probabilities_of_a_network_are_accepted():
    labels, p = predictions()
    single = score(labels, p.astype(np.float32), CLASSES, samples=50)
    assert single.brier == pytest.approx(score(labels, p, CLASSES, samples=50).brier, rel=1e-5)


UNIFORM = np.full((2, 4), 0.25)


@pytest.mark.parametrize(
    ("labels", "probabilities", "groups", "message"),
    [
        ([], np.empty((0, 4)), None, "no image"),
        (["Pre", "Blast"], UNIFORM, None, "'Blast'.*Benign, Early, Pre, Pro"),
        (["Pre"], UNIFORM, None, r"\(2, 4\); expected \(1, 4\)"),
        (["Pre", "Pro"], UNIFORM[:, :3], None, r"\(2, 3\); expected \(2, 4\)"),
        (["Pre", "Pro"], np.array([[0.25] * 4, [np.nan, 0.5, 0.5, 0]]), None, "Row 1.*nan"),
        (["Pre", "Pro"], np.array([[0.25] * 4, [np.inf, 0, 0, 0]]), None, "Row 1.*inf"),
        (["Pre", "Pro"], np.array([[0.3] * 4, [0.25] * 4]), None, "Row 0.*sum to 1"),
        (["Pre", "Pro"], np.array([[0.25] * 4, [-0.5, 0.5, 0.5, 0.5]]), None, "Row 1.*from 0 to 1"),
        (["Pre", "Pro"], UNIFORM, ["a"], "1 groups for 2 images"),
    ],
)
def test_input_that_cannot_be_scored_is_refused_with_the_reason(labels, probabilities, groups, message):
    with pytest.raises(InputError, match=message):
        score(labels, probabilities, CLASSES, groups)
