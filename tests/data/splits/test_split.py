"""The split: every protocol, and the file that keeps it."""

import csv
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from allcore.config_parts import SplitConfig
from allcore.data.folder.parts import PARTS
from allcore.data.splits.drawing import _drawn
from allcore.data.splits.split import COLUMNS, Split, make_split, read_split
from allcore.errors import DatasetError
from tests.data.rows import images, in_groups, write_csv

PAPER = {"Benign": 504, "Early": 985, "Pre": 963, "Pro": 804}


def counts(split: Split) -> np.ndarray:
    """Return the number of images, one row a class, one column a part."""
    table = pd.crosstab(split.table["label"], split.table["split"])
    return table.reindex(columns=list(PARTS), fill_value=0).to_numpy()


def test_counts_are_told_by_class_and_part():
    split = Split(pd.DataFrame({"label": ["Pro", "Pro", "Early"], "split": ["test", "train", "train"]}))
    assert split.counts().to_dict("index") == {
        "Early": {"train": 1, "validation": 0, "test": 0},
        "Pro": {"train": 1, "validation": 0, "test": 1},
    }


def test_images_of_a_part_form_as_many_groups_as_differ():
    table = pd.DataFrame({"split": ["test", "test", "test", "train"], "group": ["g1", "g2", "g1", "g3"]})
    assert [Split(table).groups(part) for part in PARTS] == [1, 0, 2]


# Every protocol


@pytest.mark.parametrize("protocol", ["random", "grouped"])
def test_every_image_stands_once_in_the_split_with_its_facts(protocol):
    rows = images({"A": 20, "B": 15})
    table = make_split(rows, SplitConfig(protocol=protocol)).table
    assert list(table.columns) == list(COLUMNS)
    pd.testing.assert_frame_equal(table[["path", "sha256", "label"]], rows[["path", "sha256", "label"]])


@pytest.mark.parametrize("protocol", ["random", "grouped"])
def test_the_same_seed_gives_the_same_split(protocol):
    rows = images({"A": 20, "B": 15})
    first, again = (make_split(rows, SplitConfig(protocol=protocol, seed=3)) for _ in range(2))
    pd.testing.assert_frame_equal(first.table, again.table)


@pytest.mark.parametrize("protocol", ["random", "grouped"])
def test_other_seeds_give_other_splits(protocol):
    rows = in_groups({"A": [7, 6, 5, 4, 3, 2, 1] * 3, "B": [3, 2, 1] * 10})
    splits = {tuple(make_split(rows, SplitConfig(protocol=protocol, seed=s)).table["split"]) for s in range(5)}
    assert len(splits) == 5


@pytest.mark.parametrize("protocol", ["random", "grouped"])
@pytest.mark.parametrize("size", [3, 4, 5])
def test_a_class_as_small_as_can_be_is_in_every_part(protocol, size):
    for seed in range(10):
        split = make_split(images({"A": size, "B": 3}), SplitConfig(protocol=protocol, seed=seed))
        assert (counts(split)[:, 1:] == 1).all(), "one image each for validation and test, the others for train"


@pytest.mark.parametrize("fractions", [(0.8, 0.1, 0.1), (0.6, 0.2, 0.2), (0.7, 0.1, 0.2), (1 / 3, 1 / 3, 1 / 3)])
@pytest.mark.parametrize("protocol", ["random", "grouped"])
def test_fractions_are_kept_within_one_image_a_class(protocol, fractions):
    train, validation, test = fractions
    config = SplitConfig(protocol=protocol, train=train, validation=validation, test=test)
    for sizes in (PAPER, {"A": 10, "B": 33, "C": 57}):
        exact = np.outer(list(sizes.values()), fractions)
        assert np.abs(counts(make_split(images(sizes), config)) - exact).max() < 1


# Random


def test_the_random_split_of_the_papers_images_has_its_tenth_of_each_class():
    assert counts(make_split(images(PAPER), SplitConfig())).tolist() == [
        [403, 51, 50],
        [788, 99, 98],
        [771, 96, 96],
        [643, 81, 80],
    ]


def test_twins_fall_apart_in_the_random_split_and_are_named():
    rows = in_groups({"A": [2] * 30, "B": [1] * 30})
    split = make_split(rows, SplitConfig(seed=1))
    twins = split.twins_in_train()
    train_groups = set(split.table["group"][split.table["split"] == "train"])
    assert twins.any()
    for twin, row in zip(twins, split.table.to_dict("records"), strict=True):
        assert twin == (row["split"] != "train" and row["group"] in train_groups)


def test_one_image_of_a_class_too_few_is_refused_with_counts():
    with pytest.raises(DatasetError, match=r"class B cannot be in every part \(train 0, validation 1, test 1\)"):
        make_split(images({"A": 10, "B": 2}), SplitConfig())


# Groups


def test_exact_duplicates_share_a_group_and_others_do_not():
    groups = make_split(in_groups({"A": [2, 1, 3, 1], "B": [1, 2]}), SplitConfig(protocol="random")).table["group"]
    assert groups.tolist() == ["g00000"] * 2 + ["g00001"] + ["g00002"] * 3 + [f"g0000{n}" for n in (3, 4, 5, 5)]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.lists(st.lists(st.integers(1, 30), min_size=3, max_size=15), min_size=2, max_size=4), st.integers(0, 2**32 - 1)
)
@pytest.mark.slow
def test_no_group_crosses_and_every_class_is_in_every_part_from_three_groups_on(sizes, seed):
    rows = in_groups(dict(zip("ABCD", sizes, strict=False)))
    split = make_split(rows, SplitConfig(protocol="grouped", seed=seed))
    assert (split.table.groupby("group")["split"].nunique() == 1).all()
    assert not split.twins_in_train().any()
    assert (counts(split) > 0).all()


