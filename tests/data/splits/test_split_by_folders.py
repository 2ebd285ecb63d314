"""The split that a dataset's own folders make."""

import pytest

from allcore.config_parts import SplitConfig
from allcore.data.browse import class_counts, held_out_twins, leakage
from allcore.data.catalog import scan
from allcore.data.relations import catalog_relations
from allcore.data.splits.split import COLUMNS, make_split
from allcore.errors import DatasetError
from tests.data.rows import images, in_groups

BY_FOLDERS = SplitConfig(protocol="folders", seed=1)


def divided(rows, *parts):
    """Return catalog rows whose folders put a third, or what fits, of each class into each of `parts`."""
    place = rows.groupby("label").cumcount() % len(parts)
    return rows.assign(part=[parts[number] for number in place])


def test_every_image_goes_where_its_folder_says():
    rows = divided(images({"A": 9, "B": 12}), "train", "validation", "test")
    table = make_split(rows, BY_FOLDERS).table
    assert table["split"].tolist() == rows["part"].tolist()
    assert list(table.columns) == list(COLUMNS)


def test_without_a_folder_for_validation_it_is_drawn_from_train_by_whole_groups():
    rows = in_groups({"A": [2] * 40, "B": [2] * 40})
    rows = rows.assign(part=["test" if number % 40 < 8 else "train" for number in range(len(rows))])
    table = make_split(rows, BY_FOLDERS).table
    assert set(table["path"][table["split"] == "test"]) == set(rows["path"][rows["part"] == "test"])
    learned = table[table["split"] != "test"]
    assert (learned.groupby("group")["split"].nunique() == 1).all()
    share = (learned["split"] == "validation").groupby(learned["label"]).mean()
    assert share.between(0.08, 0.15).all()  # 0.1 of 0.8 + 0.1


@pytest.mark.parametrize(
    ("parts", "found"),
    [(("",), "found none of them"), (("train", "validation"), "found train, validation"), (("test",), "found test")],
)
def test_folders_that_make_no_split_are_refused_with_what_there_is(parts, found):
    with pytest.raises(DatasetError, match=f"expected train/ and test/ .*{found}; use another protocol"):
        make_split(divided(images({"A": 6, "B": 6}), *parts), BY_FOLDERS)


def test_a_class_that_a_part_lacks_is_named():
    rows = divided(images({"A": 6, "B": 6}), "train", "validation", "test")
    rows.loc[(rows["label"] == "B") & (rows["part"] == "test"), "part"] = "train"
    with pytest.raises(
        DatasetError, match=r"class B cannot be in every part .*test 0.*the folders hold no others of it"
    ):
        make_split(rows, BY_FOLDERS)


@pytest.mark.parametrize("protocol", ["random", "grouped"])
def test_other_protocols_divide_anew(protocol):
    rows = images({"A": 20, "B": 20})
    table = make_split(divided(rows, "train", "validation", "test"), SplitConfig(protocol=protocol)).table
    assert table.equals(make_split(rows, SplitConfig(protocol=protocol)).table)


@pytest.fixture
def leaking(make_dataset):
    """Return a catalog whose test/ holds one picture of train/ and whose folders divide 2 classes 4, 3 and 3 apart."""
    counts = {f"{part}/{label}": count for part, count in (("train", 4), ("val", 3), ("test", 3)) for label in "AB"}
    folder = make_dataset(counts)
    (folder / "test" / "A" / "0.png").write_bytes((folder / "train" / "A" / "1.png").read_bytes())
    return scan(folder)


def test_counts_and_twins_follow_the_folders(leaking):
    counts = class_counts(leaking).set_index("class")
    assert counts[["images", "train", "validation", "test"]].loc["A"].tolist() == [10, 4, 3, 3]
    rows = leaking.images()
    assert held_out_twins(rows) == 1
    table = leakage(rows, BY_FOLDERS, catalog_relations(rows)).set_index("part")
    assert table["twins_in_train"].to_dict() == {"validation": 0, "test": 1}


def test_a_picture_that_moves_to_another_part_changes_the_fingerprint(leaking):
    before = leaking.fingerprint()
    (leaking.root / "test" / "B" / "0.png").rename(leaking.root / "train" / "B" / "moved.png")
    assert scan(leaking.root).fingerprint() != before
