import shutil
from pathlib import Path

import pytest

from allcore.config_parts import SplitConfig
from allcore.data.browse import browse, class_counts, duplicates, image_kinds, leakage, place_in_split
from allcore.data.catalog import scan
from allcore.data.relations import catalog_relations
from allcore.data.splits.split import make_split
from allcore.errors import DatasetError


@pytest.fixture
def dataset(make_dataset) -> Path:
    """Return a dataset of two variants, six images a class, with one copy and one damaged file in Original/Pro."""
    counts = {f"{variant}/{label}": 6 for variant in ("Original", "Segmented") for label in ("Benign", "Pro")}
    folder = make_dataset(counts)
    shutil.copy(folder / "Original" / "Pro" / "1.png", folder / "Original" / "Pro" / "copy.png")
    (folder / "Original" / "Pro" / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def _browse(dataset, variant=None):
    catalog = scan(dataset)
    return browse(catalog, catalog_relations(catalog.images(variant)), variant)


def test_images_with_the_same_pixels_share_a_group_and_are_each_others_twins(dataset):
    rows = _browse(dataset).set_index("path")
    one, copy = rows.loc["Original/Pro/1.png"], rows.loc["Original/Pro/copy.png"]
    assert (one["group"], one["twins"]) == (copy["group"], 1)
    assert (rows.drop([one.name, copy.name])["twins"] == 0).all()


def test_unusable_files_are_listed_without_a_group(dataset):
    rows = _browse(dataset).set_index("path")
    assert len(rows) == 14
    assert tuple(rows.loc["Original/Pro/damaged.png", ["group", "twins"]]) == (-1, 0)


def test_only_the_variant_asked_for_is_listed(dataset):
    assert set(_browse(dataset, "Segmented")["variant"]) == {"Segmented"}


@pytest.mark.parametrize(("trained_on", "looked_at"), [("Original", "."), (".", "Original"), (".", ".")])
def test_every_image_of_a_run_is_found_whichever_folder_the_run_was_made_on(dataset, trained_on, looked_at):
    split = make_split(scan(dataset / trained_on).images(), SplitConfig())
    catalog = scan(dataset / looked_at)
    placed = place_in_split(catalog.images(), split)
    assert placed["split"].value_counts().to_dict() == split.table["split"].value_counts().to_dict()
    assert set(placed["group"]) == set(split.table["group"])


def test_images_of_the_same_name_in_another_variant_are_not_the_runs(dataset):
    split = make_split(scan(dataset / "Original").images(), SplitConfig())
    assert set(place_in_split(scan(dataset).images("Segmented"), split)["split"]) == {""}


def test_an_image_whose_content_changed_is_not_the_runs(dataset):
    split = make_split(scan(dataset).images(), SplitConfig())
    shutil.copy(dataset / "Segmented" / "Pro" / "2.png", dataset / "Original" / "Pro" / "2.png")
    rows = scan(dataset).images()
    placed = place_in_split(rows, split)
    assert list(rows["path"][placed["split"] == ""]) == ["Original/Pro/2.png"]


def test_a_copy_of_an_image_keeps_its_own_place(dataset):
    rows = scan(dataset).images()
    split = make_split(rows, SplitConfig(seed=3))
    placed = place_in_split(rows, split)
    assert list(placed["split"]) == list(split.table["split"])


def test_classes_are_counted_by_variant_usable_or_not(dataset):
    counts = class_counts(scan(dataset)).set_index(["variant", "class"])
    assert list(counts.columns) == ["images", "unusable"]
    assert tuple(counts.loc[("Original", "Pro")]) == (7, 1)
    assert tuple(counts.loc[("Segmented", "Benign")]) == (6, 0)


def test_with_a_split_each_part_is_counted(dataset):
    catalog = scan(dataset)
    counts = class_counts(catalog, make_split(catalog.images(), SplitConfig())).set_index(["variant", "class"])
    parts = counts[["train", "validation", "test"]]
    assert (parts.loc["Original"].sum(axis=1) == counts.loc["Original"]["images"]).all()
    assert (parts.loc["Segmented"] == 0).all(axis=None)


def test_sizes_are_counted_the_most_frequent_first(dataset):
    kinds = image_kinds(scan(dataset).images())
    assert list(kinds.columns) == ["width", "height", "mode", "images"]
    assert kinds["images"].is_monotonic_decreasing
    assert kinds["images"].sum() == 13


def test_duplicates_are_those_images_that_share_a_group(dataset):
    assert duplicates(scan(dataset).images())["path"].tolist() == ["Original/Pro/1.png", "Original/Pro/copy.png"]


def test_a_dataset_without_copies_has_no_duplicates(dataset):
    assert duplicates(scan(dataset).images("Segmented")).empty


def test_leakage_counts_the_images_whose_twin_is_in_train(make_dataset):
    folder = make_dataset({"Benign": 10, "Pro": 10})
    for image in [*(folder / "Benign").iterdir(), *(folder / "Pro").iterdir()]:
        shutil.copy(image, image.with_stem(f"{image.stem}-copy"))
    images = scan(folder).images()
    found = leakage(images, SplitConfig(), catalog_relations(images)).set_index("part")
    table = make_split(images, SplitConfig()).table
    train = set(table.loc[table["split"] == "train", "group"])
    for part in ("validation", "test"):
        groups = table.loc[table["split"] == part, "group"]
        assert tuple(found.loc[part]) == (len(groups), sum(group in train for group in groups))
    assert found["twins_in_train"].sum() > 0


def test_no_twin_crosses_a_grouped_split(make_dataset):
    folder = make_dataset({"Benign": 10, "Pro": 10})
    for image in list((folder / "Pro").iterdir()):
        shutil.copy(image, image.with_stem(f"{image.stem}-copy"))
    images = scan(folder).images()
    found = leakage(images, SplitConfig(protocol="grouped"), catalog_relations(images))
    assert found["twins_in_train"].tolist() == [0, 0]


def test_images_that_cannot_be_split_are_refused(make_dataset):
    folder = make_dataset({"Benign": 4, "Pro": 1})
    for number in range(3):
        shutil.copy(folder / "Pro" / "0.png", folder / "Pro" / f"copy{number}.png")
    images = scan(folder).images()
    with pytest.raises(DatasetError, match="Pro"):
        leakage(images, SplitConfig(protocol="grouped"), catalog_relations(images))
