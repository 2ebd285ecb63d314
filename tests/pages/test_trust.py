"""The Trust page in every state: numbers, leakage, duplicates, and what cannot be looked at."""

import os
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from allcore.config_parts import SplitConfig
from allcore.data.catalog import scan
from allcore.data.relations import find_relations, find_relations_of
from allcore.data.splits.split import make_split
from allcore.errors import DatasetError
from pages.ui.known.workspace import forget_catalogs
from pages.ui.shared_work import CancelledError
from tests.pages.opening import button, links, metrics, open_page, press, ran, table, texts

TABS = ("Overview", "Shared fields", "Exact duplicates", "Stain clusters", "Shortcuts")
DUPLICATES = "Exact duplicates"


def relations_of(folder: Path, cache: Path):
    catalog = scan(folder)
    return find_relations(folder, catalog.images(), cache)


def captions(app: AppTest) -> list[str]:
    return [image.captions[0].replace("\\", "") for image in app.image]


@pytest.fixture
def copies(dataset: Path) -> Path:
    """Return the drawn smears with a copy of every Pro image."""
    for image in sorted((dataset / "Pro").iterdir()):
        shutil.copy(image, image.with_stem(f"{image.stem}-copy"))
    return dataset


def test_without_a_dataset_the_page_says_where_to_get_one(workspace):
    app = open_page("trust")
    assert "No dataset yet" in texts(app)
    assert "dataset" in links(app).values()


def test_a_dataset_without_a_usable_image_says_so(workspace):
    for label in ("Benign", "Pro"):
        (workspace.datasets / "broken" / label).mkdir(parents=True)
        (workspace.datasets / "broken" / label / "1.png").write_bytes(b"")
    assert "No usable image" in texts(open_page("trust"))


@pytest.mark.parametrize("tab", TABS)
def test_an_empty_variant_says_so_on_every_tab(workspace, smears, tab):
    folder = workspace.datasets / "mine"
    shutil.copytree(smears, folder / "Original", copy_function=os.link)
    for label in ("Benign", "Early", "Pre", "Pro"):
        (folder / "Segmented" / label).mkdir(parents=True)
        (folder / "Segmented" / label / f"{label.lower()}-0001.png").write_bytes(b"no image")
    assert "No usable image" in texts(open_page("trust", variant="Segmented", view=tab))
    assert "No usable image" not in texts(open_page("trust", variant="Original", view=tab))


def test_images_groups_twins_and_pairs_are_counted(fields, workspace):
    shutil.copy(fields / "Pro" / "pro-5.png", fields / "Pro" / "pro-5-copy.png")
    shown = metrics(open_page("trust"))
    found = relations_of(fields, workspace.cache)
    shared = found.overlap.fields
    assert shown == shown | {
        "Images": "74",
        "Groups": str(found.groups.max() + 1),
        "Identical images": "2",
        "Sharing a field": str(len({*shared["first"], *shared["second"]})),
        "Pairs": str(1 + len(shared)),
        "Pairs across classes": "1",
        "Largest group": "2",
    }
    assert len(shared) == 9


@pytest.mark.slow
def test_a_field_under_two_classes_is_warned_of(few_fields):
    assert "1 pair has different classes" in texts(open_page("trust"))
    (few_fields / "Pro" / "pre-3-again.png").unlink()
    forget_catalogs()
    assert "Labels contradict" not in texts(open_page("trust"))


def test_leakage_is_that_of_the_splits_that_training_would_make(fields, workspace):
    app = open_page("trust")
    found = table(app, "twins_in_train").set_index(["protocol", "part"])
    relations = relations_of(fields, workspace.cache)
    for protocol in ("random", "grouped", "stain"):
        split = make_split(scan(fields).images(), SplitConfig(protocol=protocol), relations)
        for part in ("validation", "test"):
            rows = split.rows(part)
            twins = split.twins_in_train()[rows].sum()
            assert tuple(found.loc[(protocol, part)]) == (len(rows), twins, 100 * twins / len(rows))
    shown = [metric.value for metric in app.metric if metric.label == "Test images with a twin in train"]
    assert shown == [
        "{1:.0f} of {0:.0f}".format(*found.loc[(protocol, "test")]) for protocol in ("random", "grouped", "stain")
    ]
    assert not shown[0].startswith("0 ")
    assert shown[1].startswith("0 of ")


def test_the_leak_of_a_datasets_own_folders_stands_beside_the_others(workspace, smears_in_parts, monkeypatch):
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(smears_in_parts.parent))
    leak = table(open_page("trust"), "twins_in_train").set_index(["protocol", "part"])
    assert leak.loc[("folders", "test"), "images"] == 12
    assert leak.loc[("folders", "test"), "twins_in_train"] >= 1


def test_a_protocol_that_does_not_fit_says_why_beside_the_others(workspace, smears):
    folder = workspace.datasets / "mine"
    shutil.copytree(smears, folder, copy_function=os.link)
    for image in list((folder / "Pro").iterdir())[1:]:
        shutil.copy(folder / "Benign" / "benign-0001.jpg", folder / "Pro" / f"same-{image.name}")
        image.unlink()
    app = open_page("trust")
    assert "This split is not possible here" in texts(app)
    assert set(table(app, "twins_in_train")["protocol"]) == {"random"}


