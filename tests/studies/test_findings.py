"""What a study found: baselines on its own folds beside the members, and what is not known yet left out."""

from dataclasses import replace

import numpy as np
import pytest

from allcore.evaluation.scoring.scores import score
from allcore.evaluation.shortcuts import BASELINES, cached_shortcuts, shortcut_scores_of_run
from allcore.evaluation.shortcuts.cached import CachedResult, CachedResults
from allcore.evaluation.tradeoff.points import point_names
from allcore.reporting.studies.ranking import best_settings
from allcore.reporting.studies.tables import folds_table
from allcore.reporting.studies.wording import shortcuts_in_words
from allcore.runs.execution.preflight import prepare
from allcore.studies.baselines import baseline_members, compute_baselines
from allcore.studies.between_settings import compare_settings
from allcore.studies.findings import study_findings
from allcore.studies.out_of_fold import comparable_runs, model_of
from allcore.studies.plan import make_plan, parse_vary
from allcore.studies.recipe import study_command
from allcore.studies.results import FinishedMember, finished_members
from allcore.studies.runner import run_study
from allcore.studies.store import Study, StudyStore
from allcore.studies.tradeoff import study_shortcuts, study_tradeoff
from tests.studies.test_out_of_fold import ROWS, Predicting

KEPT = BASELINES[:2]


@pytest.fixture
def carried_out(tmp_path, tiny_config, executor):
    """Return a maker of studies that are carried out, by what they vary: their plan, members and cache."""
    predicting = Predicting(executor.workspace, executor.split)

    def make(vary, seeds=(0,)):
        config = tiny_config(split={"protocol": "grouped", "folds": 2})
        plan = make_plan(name="sizes", config=config, folds=(1, 2), seeds=seeds, vary=vary)
        study = StudyStore(tmp_path / "workspace" / "studies").create(plan)
        run_study(study.folder, predicting)
        return plan, study.members(predicting.store.runs()), executor.workspace.cache

    return make


def keep(run, cache, right):
    """Let the cache hold that two baselines are right, or wrong, about each of a run's test images."""
    truth = (run.split.table.loc[run.split.rows("test"), "label"] == "A").to_numpy()
    first = np.where(truth == right, 0.9, 0.1)
    p = np.stack([first, 1 - first], axis=1)
    scores = score(["A" if each else "B" for each in truth], p, ("A", "B"), samples=10)
    for baseline in KEPT:
        CachedResults(run.split, cache).keep(baseline, CachedResult(probabilities=p.tolist(), scores=scores))


def test_baselines_stand_beside_each_setting_once_they_are_known_of_every_part(carried_out):
    plan, members, cache = carried_out({"image_size": [32, 48]}, seeds=(0, 1))
    for name, run in members.items():
        if "fold=2 seed=1" not in name:
            keep(run, cache, right=run.config.split.fold == 1)
    assert baseline_members(plan, finished_members(plan, members), cache) == []
    for run in members.values():
        keep(run, cache, right=run.config.split.fold == 1)
    found = study_findings("sizes", plan, members, cache, timed=True)
    assert {each.setting for each in found.baselines} == {baseline.name for baseline in KEPT}
    for each in found.baselines:
        assert (each.succeeded, each.members, each.images) == (4, 4, len(ROWS))
        accuracy = each.spreads["accuracy"]
        assert (accuracy.mean, accuracy.sd_seeds) == (0.5, 0)
        assert accuracy.sd_folds == pytest.approx(np.std([0, 1], ddof=1))
        assert each.training_seconds is None
    pairs = {(each.first, each.second) for each in found.against_baselines}
    assert pairs == {(setting, baseline.name) for setting in plan.settings for baseline in KEPT}
    assert {each.repeated.parts for each in found.against_baselines} == {4}
    for each in found.settings:
        assert (each.training_seconds, each.memory_bytes, each.latency_seconds) == (11.5, 5, None)
        assert each.parameters == plan.config.parameter_count(2)


def test_a_study_as_a_trade_off_says_what_settings_cost_and_which_differ(carried_out, executor):
    plan, members, cache = carried_out({"image_size": [32, 48]})
    study, runs = Study(executor.workspace.studies / plan.name), executor.workspace.runs
    record = study_tradeoff(study, plan, members, runs, cache, timed=True)
    assert [(point.image_size, point.test_images) for point in record.points] == [(32, len(ROWS)), (48, len(ROWS))]
    assert {point.latency_seconds for point in record.points} == {None}  # no member has kept a model
    assert record.commands == (study_command(plan),)
    (compared,) = record.differences
    (expected,) = compare_settings(plan, finished_members(plan, members), 0.01)
    assert compared == expected.model_copy(update={"first": "32 px", "second": "48 px"})
    assert record.shortcuts is None
    for run in members.values():
        keep(run, cache, right=run.config.split.fold == 1)
    tested = {run.config.split.fold: len(run.split.rows("test")) for run in members.values()}
    assert set(study_shortcuts(plan, members, cache)) == {baseline.name for baseline in KEPT if not baseline.sees_cells}
    assert study_shortcuts(plan, members, cache)["majority"] == pytest.approx(tested[1] / len(ROWS))
    member = members["image_size=48 fold=2 seed=0"]
    (member.folder / "model.onnx").write_bytes(b"a model")
    pooled = {run.config.image_size: run for run in comparable_runs(study, plan, members)}
    assert model_of(pooled[48], runs) == member.folder / "model.onnx"
    assert model_of(pooled[32], runs) is None
    assert model_of(member, runs) == member.folder / "model.onnx"


