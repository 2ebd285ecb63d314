"""A corrected version of a dataset changes what was judged and nothing else, and can be had again by its name."""

import shutil

import pytest

from allcore.config import AS_GIVEN, CORRECTED, make_config
from allcore.data.catalog import scan
from allcore.data.labels.judgements import add_judgements, make_judgement
from allcore.data.labels.versions import changes_by_class, changes_in_words, label_version
from allcore.data.relations import find_relations, find_relations_of, known_relations_of
from allcore.errors import ConfigError, DatasetError


@pytest.fixture
def catalog(dataset):
    return scan(dataset)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "judgements.jsonl"


@pytest.fixture
def judge(catalog, file):
    """Return what judges the image at a path of the dataset."""

    def judge(path, verdict, becomes="", of=None):
        row = (of or catalog).table.set_index("path").loc[path]
        add_judgements(file, [make_judgement(row["sha256"], path, row["label"], ("Benign", "Pro"), verdict, becomes)])

    return judge


def labels_of(version):
    return dict(zip(*version.catalog.images()[["path", "label"]].to_numpy().T, strict=True))


def test_labels_as_given_are_the_very_catalog_whatever_was_judged(catalog, judge, file):
    judge("Benign/0.png", "wrong", "Pro")
    version = label_version(catalog, None, AS_GIVEN, file)
    assert version.catalog is catalog
    assert version.name == AS_GIVEN


def test_what_was_judged_wrong_moves_and_what_was_excluded_is_left_out_with_why(catalog, judge, file):
    given = labels_of(label_version(catalog, None, AS_GIVEN, file))
    judge("Benign/0.png", "wrong", "Pro")
    judge("Benign/1.png", "right")
    judge("Pro/0.png", "unsure")
    judge("Pro/1.png", "excluded")
    version = label_version(catalog, None, CORRECTED, file)
    assert labels_of(version) == {
        path: "Pro" if path == "Benign/0.png" else label for path, label in given.items() if path != "Pro/1.png"
    }
    assert version.catalog.not_used() == {"Pro/1.png": "excluded, as it was judged"}
    changes = changes_by_class(catalog, version.catalog, "")
    assert changes.to_numpy().tolist() == [["Benign", 4, 0, 1, 0, 3], ["Pro", 3, 1, 0, 1, 3]]
    assert changes_in_words(changes) == "1 image moved to another class, 1 excluded, of 7"


def test_a_renamed_file_keeps_its_judgement_and_a_copy_shares_it(catalog, judge, file, dataset):
    judge("Benign/0.png", "wrong", "Pro")
    (dataset / "Benign" / "0.png").rename(dataset / "Benign" / "renamed.png")
    shutil.copy(dataset / "Benign" / "renamed.png", dataset / "Benign" / "copy.png")
    labels = labels_of(label_version(scan(dataset), None, CORRECTED, file))
    assert {path for path, label in labels.items() if label == "Pro" and path.startswith("Benign")} == {
        "Benign/renamed.png", "Benign/copy.png",
    }  # fmt: skip


def test_a_copy_under_another_class_follows_the_one_that_was_judged_right(catalog, judge, file, dataset):
    shutil.copy(dataset / "Benign" / "0.png", dataset / "Pro" / "copy.png")
    judge("Benign/0.png", "right")
    version = label_version(scan(dataset), None, CORRECTED, file)
    assert labels_of(version)["Pro/copy.png"] == "Benign"


def test_a_version_is_named_by_what_it_changes_and_is_had_again_after_other_judgements(catalog, judge, file):
    judge("Benign/0.png", "wrong", "Pro")
    first = label_version(catalog, None, CORRECTED, file)
    judge("Benign/1.png", "right")  # changes nothing, so the version is the same
    assert label_version(catalog, None, CORRECTED, file).name == first.name
    judge("Benign/0.png", "excluded")
    second = label_version(catalog, None, CORRECTED, file)
    assert second.name != first.name
    again = label_version(catalog, None, first.name, file)
    assert (again.name, labels_of(again)) == (first.name, labels_of(first))
    assert make_config(dataset="x", labels=first.name).labels == first.name


def test_a_judgement_taken_back_leaves_the_version_without_it(catalog, judge, file):
    judge("Benign/0.png", "wrong", "Pro")
    first = label_version(catalog, None, CORRECTED, file).name
    judge("Pro/1.png", "excluded")
    judge("Pro/1.png", "unsure")
    assert label_version(catalog, None, CORRECTED, file).name == first


@pytest.mark.parametrize("labels", [CORRECTED, "corrected-0123456789ab"])
def test_a_version_that_corrects_nothing_or_never_was_is_refused(catalog, judge, file, labels):
    judge("Benign/0.png", "right")
    with pytest.raises(DatasetError, match=r"nothing is corrected|never made corrected-0123456789ab"):
        label_version(catalog, None, labels, file)


def test_a_class_that_the_dataset_does_not_have_changes_nothing(catalog, file):
    row = catalog.images().iloc[0]
    add_judgements(file, [make_judgement(row["sha256"], "x", "A", ("A", "B"), "wrong", "B")])
    with pytest.raises(DatasetError, match="nothing is corrected"):
        label_version(catalog, None, CORRECTED, file)


def test_one_variant_is_corrected_and_the_others_stay(make_dataset, file):
    folders = {f"{variant}/{label}": 3 for variant in ("Original", "Segmented") for label in ("Benign", "Pro")}
    whole = scan(make_dataset(folders, "both"))
    row = whole.images("Segmented").iloc[0]
    add_judgements(file, [make_judgement(row["sha256"], row["path"], "Benign", ("Benign", "Pro"), "wrong", "Pro")])
    corrected = label_version(whole, "Segmented", CORRECTED, file).catalog
    assert corrected.images("Original").equals(whole.images("Original"))
    assert (corrected.images("Segmented")["label"] == "Pro").sum() == 4
    with pytest.raises(DatasetError, match="Original"):
        label_version(whole, None, CORRECTED, file)


@pytest.mark.parametrize("labels", ["Corrected", "corrected-", "corrected-0123456789AB", "as given"])
def test_labels_that_are_no_version_are_refused(labels):
    with pytest.raises(ConfigError, match="labels: expected as_given, corrected, or corrected- and the digest"):
        make_config(dataset="x", labels=labels)


def test_a_corrected_image_keeps_its_group_and_what_an_excluded_one_connects_stays_together(
    catalog, judge, file, dataset, cache, monkeypatch
):
    for number in (1, 2):
        shutil.copy(dataset / "Benign" / "0.png", dataset / "Benign" / f"copy{number}.png")
    shutil.copy(dataset / "Pro" / "0.png", dataset / "Pro" / "copy.png")
    copied = scan(dataset)
    given = dict(zip(copied.images()["path"], find_relations(dataset, copied.images(), cache).groups, strict=True))
    judge("Pro/0.png", "wrong", "Benign", copied)
    judge("Benign/3.png", "excluded", of=copied)
    version = label_version(copied, None, CORRECTED, file).catalog
    monkeypatch.setattr("allcore.data.overlap.find_shared_fields", None)  # nothing is searched anew
    found = find_relations_of(version, None, cache)
    paths = list(version.images()["path"])
    assert "Benign/3.png" not in paths
    for one in paths:
        for other in paths:
            together = found.groups[paths.index(one)] == found.groups[paths.index(other)]
            assert together == (given[one] == given[other])
    assert found.groups[paths.index("Pro/0.png")] == found.groups[paths.index("Pro/copy.png")]
    assert all("Benign/3.png" not in pair for pair in found.overlap.exact)
    assert known_relations_of(version, "", cache).searched
