"""Claims about stain clusters."""

import numpy as np
import pytest

from allcore.data.catalog import scan
from allcore.data.stain import clusters as stains
from allcore.data.stain.clusters import find_stains, stain_clusters
from allcore.data.synthetic import SyntheticSpec, write_dataset


def test_images_of_one_colour_make_a_cluster_numbered_by_size():
    rng = np.random.default_rng(0)
    true = np.repeat([0, 1, 2], [30, 20, 10])
    moments = rng.normal(size=(3, 9))[true] * 40 + rng.normal(size=(60, 9))
    found = stain_clusters(moments, np.full(60, "Pro"), np.arange(60), clusters=3)
    assert found.tolist() == [f"Pro-{number + 1}" for number in true]


def test_classes_are_clustered_apart():
    moments = np.zeros((20, 9))
    moments[10:] = 100
    found = stain_clusters(moments, np.repeat(["A", "B"], 10), np.arange(20))
    assert set(found[:10]) == {"A-1"}
    assert set(found[10:]) == {"B-1"}


def test_images_of_one_group_share_the_cluster_of_most_of_them():
    moments = np.repeat([[0.0] * 9, [100.0] * 9], [10, 10], axis=0)
    groups = np.arange(20)
    groups[[0, 1, 19]] = 0
    found = stain_clusters(moments, np.full(20, "A"), groups, clusters=2)
    assert found[19] == found[0] != found[10]


@pytest.mark.parametrize("seed", range(3))
def test_clusters_are_the_same_in_whatever_order_the_images_come(seed):
    rng = np.random.default_rng(seed)
    moments, labels, groups = rng.normal(size=(120, 9)), np.repeat(["A", "B"], 60), np.arange(120) // 2
    order = rng.permutation(120)
    found = stain_clusters(moments, labels, groups)
    assert stain_clusters(moments[order], labels[order], groups[order]).tolist() == found[order].tolist()


def test_a_class_of_few_images_has_no_more_clusters_than_images():
    found = stain_clusters(np.arange(27).reshape(3, 9), np.full(3, "A"), np.arange(3))
    assert sorted(found) == ["A-1", "A-2", "A-3"]


@pytest.mark.parametrize(("rows", "at_once"), [(7, 1), (60, 7), (300, 5)])
def test_ending_once_the_centres_stand_still_changes_no_cluster(rows, at_once, monkeypatch):
    rng = np.random.default_rng(rows)
    moments, labels, groups = rng.normal(size=(rows, 9)), np.full(rows, "A"), np.arange(rows)
    monkeypatch.setattr(stains, "_AT_ONCE", at_once)
    found = stain_clusters(moments, labels, groups)
    monkeypatch.setattr(stains, "_AT_ONCE", stains._MOST)
    assert found.tolist() == stain_clusters(moments, labels, groups).tolist()


@pytest.mark.slow
def test_the_slides_of_drawn_smears_are_told_apart_by_their_colours(tmp_path):
    write_dataset(tmp_path / "smears", SyntheticSpec(images_per_class=24, image_size=64, seed=2))
    images = scan(tmp_path / "smears").images()
    found = find_stains(tmp_path / "smears", images, np.arange(len(images)), tmp_path / "cache")
    assert [stain.rsplit("-", 1)[0] for stain in found] == list(images["label"])
    assert len(set(found)) >= 16
