"""The report's scores without twins, and of positive against negative classes."""

from __future__ import annotations

import re

import pytest

from allcore.evaluation.predictions.chosen_point import TARGETS, chosen_point
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.number_text import per_cent_within
from allcore.reporting.operating import threshold_text
from allcore.runs.folder.store import Run
from tests.reporting.report.conftest import Page, sure_of_a_mistake


def without_twin(run):
    """Return the run with one test image more that shares its group with an image in train."""
    table = run.split.table.copy()
    twin = table.index[table["split"] == "test"][0]
    table.loc[twin, "group"] = table.loc[table["split"] == "train", "group"].iloc[0]
    table.to_csv(run.folder / "split.csv", index=False)
    return Run(run.folder)


def test_lines_are_chosen_on_validation_and_told_with_intervals_and_predictive_values(finished_run, page):
    test, validation = (recorded_predictions(finished_run, part) for part in ("test", "validation"))
    positive, said = ("Early", "Pre", "Pro"), page.text.replace("\xa0", " ")
    for target in TARGETS:
        at = chosen_point(test, positive, target, validation, 0.1).point
        found, spared, ppv, npv = (
            per_cent_within(getattr(at, name), at.intervals[name])
            for name in ("sensitivity", "specificity", "ppv", "npv")
        )
        held = f"{target.held} at least {100 * target.at_least:g} %"
        assert re.search(
            re.escape(f"{held}{threshold_text(at)}{found}{spared}") + ".*?" + re.escape(f"{ppv}{npv}"), said
        )
    assert "target (threshold chosen on validation)" in said
    assert "Among people of whom 10 % are malignant" in said


def test_where_no_threshold_holds_the_target_nothing_is_said_of_those_called_positive(run, read):
    said = read(sure_of_a_mistake(run), form="md")
    assert "No threshold holds a specificity of at least 95 % on the validation images, so nothing is called" in said
    assert "If malignant is said from" not in said
    assert re.search(r"specificity at least 95 % *\| *none *\|", said)


def test_twins_are_counted_and_the_score_without_them_given(run, read):
    before = recorded_predictions(run, "test")
    page = Page(read(without_twin(run)))
    alone = recorded_predictions(Run(run.folder), "test").without_twins()
    twins = len(before.table) - len(alone.table)
    assert f"Test images with a twin in train{twins}of {len(before.table)}" in page.text
    assert f"without a twin in train{len(alone.table)}{100 * alone.score().accuracy:.2f}" in page.text


@pytest.mark.parametrize(
    ("right", "worth"),
    [(True, "the accuracy over all of them looks better than it is"), (False, "they do not raise the accuracy")],
)
def test_twins_are_said_to_flatter_only_where_the_accuracy_is_lower_without_them(run, read, right, worth):
    table, correct = run.split.table.copy(), run.predictions().set_index("path")["correct"]
    table["group"] = [f"g{number}" for number in range(len(table))]
    twin = next(row for row in table.index[table["split"] == "test"] if correct[table["path"][row]] == right)
    table.loc[twin, "group"] = table.loc[table["split"] == "train", "group"].iloc[0]
    table.to_csv(run.folder / "split.csv", index=False)
    assert f"of the test images share a group with an image in train: {worth}." in read(Run(run.folder), form="md")


def test_test_set_of_twins_alone_is_reported(run, read):
    table = run.split.table.assign(group="g00000")
    table.to_csv(run.folder / "split.csv", index=False)
    assert "without a twin in train0–" in Page(read(Run(run.folder))).text