def test_settings_whose_names_no_folder_can_have_are_called_as_their_points(carried_out, executor):
    plan, members, cache = carried_out({"weights": ["random", "/a/own.weights.h5"]})
    study, runs = Study(executor.workspace.studies / plan.name), executor.workspace.runs
    record = study_tradeoff(study, plan, members, runs, cache, timed=False)
    (compared,) = record.differences
    assert {compared.first, compared.second} == set(point_names(record.points).values())


def test_settings_that_divide_the_images_have_baselines_of_their_own(carried_out):
    plan, members, cache = carried_out({"split.protocol": ["grouped", "random"]})
    for run in members.values():
        keep(run, cache, right=run.config.split.protocol == "random")
    found = study_findings("sizes", plan, members, cache)
    means = {each.setting: each.spreads["accuracy"].mean for each in found.baselines}
    assert means["majority (split.protocol=random)"] == 1
    assert means["majority (split.protocol=grouped)"] == 0
    assert all(each.first in each.second for each in found.against_baselines)
    assert found.differences == []  # no part of one has the images of a part of the other
    assert set(best_settings(found)) == {"split.protocol=grouped", "split.protocol=random"}
    assert "majority (split.protocol=grouped)" in shortcuts_in_words(found)
    counts = {len(each.predictions.table) for each in found.finished if each.place.fold == 1}
    assert folds_table(found).rows[0][2] == " to ".join(map(str, sorted(counts)))


def test_versions_of_the_labels_have_baselines_of_their_own(carried_out):
    plan, members, cache = carried_out({"labels": ["as_given", "corrected"]})
    for run in members.values():
        keep(run, cache, right=run.config.split.fold == 1)
    found = study_findings("sizes", plan, members, cache)
    assert {each.setting for each in found.baselines} == {
        f"{baseline.name} (labels={labels})" for baseline in KEPT for labels in ("as_given", "corrected")
    }
    assert all(each.first in each.second for each in found.against_baselines)


def test_what_an_image_shows_is_worked_out_once_for_all_folds(tmp_path, smears, tiny_config, executor, monkeypatch):
    seen = []

    def brightness(image):
        seen.append(image.tobytes())
        return np.array([image.mean()])

    baseline = replace(BASELINES[0], name="brightness", features=brightness)
    monkeypatch.setattr("allcore.studies.baselines.BASELINES", (baseline,))
    config = tiny_config(split={"protocol": "random", "folds": 2})
    plan = make_plan(name="two", config=config, folds=(1, 2))
    splits = [prepare(place.config, tmp_path / "cache")[1] for place in plan.places]
    runs = [executor.store.create(place.config, split) for place, split in zip(plan.places, splits, strict=True)]
    finished = [FinishedMember(place, run, None) for place, run in zip(plan.places, runs, strict=True)]
    compute_baselines(plan, finished, tmp_path / "cache", frozen=False)
    assert len(seen) == len(set(seen))
    alone = shortcut_scores_of_run(runs[1], tmp_path / "other", baselines=(baseline,))
    kept = cached_shortcuts(runs[1].split, tmp_path / "cache", (baseline,))
    assert [each.scores for each in kept] == [each.scores for each in alone]


def test_the_command_of_a_plan_makes_that_plan_again(tiny_config):
    config = tiny_config(split={"protocol": "grouped", "folds": 3})
    vary = {"image_size": [32, 48], "augment.brightness": [[0.8, 1.2], [1.0, 1.0]], "head": ["gap", "flatten"]}
    plan = make_plan(name="many", config=config, folds=(1, 3), seeds=(0, 2), vary=vary, keep_models=False)
    said = study_command(plan).replace(" \\\n   ", "")
    assert "--name many" in said
    assert "--seeds 0,2" in said
    assert "--only-folds 1,3" in said
    assert "--no-keep-models" in said
    assert "--fold 1" not in said
    typed = ["image_size=32,48", "augment.brightness=0.8 1.2,1 1", "head=gap,flatten"]
    for text in typed:
        assert text in said
    assert dict(parse_vary(text, config) for text in typed) == vary


def test_a_study_without_a_finished_member_has_no_finding(tiny_config, tmp_path):
    plan = make_plan(name="none", config=tiny_config(), seeds=(0, 1))
    found = study_findings("none", plan, {}, tmp_path)
    assert finished_members(plan, {}) == found.finished == []
    assert [each.succeeded for each in found.settings] == [0]
    assert found.differences == found.baselines == found.probes == []
