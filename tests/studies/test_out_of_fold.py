"""What the folds say together: every image once, as the member predicted it that had not seen it."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from allcore.config_parts import SplitConfig
from allcore.data.splits.split import make_split
from allcore.errors import RunError
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.evaluation.tradeoff.points import tradeoff_point
from allcore.studies.costs import training_costs
from allcore.studies.out_of_fold import (
    comparable_runs,
    folder_name,
    is_out_of_fold,
    model_of,
    out_of_fold_name,
    out_of_fold_run,
)
from allcore.studies.plan import make_plan
from allcore.studies.results import finished_members, out_of_fold, setting_scores
from allcore.studies.runner import run_study
from allcore.studies.store import StudyStore
from tests.cli.conftest import call
from tests.data.rows import images, in_groups
from tests.studies.conftest import Instantly, set_state

ROWS = in_groups({"A": [2, 2, 1, 1, 1, 1, 1], "B": [3, 1, 1, 1, 1, 1, 1]})
EPOCH = '{"kind": "epoch", "epoch": 0, "step": 1, "seconds": %d, "loss": 1, "accuracy": 1, "validation_loss": 1, '

SECONDS = (11, 12, 60)
"""How long each fold's member trained; other work had slowed the third."""


class Predicting(Instantly):
    """Carries out runs in no time, each on the split of its own fold; what it predicts follows from its place."""

    rows = ROWS

    def submit(self, config, on_progress=None, look=None):
        split = make_split(self.rows, config.split)
        if look is not None:
            look(config, split)
        run = self.store.create(config, split)
        table = run.split.table.query("split != 'train'").reset_index(drop=True)
        p = np.random.default_rng(list(config.place.encode())).uniform(size=len(table))
        table = table.assign(probability_A=p, probability_B=1 - p, novelty=0.5, novel=False)
        table.drop(columns="stain").to_parquet(run.folder / "predictions.parquet", index=False)
        metrics = EPOCH % SECONDS[config.split.fold - 1] + '"validation_accuracy": 1, "memory_bytes": 5}\n'
        (run.folder / "metrics.jsonl").write_text(metrics, encoding="utf-8")
        self.launched.append(config.place)
        set_state(run, self.ends(config.place))
        return run

    def resume(self, run):
        self.launched.append(run.config.place)
        set_state(run, self.ends(run.config.place))


@pytest.fixture
def study(tmp_path, tiny_config):
    """Return a study of two sizes, three folds and two seeds, of which nothing is done."""
    config = tiny_config(split={"protocol": "grouped", "folds": 3})
    plan = make_plan(name="sizes", config=config, folds=(1, 2, 3), seeds=(0, 1), vary={"image_size": [32, 48]})
    return StudyStore(tmp_path / "workspace" / "studies").create(plan)


@pytest.fixture
def executor(executor):
    """Return an executor whose runs predict."""
    return Predicting(executor.workspace, executor.split)


def finished_of(study, executor):
    return finished_members(study.plan(), study.members(executor.store.runs()))


def test_a_trade_off_is_printed_the_same_where_they_cannot_be_written(study, executor):
    run_study(study.folder, executor)
    (study.folder / "out-of-fold").touch()  # no folder can be made there
    refused = call(executor.workspace.root, "tradeoff", "sizes")
    assert refused.code == 0
    assert "of study sizes cannot be written" in refused.err
    (study.folder / "out-of-fold").unlink()
    assert call(executor.workspace.root, "tradeoff", "sizes") == replace(refused, err="")


def test_so_is_a_trade_off_of_several_studies(study, executor):
    other = StudyStore(study.folder.parent).create(study.plan().model_copy(update={"name": "more"}))
    for one in (study, other):
        run_study(one.folder, executor)
    whole = call(executor.workspace.root, "tradeoff", "sizes", "more")
    shutil.rmtree(other.folder / "out-of-fold")
    (other.folder / "out-of-fold").touch()
    refused = call(executor.workspace.root, "tradeoff", "sizes", "more")
    assert (refused.code, refused.out) == (0, whole.out)
    assert "of study more cannot be written" in refused.err
    assert "of study sizes" not in refused.err


