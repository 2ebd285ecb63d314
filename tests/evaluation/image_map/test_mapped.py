"""The map of a run's images, and of a folder that its model was scored on: made once, then kept."""

import os
import shutil

import numpy as np
import pytest

from allcore.data.decoded import decode_catalogued
from allcore.errors import RunError
from allcore.evaluation.image_map.making import known_map, make_map
from allcore.evaluation.image_map.table import agreement, map_table
from allcore.evaluation.predictions.evaluation_run import evaluation_run
from allcore.evaluation.predictions.score_folder import ScoringRequest
from allcore.inference.predictor import load_predictor
from allcore.runs.folder.store import Run
from tests.held import Held


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def made(finished_run, cache):
    """Return the map of the finished run, and as a table."""
    found = make_map(finished_run, cache)
    return found, map_table(found, finished_run)


def test_every_image_of_the_run_has_a_place_its_part_and_what_was_said_of_it(made, finished_run):
    _, table = made
    split, said = finished_run.split.table, finished_run.predictions().set_index("path")
    assert list(table["path"]) == list(split["path"])
    assert list(table["part"]) == list(split["split"])
    predicted = table[table["predicted"] != ""].set_index("path")
    assert sorted(predicted.index) == sorted(said.index)
    assert dict(predicted["novelty"]) == dict(said["novelty"])
    assert np.isfinite(table[["t_sne_x", "t_sne_y", "principal_x", "principal_y"]].to_numpy()).all()


def test_neighbours_are_of_other_groups_and_their_share_is_that_of_the_table(made):
    found, table = made
    for row, near in enumerate(found.near):
        assert not (table["group"].iloc[near] == table["group"].iloc[row]).any()
        assert table["neighbours"].iloc[row] == pytest.approx(
            (table["label"].iloc[near] == table["label"].iloc[row]).mean()
        )


def test_a_map_is_made_once(made, finished_run, cache, monkeypatch):
    monkeypatch.setattr("allcore.evaluation.image_map.making.t_sne", None)
    assert make_map(finished_run, cache) == known_map(finished_run, cache) == made[0]


@pytest.mark.parametrize("part", ["_FORM", "INTAKE_VERSION"])
def test_a_map_of_another_program_is_not_shown(made, finished_run, cache, monkeypatch, part):
    assert known_map(finished_run, cache) is not None
    monkeypatch.setattr(f"allcore.evaluation.image_map.making.{part}", "another")
    assert known_map(finished_run, cache) is None


def test_without_kept_features_the_model_is_asked_and_tells_the_same(made, finished_run, tmp_path):
    run = Run(shutil.copytree(finished_run.folder, tmp_path / "run", copy_function=os.link))
    (run.folder / "features.npy").unlink()
    told = []
    found = make_map(run, tmp_path, lambda *now: told.append(now))
    same = [set(ours) == set(theirs) for ours, theirs in zip(found.near, made[0].near, strict=True)]
    assert np.mean(same) > 0.9  # the served arithmetic rounds
    assert told[-1] == (128, 128)
    (run.folder / "model.onnx").unlink()
    with pytest.raises(RunError, match=r"no model\.onnx"):
        known_map(run, tmp_path)


@pytest.mark.parametrize("kept", [True, False])
def test_few_images_are_held_as_they_were_photographed(finished_run, tmp_path, monkeypatch, kept):
    run = Run(shutil.copytree(finished_run.folder, tmp_path / "run", copy_function=os.link))
    if not kept:
        (run.folder / "features.npy").unlink()
    held = Held()
    monkeypatch.setattr("allcore.evaluation.image_map.making.decode_catalogued", held.of(decode_catalogued))
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(2)), raising=False)
    make_map(run, tmp_path)
    assert held.begun == 64
    assert held.most <= 2


def test_a_scored_folder_is_mapped_with_the_parts_that_the_models_run_had(made, smears, finished_run, tmp_path):
    copied = shutil.copytree(smears, tmp_path / "copied")
    renamed = copied / "Pro" / "another.jpg"
    (copied / "Pro" / "pro-0001.jpg").rename(renamed)
    model = finished_run.served_model
    run = evaluation_run(load_predictor(model), model, ScoringRequest(folder=copied), tmp_path)
    table = map_table(make_map(run, tmp_path), run)
    parts = finished_run.split.table.set_index("sha256")["split"]
    assert list(table["part"]) == list(parts.loc[table["sha256"]])
    assert (table["predicted"] != "").all()
    assert set(table["stain"].str.split("-").str[0]) == {"Benign", "Early", "Pre", "Pro"}


def test_agreement_is_told_of_all_and_of_each_part_with_its_interval(made):
    found, table = made
    rows = agreement(found, table)
    assert set(rows["part"]) == {"all", "train", "validation", "test"}
    of_class = rows[rows["kind"] == "class"].set_index("part")
    assert of_class.loc["test", "features"] == pytest.approx(table.query("part == 'test'")["neighbours"].mean())
    assert of_class["images"].to_dict() == {"all": 64, **table["part"].value_counts().to_dict()}
    assert ((of_class["low"] <= of_class["features"]) & (of_class["features"] <= of_class["high"])).all()
    assert of_class["chance"].between(0.15, 0.3).all()
