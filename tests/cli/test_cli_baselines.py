"""`baselines`: a run beside classifiers that see too little of an image, on the same test images."""

import pytest

from allcore.evaluation.shortcuts import BASELINES


def test_each_baseline_stands_beside_the_run_with_the_difference_of_their_accuracies(on_finished, finished_run):
    found = on_finished("baselines", finished_run.id, "--json").json
    assert found["run"] == finished_run.id
    assert found["accuracy"] == on_finished("evaluate", finished_run.id, "--json").json["accuracy"]
    assert {one["baseline"] for one in found["baselines"]} == {baseline.name for baseline in BASELINES}
    for one in found["baselines"]:
        assert one["difference"] == pytest.approx(found["accuracy"] - one["accuracy"])
        assert one["low"] <= one["accuracy"] <= one["high"]
        assert 0 <= one["p"] <= 1


def test_the_table_says_the_same(on_finished, finished_run):
    found = on_finished("baselines", finished_run.id, "--json").json
    outcome = on_finished("baselines", finished_run.id)
    _, own, *others = [line for line in outcome.out.splitlines() if line.strip()][: len(BASELINES) + 2]
    assert own.startswith(finished_run.id)
    assert f"{100 * found['accuracy']:.2f}" in own
    for line, one in zip(others, found["baselines"], strict=True):
        assert line.startswith(one["baseline"])
        assert f"{100 * one['difference']:+.2f}" in line
    assert "McNemar" in outcome.out