@pytest.mark.parametrize("tab", TABS)
def test_a_dataset_too_small_for_any_split_fails_on_no_tab(workspace, smears, tab):
    for label in ("Benign", "Pro"):
        (workspace.datasets / "mine" / label).mkdir(parents=True)
        shutil.copy(smears / label / f"{label.lower()}-0001.jpg", workspace.datasets / "mine" / label)
    app = open_page("trust", view=tab)
    assert not app.error
    assert len(app.warning) == {"Overview": 3, "Stain clusters": 1, "Shortcuts": 3}.get(tab, 0)


@pytest.mark.slow
def test_damaged_files_are_left_out(few_fields):
    images = len(list(few_fields.rglob("*.png")))
    (few_fields / "Pro" / "pro-3.png").unlink()
    (few_fields / "Pro" / "pro-3.png").write_bytes(b"damaged")
    assert metrics(open_page("trust"))["Images"] == str(images - 1)


@pytest.mark.slow
def test_an_image_that_vanished_before_the_search_leaves_what_is_known_without_it(few_fields):
    open_page("dataset")
    (few_fields / "Pro" / "pro-3.png").unlink()
    for tab in TABS:
        app = open_page("trust", view=tab)
        assert "Shared fields could not be looked for" in texts(app), tab
        assert "Pro/pro-3.png can no longer be read" in texts(app).replace("\\", ""), tab
    app = open_page("trust", view="Overview")
    assert metrics(app)["Sharing a field"] == "–"
    assert set(table(app, "twins_in_train")["protocol"]) == {"random", "grouped"}
    app = press(app, "Read the folder again")
    assert "Shared fields could not be looked for" not in texts(app)


@pytest.mark.slow
def test_a_search_that_broke_off_is_made_whole_by_the_next_visit_and_not_made_again(few_fields, monkeypatch):
    def broken_off(done, total):
        raise DatasetError("the disk has gone")

    with monkeypatch.context() as patch:
        patch.setattr(
            "pages.ui.known.workspace.find_relations_of",
            lambda of, variant, cache, on_progress: find_relations_of(of, variant, cache, broken_off),
        )
        assert "the disk has gone" in texts(open_page("trust"))
    assert metrics(open_page("trust"))["Sharing a field"] == "18"
    monkeypatch.setattr("pages.ui.known.workspace.find_relations_of", None)
    assert metrics(open_page("trust", view="Overview"))["Sharing a field"] == "18"


def test_a_renamed_file_is_known_by_its_new_name(fields):
    open_page("trust")
    (fields / "Benign" / "benign-1.png").rename(fields / "Benign" / "z.png")
    forget_catalogs()
    pairs = table(open_page("trust", view="Shared fields"), "placement")
    assert "Benign/z.png" in {*pairs["first"], *pairs["second"]}


def test_a_link_opens_its_tab(fields):
    assert metrics(open_page("trust", view="Overview"))
    assert not metrics(open_page("trust", view="Stain clusters"))


def test_identical_images_stand_side_by_side_a_page_at_a_time(copies):
    app = open_page("trust", view=DUPLICATES)
    assert app.pagination[0].num_pages == 2
    first = captions(app)
    assert first[:2] == ["Pro: pro-0001-copy.jpg", "Pro: pro-0001.jpg"]
    assert len(first) == 16
    app.pagination[0].set_value(2)
    second = captions(ran(app))
    assert len({*first, *second}) == 32


def test_all_duplicates_are_in_one_table(copies):
    frame = table(open_page("trust", view=DUPLICATES), "path")
    assert sorted(frame["path"]) == sorted(f"Pro/{image.name}" for image in (copies / "Pro").iterdir())
    assert (frame.groupby("group").size() == 2).all()


def test_a_large_group_is_shown_in_part(copies):
    for number in range(9):
        shutil.copy(copies / "Pre" / "pre-0001.jpg", copies / "Pre" / f"again-{number}.jpg")
    assert "and 4 more" in texts(open_page("trust", view=DUPLICATES))


def test_one_picture_under_two_classes_is_pointed_out(copies):
    assert "Labels contradict each other" not in texts(open_page("trust", view=DUPLICATES))
    shutil.copy(copies / "Pre" / "pre-0001.jpg", copies / "Benign" / "wrong.jpg")
    forget_catalogs()
    assert "Labels contradict each other" in texts(open_page("trust", view=DUPLICATES))


def test_a_dataset_without_copies_is_said_to_have_none(dataset):
    assert "No two images of this variant have the same pixels" in texts(open_page("trust", view=DUPLICATES))


def test_a_copy_deleted_since_it_was_listed_does_not_stop_the_others(copies):
    app = open_page("trust", view=DUPLICATES)
    (copies / "Pro" / "pro-0001.jpg").unlink()
    app = ran(app)
    assert len(app.image) == 15
    assert any("No such file" in caption.value for caption in app.caption)


def test_a_search_that_somebody_cancelled_leaves_the_exact_duplicates_and_can_be_asked_for(dataset, monkeypatch):
    def cancelled(*arguments):
        raise CancelledError("by somebody")

    monkeypatch.setattr("pages.ui.known.workspace.searched_relations", cancelled)
    app = open_page("trust")
    assert "The search for shared fields was cancelled What follows knows exact duplicates alone." in texts(app)
    assert not button(app, "Look for shared fields").disabled
