"""A model beside the baselines."""

import dataclasses

import numpy as np
import pytest

from allcore.errors import InputError
from allcore.evaluation.comparing.comparison import holm, mcnemar_over_groups
from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.evaluation.shortcuts import BASELINES, shortcut_scores
from allcore.evaluation.shortcuts.against_shortcuts import against_shortcuts


@pytest.fixture
def results(two_colours):
    return shortcut_scores(*two_colours, baselines=BASELINES[:2])


def test_model_as_good_as_a_baseline_is_reached_by_it_and_not_told_apart(results):
    table = against_shortcuts(results[1].predictions, results).set_index("baseline")
    colour = table.loc["nine colour numbers"]
    assert (colour["difference"], colour["p"], colour["apart"], colour["reaches"]) == (0, 1, False, True)


def test_differences_and_tests_are_those_of_the_paired_answers(results):
    model = results[1].predictions
    groups = model.table["group"].to_numpy()
    table = against_shortcuts(model, results)
    correct = {result.name: result.predictions.table["correct"].to_numpy() for result in results}
    p = [mcnemar_over_groups(model.table["correct"].to_numpy(), correct[result.name], groups) for result in results]
    expected = dict(zip(correct, holm(p), strict=True))
    for row in table.itertuples():
        assert row.difference == pytest.approx(model.table["correct"].mean() - correct[row.baseline].mean())
        assert row.difference_low <= row.difference <= row.difference_high
        assert row.p == expected[row.baseline]
        assert row.apart == (row.p < 0.05)


def test_best_baseline_comes_first(results):
    table = against_shortcuts(results[0].predictions, results)
    assert list(table["baseline"]) == ["nine colour numbers", "majority"]
    assert list(table["reaches"]) == [True, True]


def test_order_of_the_models_images_does_not_matter(results):
    model = results[1].predictions
    turned = RecordedPredictions(model.classes, model.table[::-1].reset_index(drop=True))
    np.testing.assert_array_equal(
        against_shortcuts(turned, results)["difference"], against_shortcuts(model, results)["difference"]
    )


def test_model_of_other_images_is_refused(results):
    model = results[1].predictions
    other = dataclasses.replace(model, table=model.table.assign(sha256="0" * 64))
    with pytest.raises(InputError, match="share no image"):
        against_shortcuts(other, results)