def test_every_two_points_of_several_studies_are_compared_and_timed_under_names_of_their_own(
    study, executor, finished_run
):
    other = StudyStore(study.folder.parent).create(study.plan().model_copy(update={"name": "more"}))
    for one in (study, other):
        run_study(one.folder, executor)
    member = study.members(executor.store.runs())["image_size=48 fold=2 seed=1"]
    shutil.copyfile(finished_run.served_model, member.folder / "model.onnx")
    record = call(executor.workspace.root, "tradeoff", "sizes", "more", "--latency", "--json").json
    seeds = [f"{setting} seed={seed}" for setting in study.plan().settings for seed in (0, 1)]
    names = [f"{name}: {seed}" for name in ("sizes", "more") for seed in seeds]
    assert sorted(point["run"] for point in record["points"]) == sorted(names)
    assert len({(test["first"], test["second"]) for test in record["tests"]}) == 8 * 7 / 2
    timed = [point["run"] for point in record["points"] if point["latency_seconds"] is not None]
    assert timed == ["sizes: image_size=48 seed=1"]


def test_every_image_stands_there_once_a_seed_as_the_member_said_that_tested_it(study, executor):
    run_study(study.folder, executor)
    finished = finished_of(study, executor)
    for seed in (0, 1):
        table = out_of_fold(finished, "image_size=48", seed).table
        assert sorted(table["path"]) == sorted(ROWS["path"])
        for run in executor.store.runs():
            of_run = table[table["run"] == run.id].set_index("path")
            said = run.predictions().query("split == 'test'").set_index("path")
            tested = (run.config.image_size, run.config.seed) == (48, seed)
            assert list(of_run.index) == (list(said.index) if tested else [])
            assert (of_run["probability_A"] == said["probability_A"].reindex(of_run.index)).all()


def test_the_folder_opens_like_a_runs_and_says_the_same(study, executor):
    run_study(study.folder, executor)
    finished = finished_of(study, executor)
    pooled = out_of_fold(finished, "image_size=32", 1)
    run = out_of_fold_run(study, finished, "image_size=32", 1)
    opened = recorded_predictions(run, "test")
    assert is_out_of_fold(run)
    assert run.status().state == "succeeded"
    assert opened.classes == pooled.classes
    pd.testing.assert_frame_equal(
        opened.table[["path", "probability_A", "predicted", "correct", "twin", "run"]],
        pooled.table[["path", "probability_A", "predicted", "correct", "twin", "run"]],
    )
    assert out_of_fold_run(study, finished, "image_size=32", 1).folder == run.folder


def test_twins_that_a_random_fold_cuts_are_still_known_as_such(study, executor, tiny_config):
    config = tiny_config(split={"protocol": "random", "folds": 3})
    random = StudyStore(study.folder.parent).create(make_plan(name="random", config=config, folds=(1, 2, 3)))
    run_study(random.folder, executor)
    run = out_of_fold_run(random, finished_of(random, executor), "", 0)
    twins = set()
    for fold in (1, 2, 3):
        split = make_split(ROWS, SplitConfig(protocol="random", folds=3, fold=fold))
        tested = (split.table["split"] == "test").to_numpy()
        twins |= set(split.table.loc[tested & split.twins_in_train(), "path"])
    table = recorded_predictions(run, "test").table
    assert twins
    assert set(table.loc[table["twin"], "path"]) == twins


def test_a_study_killed_at_random_moments_and_resumed_says_the_same(study, executor, tmp_path):
    moments = set(np.random.default_rng(8).choice(np.arange(1, 16), 4, replace=False))

    class Killed(BaseException):
        """What no handler of the runner's catches."""

    def ends(place):
        if len(executor.launched) in moments:
            raise Killed
        return "succeeded"

    for _ in range(5):
        try:
            run_study(study.folder, replace(executor, ends=ends))
        except Killed:
            for run in executor.store.runs():
                if run.status().state == "queued":  # killed before its worker was there
                    set_state(run, "interrupted", pid=None)
    unbroken = StudyStore(tmp_path / "other" / "studies").create(study.plan())
    other = Predicting(replace(executor.workspace, root=tmp_path / "other"), executor.split)
    run_study(unbroken.folder, other)
    for seed in (0, 1):
        first, second = (
            out_of_fold(finished_of(*of), "image_size=32", seed).table.drop(columns="run")
            for of in ((study, executor), (unbroken, other))
        )
        pd.testing.assert_frame_equal(first, second)
    tables = [setting_scores(study.plan(), finished_of(*of)) for of in ((study, executor), (unbroken, other))]
    assert tables[0] == tables[1]


def test_an_image_that_two_folds_tested_is_refused(study, executor):
    run_study(study.folder, executor)
    finished = finished_of(study, executor)
    twice = [replace(finished[0], place=replace(finished[0].place, fold=2)), *finished]
    with pytest.raises(RunError, match=rf"was tested twice, by runs {finished[0].run.id} and .*delete the runs that"):
        out_of_fold(twice, finished[0].place.setting, finished[0].place.seed)


