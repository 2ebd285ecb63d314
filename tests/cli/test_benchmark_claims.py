"""Claims of the benchmark: each contender does the work that its line names, on the images that were given."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import onnx
import pytest
from PIL import Image

from allcore.data.catalog import scan
from allcore.data.synthetic import SyntheticSpec, write_dataset
from allcore.inference.network import open_network, open_session
from allcore.inference.predictor import load_predictor
from allcore.runs.folder.files import FLOAT32_FILE
from allcore.runs.folder.store import Run, RunStore
from allcore.training.batches import BatchSource
from allcore.workspace import open_workspace
from benchmarks.claim import LeftOutError, Material
from benchmarks.claims import folder, ours, pages, steps
from benchmarks.claims.ours import served_in, trained_on
from benchmarks.claims.prediction import float32_file, probabilities_alone
from benchmarks.claims.registry import CLAIMS
from benchmarks.claims.steps import BOTH_STEPS, STEPS_ALONE


@pytest.fixture
def material(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished_run: Run, smears: Path) -> Material:
    """Return drawn smears, and a scratch folder in which the runs of all claims are trained already."""
    for name in ("ALLCORE_WORKSPACE", "ALLCORE_DATA_ROOTS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # a claim sets them, as its process is its own
    runs = tmp_path / f"workspace-{pages.SIZE}" / "runs"
    shutil.copytree(finished_run.folder, runs / finished_run.folder.name, copy_function=os.link)
    return Material(smears, tmp_path, drawn=8)


def test_a_graph_of_probabilities_alone_computes_nothing_else_and_says_the_same(finished_run, tmp_path):
    served = open_network(finished_run.served_model)
    cut = probabilities_alone(finished_run.served_model, tmp_path)
    assert len(onnx.load(cut).graph.node) < len(onnx.load(finished_run.served_model).graph.node)
    size = served.image_size
    images = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), np.uint8)
    (probabilities,) = open_session(cut).run(None, {"image": images})
    np.testing.assert_allclose(probabilities, served.run(images).probabilities, atol=1e-6)


def test_a_run_that_is_served_in_float32_is_not_compared_with_itself(tmp_path):
    with pytest.raises(LeftOutError, match="serves this run in float32"):
        float32_file(Run(tmp_path))
    (tmp_path / FLOAT32_FILE).touch()
    assert float32_file(Run(tmp_path)) == tmp_path / FLOAT32_FILE


def test_it_is_told_in_which_arithmetic_the_runs_are_served_that_claims_have_trained(material, finished_run):
    served = load_predictor(finished_run.served_model).metadata.arithmetic
    assert served_in(material) == {f"{finished_run.config.image_size} px": served}
    assert served_in(Material(material.data, material.scratch / "empty")) == {}


def test_pages_are_visited_on_the_given_images_alone(material, tmp_path):
    other = tmp_path / "other"
    write_dataset(other, SyntheticSpec(images_per_class=3, image_size=48))
    for page in ("dataset", "image", "predict"):
        places = pages.places_of(page, 2, other, material)
        assert places
        assert {parse_qs(query)["data"][0] for _, query in places} == {f"{tmp_path.name}/other"}
    roots = os.environ["ALLCORE_DATA_ROOTS"].split(os.pathsep)
    assert roots == [str(other), str(material.data)]  # what the runs were trained on can be read, but is not visited


def test_runs_are_those_asked_for_and_all_are_visited(material):
    places = pages.places_of("runs", 3, material.data, material)
    assert len({parse_qs(query)["run"][0] for _, query in places}) == 3


def test_images_are_predicted_by_the_model_of_a_run_as_by_the_peers(material):
    places = pages.places_of("predict", 2, material.data, material)
    runs = {run.id for run in RunStore(open_workspace().runs).runs()}
    assert places
    assert {parse_qs(query)["model"][0] for _, query in places} <= runs


def test_a_run_is_trained_on_the_given_images_and_on_an_even_part_of_very_many(material, monkeypatch):
    assert trained_on(96, material) == material.data
    monkeypatch.setattr(ours, "_PIXELS", 32 * 96**2)
    part = scan(trained_on(96, material)).trainable_images()
    assert len(part) == 32
    assert part["label"].value_counts().tolist() == [8, 8, 8, 8]


def test_the_goal_of_an_epoch_is_over_its_training_steps_alone():
    assert CLAIMS["epoch-96"].goals == {STEPS_ALONE: 1.03}


@pytest.mark.tensorflow
@pytest.mark.parametrize("contender", [STEPS_ALONE, BOTH_STEPS])
def test_steps_in_memory_are_those_of_every_training_image_and_of_every_validation_image_where_they_are_told(
    contender, monkeypatch, smears, tmp_path
):
    from allcore.training.learner import Learner

    material, taken = Material(smears, tmp_path), {"train_batch": 0, "score_batch": 0}
    split = ours.training_sources(steps._config(32, material), material)[2]
    for step in taken:
        monkeypatch.setattr(Learner, step, counting(getattr(Learner, step), taken, step))
    measure = steps.epoch(32).contenders[contender](material)
    taken.update(dict.fromkeys(taken, 0))  # those that compile
    monkeypatch.setattr(BatchSource, "batches", None)  # all are in memory
    measure()
    scored = len(split.rows("validation")) if contender == BOTH_STEPS else 0
    assert taken == {"train_batch": len(split.rows("train")), "score_batch": scored}


def counting(step, taken, name):
    """Return a learner's step that counts its images besides."""

    def counted(learner, batch):
        taken[name] += len(batch.labels)
        return step(learner, batch)

    return counted


def test_a_thousand_files_are_copies_of_every_usable_image_whatever_its_format(material, tmp_path):
    data = tmp_path / "formats"
    write_dataset(data, SyntheticSpec(images_per_class=4, image_size=48))
    files = sorted(data.rglob("*.jpg"))
    for file, ending in zip(files, (".tif", ".webp", ".png", ".bmp"), strict=False):
        Image.open(file).save(file.with_suffix(ending))
        file.unlink()
    files[-1].write_bytes(b"no image")
    copies = folder._folder(30, Material(data, tmp_path))
    assert len(list(copies.iterdir())) == 30
    assert {file.suffix for file in copies.iterdir()} == {".tif", ".webp", ".png", ".bmp", ".jpg"}
    assert b"no image" not in {file.read_bytes() for file in copies.iterdir()}


@pytest.mark.tensorflow
def test_keras_is_left_out_of_files_that_it_would_pass_over(tmp_path):
    data = tmp_path / "formats"
    write_dataset(data, SyntheticSpec(images_per_class=3, image_size=48))
    for file in sorted(data.rglob("*.jpg")):
        Image.open(file).save(file.with_suffix(".TIF"))
        file.unlink()
    claim = CLAIMS["folder-to-table"]
    with pytest.raises(LeftOutError, match=r"passes over files in \.TIF"):
        claim.contenders[next(iter(claim.goals))](Material(data, tmp_path))
