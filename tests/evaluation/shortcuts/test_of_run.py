"""A run's baselines come from its own images, wherever its dataset has gone since."""

import shutil

import numpy as np
import pytest

from allcore.data.catalog import scan
from allcore.data.decoded import decoded_images
from allcore.data.splits.split import Split, make_split
from allcore.errors import DatasetError, RunError
from allcore.evaluation.shortcuts import BASELINES, cached_shortcuts_of_run, shortcut_scores, shortcut_scores_of_run
from allcore.runs.folder.store import RunStore


@pytest.fixture
def dataset(smears, tmp_path):
    """Return a copy of the drawn smears, to be changed."""
    return shutil.copytree(smears, tmp_path / "smears")


@pytest.fixture
def run(dataset, workspace, tiny_config):
    """Return a queued run: its split is all that the baselines need."""
    config = tiny_config(dataset=str(dataset))
    return RunStore(workspace.runs).create(config, make_split(scan(dataset).images(), config.split))


@pytest.fixture(scope="module")
def kept(smears, tiny_config, tmp_path_factory):
    """Return a cache of the results on the same images and split, got without a run."""
    cache, rows = tmp_path_factory.mktemp("kept"), scan(smears).images()
    shortcut_scores(decoded_images(smears, rows, cache), make_split(rows, tiny_config().split), cache)
    return cache


def accuracies(results):
    return [result.scores.accuracy for result in results]


@pytest.mark.slow
def test_baselines_of_a_run_are_those_of_its_images_and_split(run, kept, workspace):
    expected = cached_shortcuts_of_run(run, kept)
    results = shortcut_scores_of_run(run, workspace.cache)
    assert [result.scores for result in results] == [result.scores for result in expected]


@pytest.mark.slow
def test_images_that_came_later_change_nothing(run, kept, dataset, workspace):
    before = accuracies(cached_shortcuts_of_run(run, kept))
    first = sorted((dataset / "Early").iterdir())[0]
    (dataset / "Benign" / "another.jpg").write_bytes(first.read_bytes() + b"\0")
    assert accuracies(shortcut_scores_of_run(run, workspace.cache)) == before


@pytest.mark.slow
def test_split_in_another_order_than_the_dataset_gets_each_row_its_own_image(run, workspace, tmp_path):
    table = run.split.table.sample(frac=1, random_state=0, ignore_index=True)
    Split(table).write(run.folder / "split.csv")
    colour = shortcut_scores_of_run(run, workspace.cache)[2]
    assert list(colour.predictions.table["path"]) == list(table.loc[table["split"] == "test", "path"])
    assert colour.scores.accuracy > 0.5  # rows with the images of others would be at chance


def test_dataset_that_is_gone_is_named(run, dataset, workspace):
    shutil.rmtree(dataset)
    with pytest.raises(DatasetError, match=f"no dataset at '{dataset}'"):
        shortcut_scores_of_run(run, workspace.cache)


@pytest.mark.parametrize("change", ["gone", "changed"])
def test_image_that_is_gone_or_changed_is_named(run, dataset, workspace, change):
    path = run.split.table["path"][run.split.rows("train")[0]]
    other = dataset / run.split.table["path"][run.split.rows("test")[0]]
    (dataset / path).unlink()
    if change == "changed":
        shutil.copy(other, dataset / path)
    with pytest.raises(DatasetError, match=f"1 of the 64 images.*{path}; put them back"):
        shortcut_scores_of_run(run, workspace.cache)


@pytest.mark.slow
def test_kept_results_need_no_dataset(run, kept, dataset, workspace):
    assert cached_shortcuts_of_run(run, workspace.cache) is None
    shutil.rmtree(dataset)
    found = cached_shortcuts_of_run(run, kept)
    assert len(found) == len(BASELINES)
    assert accuracies(shortcut_scores_of_run(run, kept)) == accuracies(found)


def test_run_without_its_split_is_damaged(run, workspace):
    (run.folder / "split.csv").unlink()
    with pytest.raises(RunError, match=r"split\.csv"):
        shortcut_scores_of_run(run, workspace.cache)


@pytest.mark.slow
def test_work_is_told_from_decoding_to_the_last_baseline(run, workspace):
    heard = []
    shortcut_scores_of_run(run, workspace.cache, lambda done, total: heard.append(done / total))
    assert np.isclose(heard[-1], 1)
    assert len(heard) > 5
