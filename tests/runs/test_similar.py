"""The training images nearest to an image, by the angle between features."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist

from allcore.data.splits.split import Split
from allcore.errors import RunError
from allcore.runs.folder.store import Run
from allcore.runs.similar import TrainingFeatures, read_training_features

UNITS = 12


def table(count):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "path": [f"Pro/{number:03d}.jpg" for number in range(count)],
            "sha256": [f"{number:064x}" for number in range(count)],
            "label": rng.choice(["Benign", "Pro"], count),
            "group": [f"g{number}" for number in range(count)],
            "stain": "",
            "split": rng.choice(["train", "validation", "test"], count),
        }
    )


@pytest.fixture
def kept(tmp_path):
    """Return a run folder with a split of 60 images, and their features."""
    run = Run(tmp_path / "20261123-000000-vgg16-32px-0000")
    run.folder.mkdir()
    Split(table(60)).write(run.folder / "split.csv")
    features = np.random.default_rng(1).normal(0, 3, (60, UNITS)).astype(np.float32)
    np.save(run.folder / "features.npy", features)
    return run, features


def test_neighbours_are_those_of_an_exhaustive_search_by_cosine(kept):
    run, features = kept
    query = np.random.default_rng(2).normal(0, 1, UNITS).astype(np.float32)
    train = run.split.rows("train")
    similarity = 1.0 - cdist(query[None], features[train], "cosine")[0]
    order = np.argsort(-similarity)[:7]
    found = read_training_features(run).most_similar(query, 7)
    assert [near.path for near in found] == list(run.split.table["path"].iloc[train[order]])
    assert [near.label for near in found] == list(run.split.table["label"].iloc[train[order]])
    np.testing.assert_allclose([near.similarity for near in found], similarity[order], atol=1e-6)


def test_only_training_images_are_found(kept):
    run, features = kept
    found = read_training_features(run).most_similar(features[run.split.rows("test")[0]], 60)
    assert {near.path for near in found} == set(run.split.table["path"].iloc[run.split.rows("train")])


def test_training_image_is_most_similar_to_itself_whatever_its_length(kept):
    run, features = kept
    row = run.split.rows("train")[4]
    nearest = read_training_features(run).most_similar(25.0 * features[row], 1)[0]
    assert nearest.sha256 == run.split.table["sha256"][row]
    assert nearest.similarity == pytest.approx(1.0)
    assert nearest.similarity <= 1.0


def test_features_without_any_activation_are_like_nothing():
    kept = TrainingFeatures(table(3), np.eye(3, UNITS, dtype=np.float32))
    assert {near.similarity for near in kept.most_similar(np.zeros(UNITS, np.float32), 3)} == {0.0}


def test_features_of_another_network_are_refused(kept):
    with pytest.raises(RunError, match="12 features an image, the model gives 5"):
        read_training_features(kept[0]).most_similar(np.ones(5, np.float32), 1)


def test_features_that_are_not_of_the_split_are_refused(kept):
    run, features = kept
    np.save(run.folder / "features.npy", features[:-1])
    with pytest.raises(RunError, match="expected floats, one row for each of the 60 images"):
        read_training_features(run)


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY\x01", b"no array"])
def test_damaged_features_are_refused(kept, damage):
    run, _ = kept
    (run.folder / "features.npy").write_bytes(damage)
    with pytest.raises(RunError, match="cannot be read"):
        read_training_features(run)


def test_missing_features_are_refused(kept):
    run, _ = kept
    (run.folder / "features.npy").unlink()
    with pytest.raises(RunError, match="cannot be read"):
        read_training_features(run)