@pytest.mark.parametrize("seed", range(6))
def test_no_patient_with_images_of_several_classes_crosses(tmp_path, seed):
    rows = images({"A": 30, "B": 20})
    patients = np.random.default_rng(seed).integers(12, size=50)
    lines = [f"{path},{patient}" for path, patient in zip(rows["path"], patients, strict=True)]
    table = write_csv(tmp_path / "patients.csv", "\n".join(["file,patient", *lines]))
    split = make_split(rows, SplitConfig(protocol="patient", groups=table, seed=seed))
    assert (split.table["group"] == patients.astype(str)).all()
    assert (split.table.groupby("group")["split"].nunique() == 1).all()
    assert (counts(split) > 0).all()


@pytest.mark.slow
def test_many_small_groups_keep_the_fractions_within_a_per_cent():
    rng = np.random.default_rng(0)
    sizes = {label: rng.geometric(0.4, 200).tolist() for label in "ABCD"}
    for seed in range(5):
        parts = counts(make_split(in_groups(sizes), SplitConfig(protocol="grouped", seed=seed)))
        assert np.abs(parts / parts.sum(axis=1, keepdims=True) - [0.8, 0.1, 0.1]).max() < 0.01


def test_a_few_large_groups_do_not_swell_the_small_parts():
    rows = in_groups({"A": [40, 40, *[1] * 20], "B": [30, 30, 20, *[1] * 20]})
    for seed in range(10):
        split = make_split(rows, SplitConfig(protocol="grouped", seed=seed))
        assert counts(split).tolist() == [[80, 10, 10], [80, 10, 10]]


@pytest.mark.slow
def test_a_large_group_that_fits_can_be_held_out_as_well_as_small_ones():
    rows = in_groups({"A": [8, *[1] * 92], "B": [1] * 10})
    places = Counter(make_split(rows, SplitConfig(protocol="grouped", seed=s)).table["split"][0] for s in range(100))
    assert set(places) == set(PARTS)
    assert places["train"] > 60


def test_a_part_is_drawn_as_the_library_for_random_numbers_draws():
    ours, theirs = np.random.default_rng(7), np.random.default_rng(7)
    for weights in np.random.default_rng(1).random((200, 9)) * ([1.0] * 8 + [0.0]):
        assert _drawn(weights, ours) == theirs.choice(9, p=weights / weights.sum())


@pytest.mark.parametrize("sizes", [[20], [10, 10]])
def test_too_few_groups_are_refused_with_their_number(sizes):
    with pytest.raises(DatasetError, match=rf"class B cannot .* its 20 images form {len(sizes)} groups; use another"):
        make_split(in_groups({"A": [1] * 10, "B": sizes}), SplitConfig(protocol="grouped"))


# The split itself


def test_classes_are_sorted_and_labels_number_them():
    split = make_split(images({"Pro": 3, "Benign": 4}), SplitConfig())
    assert split.classes == ("Benign", "Pro")
    assert split.labels().tolist() == [1] * 3 + [0] * 4


def test_rows_of_the_parts_are_every_row_once():
    split = make_split(images({"A": 20, "B": 15}), SplitConfig())
    rows = [split.rows(part) for part in PARTS]
    assert sorted(np.concatenate(rows)) == list(range(35))
    assert (split.table["split"].iloc[rows[2]] == "test").all()


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1))
@pytest.mark.slow
def test_a_written_split_reads_back_as_it_was_whatever_files_are_called(tmp_path_factory, name):
    assume(name != "NA")
    split = make_split(images({name: 3, "NA": 3}), SplitConfig())
    path = tmp_path_factory.mktemp("split") / "split.csv"
    split.write(path)
    pd.testing.assert_frame_equal(read_split(path).table, split.table, check_dtype=False)


def test_a_written_split_is_the_same_text_as_a_tables_library_writes(tmp_path):
    table = make_split(images({'a "b"': 4, "é, c": 4}), SplitConfig()).table
    table.loc[0, "path"] = "line\nbreak\r.png"
    Split(table).write(tmp_path / "split.csv")
    expected = table.to_csv(index=False, quoting=csv.QUOTE_ALL, lineterminator="\n")
    assert (tmp_path / "split.csv").read_bytes() == expected.encode()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda text: "", "is not a split: .* and 0 rows"),
        (lambda text: text.splitlines()[0], "is not a split: .* and 0 rows"),
        (lambda text: text.replace("split", "part", 1), "is not a split: expected columns path, sha256"),
        (lambda text: text[: len(text) - 4], "cannot be read"),
        (lambda text: text.rsplit(",", 1)[0], "is damaged: .*rows that are not as long as the first"),
        (lambda text: text.replace("validation", "holdout"), "is damaged: .* found 'holdout'"),
        (lambda text: text + text.splitlines()[-1] + "\n", r"is damaged: .* found B/b-003\.jpg again"),
    ],
    ids=["empty", "no rows", "other columns", "cut", "short row", "other parts", "an image twice"],
)
def test_a_damaged_split_is_refused_with_the_reason(tmp_path, damage, reason):
    path = tmp_path / "split.csv"
    make_split(images({"A": 4, "B": 4}), SplitConfig()).write(path)
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(DatasetError, match=rf"split\.csv {reason}"):
        read_split(path)


def test_a_split_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"split\.csv cannot be read"):
        read_split(tmp_path / "split.csv")
