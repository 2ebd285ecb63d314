"""Folds: every image is tested once a seed, no group crosses, and each fold has each class's share."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allcore.config_parts import SplitConfig
from allcore.data.folder.parts import PARTS
from allcore.data.overlap import exact_overlap
from allcore.data.relations import Relations
from allcore.data.splits.split import Split, make_split
from allcore.errors import DatasetError
from tests.data.rows import images, in_groups, write_csv


def every_fold(rows: pd.DataFrame, relations: Relations | None = None, **fields: object) -> list[Split]:
    """Return the splits of all folds."""
    folds = [SplitConfig(**fields, fold=number + 1) for number in range(fields["folds"])]
    return [make_split(rows, config, relations) for config in folds]


def times_tested(splits: list[Split]) -> np.ndarray:
    """Return how many of the splits test each image (N,)."""
    return sum((split.table["split"] == "test").to_numpy(int) for split in splits)


def stained(rows: pd.DataFrame, clusters: int) -> Relations:
    """Return relations in which each class has so many stain clusters, of unequal sizes."""
    place = rows.groupby("label").cumcount()
    names = [f"{label}-{1 + min(int(n**0.5), clusters - 1)}" for label, n in zip(rows["label"], place, strict=True)]
    return Relations(exact_overlap(rows), np.array(names, object), searched=True)


GROUPS = st.lists(st.lists(st.integers(1, 12), min_size=6, max_size=20), min_size=2, max_size=4)


@pytest.mark.slow
@settings(max_examples=8, deadline=None, derandomize=True)
@given(GROUPS, st.integers(3, 6), st.integers(0, 2**32 - 1))
def test_every_image_is_tested_once_and_no_group_crosses_a_part_of_any_fold(sizes, folds, seed):
    rows = in_groups(dict(zip("ABCD", sizes, strict=False)))
    splits = every_fold(rows, protocol="grouped", folds=folds, seed=seed)
    assert (times_tested(splits) == 1).all()
    for split in splits:
        assert (split.table.groupby("group")["split"].nunique() == 1).all()
        assert (split.counts() > 0).all(axis=None)


@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.lists(st.integers(6, 40), min_size=2, max_size=4), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_random_folds_test_every_image_once_and_share_each_class_evenly(sizes, folds, seed):
    rows = images(dict(zip("ABCD", sizes, strict=False)))
    splits = every_fold(rows, protocol="random", folds=folds, seed=seed)
    assert (times_tested(splits) == 1).all()
    tested = np.array([split.counts()["test"] for split in splits])
    assert (tested.max(axis=0) - tested.min(axis=0) <= 1).all()


@pytest.mark.slow
@settings(max_examples=5, deadline=None, derandomize=True)
@given(st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_stain_folds_hold_out_whole_clusters_of_each_class(folds, seed):
    rows = images({"A": 60, "B": 45})
    splits = every_fold(rows, stained(rows, 7), protocol="stain", folds=folds, seed=seed)
    assert (times_tested(splits) == 1).all()
    for split in splits:
        assert (split.table.groupby("stain")["split"].nunique() == 1).all()
        validating = split.table[split.table["split"] == "validation"]
        assert (validating.groupby("label")["stain"].nunique() == 1).all()
        assert (split.counts() > 0).all(axis=None)


def test_as_many_stain_folds_as_clusters_leave_one_cluster_of_each_class_out():
    rows = images({"A": 60, "B": 45})
    for split in every_fold(rows, stained(rows, 6), protocol="stain", folds=6):
        tested = split.table[split.table["split"] == "test"]
        assert (tested.groupby("label")["stain"].nunique() == 1).all()


def test_no_patient_crosses_a_fold_though_patients_have_images_of_several_classes(tmp_path):
    rows = images({"A": 30, "B": 20})
    patients = np.random.default_rng(1).integers(15, size=50)
    lines = [f"{path},{patient}" for path, patient in zip(rows["path"], patients, strict=True)]
    table = write_csv(tmp_path / "patients.csv", "\n".join(["file,patient", *lines]))
    splits = every_fold(rows, protocol="patient", groups=table, folds=3)
    assert (times_tested(splits) == 1).all()
    for split in splits:
        assert (split.table.groupby("group")["split"].nunique() == 1).all()


@pytest.mark.slow
def test_no_fold_parts_equal_images_of_two_patients(tmp_path):
    rows = images({"A": 30, "B": 30})
    rows.loc[3, "pixel_sha256"] = rows["pixel_sha256"][0]
    lines = [f"{path},{number // 3}" for number, path in enumerate(rows["path"])]
    table = write_csv(tmp_path / "patients.csv", "\n".join(["file,patient", *lines]))
    for seed in range(20):
        splits = every_fold(rows, protocol="patient", groups=table, folds=3, seed=seed)
        assert (times_tested(splits) == 1).all()
        assert all(split.table["split"][:6].nunique() == 1 for split in splits)


@pytest.mark.slow
def test_each_fold_has_the_share_of_each_class_within_a_point_where_groups_are_small():
    rng = np.random.default_rng(0)
    sizes = {label: rng.geometric(0.6, n).tolist() for label, n in zip("ABCD", (300, 500, 480, 400), strict=True)}
    rows = in_groups(sizes)
    share = rows["label"].value_counts(normalize=True)
    for split in every_fold(rows, protocol="grouped", folds=5):
        tested = split.table.loc[split.table["split"] == "test", "label"].value_counts(normalize=True)
        assert (tested - share).abs().max() < 0.01


def test_train_and_validation_share_the_other_folds_as_their_fractions_are_to_each_other():
    rows = images({"A": 100, "B": 200})
    split = make_split(rows, SplitConfig(protocol="grouped", folds=5, train=0.6, validation=0.2, test=0.2))
    assert split.counts()[list(PARTS)].to_numpy().tolist() == [[60, 20, 20], [120, 40, 40]]


def test_another_seed_makes_other_folds():
    rows = images({"A": 50, "B": 50})
    first, other = (make_split(rows, SplitConfig(protocol="grouped", folds=5, seed=seed)) for seed in (0, 1))
    assert (first.table["split"] != other.table["split"]).any()


@pytest.mark.parametrize("protocol", ["random", "grouped"])
def test_a_class_with_fewer_groups_than_folds_is_refused_whichever_fold_is_asked_for(protocol):
    rows = images({"A": 30, "B": 4})
    for fold in range(1, 6):
        with pytest.raises(DatasetError, match=r"class B cannot be in each of 5 folds .*its 4 images form 4 groups"):
            make_split(rows, SplitConfig(protocol=protocol, folds=5, fold=fold))


@pytest.mark.parametrize("folds", [None, 6])
def test_groups_that_span_stain_clusters_are_refused_by_stain_for_either_would_be_torn(tmp_path, folds):
    rows = images({"A": 60, "B": 45})
    lines = [f"{path},{number % 9}" for number, path in enumerate(rows["path"])]
    table = write_csv(tmp_path / "groups.csv", "\n".join(["file,patient", *lines]))
    config = SplitConfig(protocol="stain", folds=folds, groups=table)
    with pytest.raises(DatasetError, match=r"stain clusters cannot both be kept whole.* leave out the table"):
        make_split(rows, config, stained(rows, 6))


def test_more_folds_than_stain_clusters_are_refused_with_their_number():
    rows = images({"A": 60, "B": 45})
    with pytest.raises(DatasetError, match=r"class A has 6 stain clusters; 7 folds by stain need 7"):
        make_split(rows, SplitConfig(protocol="stain", folds=7), stained(rows, 6))