def test_what_was_tested_before_the_images_changed_is_still_reported(study, executor, monkeypatch):
    def ends(place):
        if len(executor.launched) == 3:
            more = pd.concat([ROWS, images({"C": 1}).assign(label="A")], ignore_index=True)
            monkeypatch.setattr(Predicting, "rows", more)
        return "succeeded"

    assert run_study(study.folder, replace(executor, ends=ends)) == 1
    finished = finished_of(study, executor)
    assert [each.place.name for each in finished] == [place.name for place in study.plan().places[:3]]
    assert [each.succeeded for each in setting_scores(study.plan(), finished)] == [2, 1]
    assert out_of_fold(finished, "image_size=32", 0).table["path"].is_unique


def test_scores_are_a_mean_over_members_with_their_spread_and_pooled(study, executor):
    run_study(study.folder, executor)
    finished = finished_of(study, executor)
    for scores in setting_scores(study.plan(), finished):
        values = {
            seed: [each.predictions.table["correct"].mean() for each in finished
                   if (each.place.setting, each.place.seed) == (scores.setting, seed)]
            for seed in (0, 1)
        }  # fmt: skip
        accuracy = scores.spreads["accuracy"]
        assert accuracy.mean == pytest.approx(np.mean(list(values.values())))
        assert accuracy.sd_seeds == pytest.approx(np.std([np.mean(of) for of in values.values()], ddof=1))
        assert accuracy.sd_folds == pytest.approx(np.sqrt(np.mean([np.var(of, ddof=1) for of in values.values()])))
        assert (scores.members, scores.succeeded, scores.images) == (6, 6, len(ROWS))
        assert scores.training_seconds == pytest.approx(12.0)


def test_the_trade_off_compares_settings_on_all_images_with_the_time_of_one_fold(study, executor):
    run_study(study.folder, executor)
    runs = comparable_runs(study, study.plan(), study.members(executor.store.runs()))
    points = [tradeoff_point(run) for run in runs]
    assert [(point.image_size, point.test_images) for point in points] == [(32, len(ROWS)), (48, len(ROWS))] * 2
    assert {point.training_seconds for point in points} == {12.0}
    assert {point.memory_bytes for point in points} == {5}


def test_the_trade_off_names_every_device_that_a_fold_was_trained_on(study, executor):
    run_study(study.folder, executor)
    for run in executor.store.runs():
        set_state(run, "succeeded", device=f"GPU {run.config.split.fold}")
    record = call(executor.workspace.root, "tradeoff", "sizes", "--json").json
    assert sorted(record["devices"]) == ["GPU 1", "GPU 2", "GPU 3"]


def test_what_an_earlier_version_wrote_of_the_same_members_is_written_anew(study, executor):
    run_study(study.folder, executor)
    finished = finished_of(study, executor)
    run = out_of_fold_run(study, finished, "image_size=32", 0)
    of_it = [each.run for each in finished if (each.place.setting, each.place.seed) == ("image_size=32", 0)]
    (run.folder / "members.json").write_text(json.dumps([each.id for each in of_it]))
    (run.folder / "metrics.jsonl").write_text(EPOCH % 10 + '"validation_accuracy": 1, "memory_bytes": 4}\n')
    models = [each.folder / "model.onnx" for each in of_it]
    models[1].touch()
    assert model_of(run, study.folder.parent.parent / "runs") == models[1]
    again = out_of_fold_run(study, finished, "image_size=32", 0)
    assert again.history().most_memory == training_costs(of_it)["memory_bytes"] == 5
    assert model_of(again, study.folder.parent.parent / "runs") == models[1]


def test_without_folds_members_themselves_are_compared(study, executor, tiny_config):
    plain = StudyStore(study.folder.parent).create(make_plan(name="plain", config=tiny_config(), seeds=(0, 1)))
    run_study(plain.folder, executor)
    members = plain.members(executor.store.runs())
    assert comparable_runs(plain, plain.plan(), members) == list(members.values())


@pytest.mark.parametrize(
    ("one", "other"), [("weights=/a/b/c.h5", "weights=/a/b_c.h5"), (f"weights={'x' * 250}1", f"weights={'x' * 250}2")]
)
def test_predictions_of_settings_whose_names_hardly_differ_stand_apart(one, other):
    names = {folder_name(out_of_fold_name(setting, seed)) for setting in (one, other) for seed in (0, 1)}
    assert len(names) == 4
    assert max(map(len, names)) <= 200


def test_a_name_that_any_folder_can_have_stays():
    name = out_of_fold_name("image_size=64", 0)
    assert folder_name(name) == name
