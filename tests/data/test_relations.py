"""Claims about what is known of how images belong together, and how it is kept."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from pyarrow import parquet

from allcore.config_parts import SplitConfig
from allcore.data import overlap
from allcore.data.catalog import scan
from allcore.data.relations import Relations, catalog_relations, find_relations, known_relations_of
from allcore.data.splits.split import make_split
from allcore.data.synthetic import SyntheticSpec, write_dataset
from allcore.errors import DatasetError


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """A dataset with planted shared fields, the planted pairs, and a cache that knows its relations."""
    folder = tmp_path_factory.mktemp("relations") / "twins"
    planted = write_dataset(folder, SyntheticSpec(images_per_class=18, image_size=112, twins=0.4, seed=4))
    shutil.copy(folder / planted[0][0], folder / "Benign" / "copy.jpg")
    images = scan(folder).images()
    cache = folder.parent / "cache"
    return folder, planted, images, cache, find_relations(folder, images, cache)


def test_planted_pairs_and_copies_share_a_group(twins):
    _, planted, images, _, relations = twins
    group = dict(zip(images["path"], relations.groups, strict=True))
    assert all(group[a] == group[b] for a, b in planted)
    assert group["Benign/copy.jpg"] == group[planted[0][0]] == group[planted[0][1]]
    assert len(set(relations.groups)) == len(images) - len(planted) - 1


def test_a_copy_has_the_pairs_of_its_original_and_is_no_shared_field_of_it(twins):
    _, planted, _, _, relations = twins
    first, second = planted[0]
    pairs = {
        frozenset(pair) for pair in zip(*(relations.overlap.fields[side] for side in ("first", "second")), strict=True)
    }
    assert {frozenset((first, second)), frozenset(("Benign/copy.jpg", second))} <= pairs
    assert frozenset((first, "Benign/copy.jpg")) not in pairs
    assert relations.overlap.exact == [tuple(sorted((first, "Benign/copy.jpg")))]


def test_what_was_found_is_known_without_the_images_under_any_name(twins, tmp_path, monkeypatch):
    _, _, images, cache, relations = twins
    monkeypatch.setattr(overlap, "find_shared_fields", lambda *_: pytest.fail("searched again"))
    renamed = images.assign(path=[f"elsewhere/{path}" for path in images["path"]])[::-1].reset_index(drop=True)
    again = find_relations(tmp_path / "gone", renamed, cache)
    assert again.searched
    pairs_of = lambda groups: groups[:, None] == groups  # noqa: E731
    assert (pairs_of(again.groups[::-1]) == pairs_of(relations.groups)).all()
    assert again.stains[::-1].tolist() == relations.stains.tolist()


def test_a_damaged_copy_costs_a_search_and_no_more(twins, tmp_path):
    folder, _, images, cache, relations = twins
    shutil.copytree(cache, tmp_path / "cache")
    for kept in [*(tmp_path / "cache" / "overlap").iterdir(), *(tmp_path / "cache" / "stains").iterdir()]:
        kept.write_bytes(kept.read_bytes()[:100])
    assert not known_relations_of(scan(folder), "", tmp_path / "cache").searched
    again = find_relations(folder, images, tmp_path / "cache")
    assert again.groups.tolist() == relations.groups.tolist()


@pytest.mark.parametrize("metadata", [b"{}", b"[]", b"[" * 10_000])
def test_what_pandas_notes_of_shared_fields_is_not_needed(twins, tmp_path, metadata):
    folder, _, _, cache, relations = twins
    copy = shutil.copytree(cache, tmp_path / "cache")
    (file,) = (copy / "overlap").iterdir()
    parquet.write_table(parquet.read_table(file).replace_schema_metadata({b"pandas": metadata}), file)
    assert known_relations_of(scan(folder), "", copy).groups.tolist() == relations.groups.tolist()


@pytest.mark.parametrize("text", ["null", "[1]", "{}", "[" * 10_000])
def test_stains_that_are_none_are_looked_for_again(twins, tmp_path, text):
    folder, _, images, cache, relations = twins
    copy = shutil.copytree(cache, tmp_path / "cache")
    for file in (copy / "stains").iterdir():
        file.write_text(text)
    assert find_relations(folder, images, copy).stains.tolist() == relations.stains.tolist()


def test_stains_that_were_found_with_other_groups_are_looked_for_again(twins, tmp_path, monkeypatch):
    folder, _, images, cache, relations = twins
    copy = shutil.copytree(cache, tmp_path / "cache")
    one, other = (np.flatnonzero(relations.stains == stain)[0] for stain in ("Benign-1", "Benign-2"))
    joined = np.where(relations.groups == relations.groups[other], relations.groups[one], relations.groups)
    overlap_now = replace(relations.overlap, groups=joined)
    monkeypatch.setattr("allcore.data.relations.find_overlap", lambda *_: overlap_now)
    stains = find_relations(folder, images, copy).stains
    assert stains[one] == stains[other]


@pytest.mark.parametrize("part", ["overlap.SEARCH_VERSION", "relations.CLUSTERS_WORK"])
def test_what_an_older_search_found_is_searched_for_again(twins, monkeypatch, part):
    folder, _, _, cache, _ = twins
    assert known_relations_of(scan(folder), "", cache).searched
    monkeypatch.setattr(f"allcore.data.{part}", "another")
    assert not known_relations_of(scan(folder), "", cache).searched


def test_before_a_search_only_exact_duplicates_are_known(twins, tmp_path):
    folder, _, images, _, _ = twins
    known = known_relations_of(scan(folder), "", tmp_path)
    assert not known.searched
    assert len(set(known.groups)) == len(images) - 1
    assert known.overlap.fields.empty
    assert set(known.stains) == {""}


def test_no_overlap_group_crosses_a_grouped_split_or_a_stain_split(twins):
    _, _, images, _, relations = twins
    for protocol in ("grouped", "stain"):
        split = make_split(images, SplitConfig(protocol=protocol), relations)
        assert not split.twins_in_train().any()


def test_a_stain_split_holds_out_one_cluster_a_class_for_the_test_and_one_for_validation(twins):
    _, _, images, _, relations = twins
    for seed in range(5):
        table = make_split(images, SplitConfig(protocol="stain", seed=seed), relations).table
        assert table.groupby("stain")["split"].nunique().max() == 1
        held = table.drop_duplicates("stain").groupby(["label", "split"]).size().unstack()
        assert (held[["test", "validation"]] == 1).all().all()


def test_a_picture_under_two_classes_is_in_one_part_of_a_stain_split(twins):
    _, _, images, _, relations = twins
    groups = relations.groups.copy()
    groups[images.index[images["label"] == "Pro"][0]] = groups[images.index[images["label"] == "Pre"][0]]
    mixed = Relations(replace(relations.overlap, groups=groups), relations.stains, searched=True)
    for seed in range(5):
        split = make_split(images, SplitConfig(protocol="stain", seed=seed), mixed)
        assert not split.twins_in_train().any()


def test_other_seeds_hold_out_other_stains(twins):
    _, _, images, _, relations = twins

    def held(seed):
        table = make_split(images, SplitConfig(protocol="stain", seed=seed), relations).table
        return frozenset(table.loc[table["split"] == "test", "stain"])

    assert len({held(seed) for seed in range(6)}) > 1


def test_a_class_of_too_few_stain_clusters_is_named(twins):
    _, _, images, _, relations = twins
    one = Relations(relations.overlap, np.where(images["label"] == "Pro", "Pro-1", relations.stains), searched=True)
    with pytest.raises(DatasetError, match="class Pro has 1 stain clusters"):
        make_split(images, SplitConfig(protocol="stain"), one)
    with pytest.raises(DatasetError, match="has 0 stain clusters"):
        make_split(images, SplitConfig(protocol="stain"), catalog_relations(images))
