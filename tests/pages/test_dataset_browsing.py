"""The Dataset page: browsing a dataset, with and without a run."""

import os
import shutil
from pathlib import Path

import pytest

from allcore.data.catalog import scan
from allcore.workspace import Workspace
from tests.pages.opening import choose, listed_images, open_page, press, ran, table, texts


def test_the_line_above_the_images_says_what_is_there(browsed):
    line = next(each.value for each in open_page("dataset").markdown if "usable images" in each.value)
    assert line == (
        "**65** usable images · **4** classes · **48 × 48** px · **1** exact duplicate pair · **1** unusable file"
    )


def test_images_come_24_a_page_and_the_page_stands_in_the_url(browsed):
    app = open_page("dataset")
    assert (len(listed_images(app)), app.pagination[0].num_pages) == (24, 3)
    app = choose(app, "page", 3)
    assert len(listed_images(app)) == 17
    assert listed_images(open_page("dataset", page="3")) == listed_images(app)


def test_every_image_is_on_exactly_one_page(browsed):
    app = open_page("dataset")
    paths = [path for page in (1, 2, 3) for path in listed_images(choose(app, "page", page))]
    assert paths == scan(browsed).images()["path"].tolist()


def test_only_images_of_the_chosen_class_are_shown_from_their_first_page_on(browsed):
    app = choose(choose(open_page("dataset"), "page", 3), "class", "Early")
    assert app.pagination[0].value == 1
    assert [path.split("/")[0] for path in listed_images(app)] == ["Early"] * 16


def test_only_images_with_a_twin_are_shown_side_by_side(browsed):
    assert listed_images(open_page("dataset", show="With a twin")) == ["Pro/copy.jpg", "Pro/pro-0001.jpg"]


def test_unusable_files_are_shown_with_the_reason_and_no_picture(browsed):
    app = open_page("dataset", show="Unusable files")
    assert listed_images(app) == ["Pro/damaged.jpg"]
    assert len(app.image) == 0
    reason = scan(browsed).problems()["problem"].iloc[0]
    assert f"Pro: {reason}" in [caption.value.replace("\\", "") for caption in app.caption]


def test_a_choice_that_nothing_fits_says_so(browsed):
    assert "No image" in texts(open_page("dataset", **{"show": "With a twin", "class": "Benign"}))


def test_problems_are_listed_with_the_reason(browsed):
    problems = table(open_page("dataset", view="Problems"), "why")
    assert problems["file"].tolist() == ["Pro/damaged.jpg"]
    assert problems["why"].tolist() == scan(browsed).problems()["problem"].tolist()


def test_a_mended_file_is_seen_after_reading_again(browsed):
    app = open_page("dataset", view="Problems")
    shutil.copy(browsed / "Pro" / "pro-0002.jpg", browsed / "Pro" / "damaged.jpg")
    assert "Every file of this dataset can be used" in texts(press(app, "Read the folder again"))


def test_counts_are_those_of_the_classes(browsed):
    app = open_page("dataset", view="Counts")
    counts = table(app, "unusable").set_index("class")
    assert counts["images"].to_dict() == {"Benign": 16, "Early": 16, "Pre": 16, "Pro": 17}
    assert counts["unusable"].to_dict() == {"Benign": 0, "Early": 0, "Pre": 0, "Pro": 1}
    assert len(app.get("plotly_chart")) == 1


def test_sizes_are_counted(browsed):
    sizes = table(open_page("dataset", view="Counts"), "width")
    assert sizes.to_dict("records") == [{"width": 48, "height": 48, "mode": "RGB", "images": 65}]


def test_variants_are_chosen_and_shown_apart(workspace, smears):
    for variant in ("Original", "Segmented"):
        shutil.copytree(smears, workspace.datasets / "both" / variant, copy_function=os.link)
    assert {path.split("/")[0] for path in listed_images(open_page("dataset"))} == {"Original"}
    assert {path.split("/")[0] for path in listed_images(open_page("dataset", variant="Segmented"))} == {"Segmented"}


def test_file_names_with_markup_are_shown_as_they_are(browsed):
    name = "a_b*c [d] $e$ `f`.jpg"
    shutil.copy(browsed / "Pre" / "pre-0001.jpg", browsed / "Benign" / name)
    app = open_page("dataset", **{"class": "Benign"})
    button = next(each for each in app.button if each.key == f"open-Benign/{name}")
    assert button.label.replace("\\", "") == name
    assert "\\*" in button.label


def test_a_dataset_that_vanished_is_said_to_be_missing_and_the_others_are_offered(browsed, workspace, smears):
    shutil.copytree(smears, workspace.datasets / "other", copy_function=os.link)
    app = choose(open_page("dataset"), "data", "other")
    shutil.rmtree(workspace.datasets / "other")
    assert "No such dataset" in texts(ran(app))
    assert app.selectbox(key="data").value is None
    assert listed_images(choose(app, "data", "mine"))


def test_a_dataset_of_the_url_that_is_not_there_is_said_to_be_missing(browsed):
    app = open_page("dataset", data="another")
    assert "No such dataset" in texts(app)
    assert "another" in texts(app)
    assert app.selectbox(key="data").options == ["mine"]
    assert not listed_images(app)


def test_address_names_the_dataset_that_is_shown_though_none_was_chosen(browsed):
    assert open_page("dataset").query_params["data"] == "mine"


def test_datasets_of_the_same_name_in_two_roots_are_both_listed(workspace, smears, tmp_path, monkeypatch):
    roots = [tmp_path / side / "smears" for side in ("left", "right")]
    for root in roots:
        shutil.copytree(smears, root / "all", copy_function=os.link)
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", os.pathsep.join(map(str, roots)))
    assert open_page("dataset").selectbox(key="data").options == ["smears/all", str(roots[1] / "all")]


# With a run


def test_without_a_run_there_is_no_split_to_choose(browsed):
    app = open_page("dataset")
    assert "run" not in [each.key for each in app.selectbox]
    assert "split" not in [each.key for each in app.pills]


def test_images_of_each_part_of_a_runs_split_can_be_seen(run):
    for part in ("train", "validation", "test"):
        app = open_page("dataset", run=run.id, split=part)
        table = run.split.table
        wanted = sorted(table.loc[table["split"] == part, "path"])
        assert listed_images(app) == wanted[:24]
        assert all(part in caption.value for caption in app.caption if caption.value.startswith(("Pre", "Pro")))


def test_counts_by_split_are_the_runs(run):
    counts = table(open_page("dataset", run=run.id, view="Counts"), "train").set_index("class")
    wanted = run.split.table.groupby("label")["split"].value_counts().unstack()
    assert counts[["train", "validation", "test"]].to_dict() == wanted[["train", "validation", "test"]].to_dict()


def test_runs_on_other_datasets_are_not_offered(run, browsed):
    app = open_page("dataset", data="mine")
    assert "run" not in [each.key for each in app.selectbox]


def test_a_damaged_split_is_said_and_the_images_are_shown(run):
    (run.folder / "split.csv").write_text("nonsense")
    app = open_page("dataset", run=run.id)
    assert "This run's split cannot be shown" in texts(app)
    assert len(listed_images(app)) == 24


def test_a_damaged_run_is_left_out(run):
    (run.folder / "config.json").write_text("{")
    app = open_page("dataset")
    assert "run" not in [each.key for each in app.selectbox]
    assert len(listed_images(app)) == 24


# From page to page


@pytest.fixture
def two_variants(workspace: Workspace, smears: Path) -> None:
    """Put two datasets into the workspace; the second has two variants."""
    shutil.copytree(smears, workspace.datasets / "first", copy_function=os.link)
    for variant in ("Original", "Segmented"):
        shutil.copytree(smears, workspace.datasets / "second" / variant, copy_function=os.link)


def test_dataset_and_variant_of_the_url_stay_chosen_on_other_pages(two_variants):
    app = open_page("dataset", data="second", variant="Segmented")
    app.query_params.clear()
    app.switch_page("pages/trust.py")
    app = ran(app)
    assert app.get_by_key("data").value == "second"
    assert app.get_by_key("variant").value == "Segmented"


def test_a_dataset_without_the_variant_shows_its_first(two_variants, workspace, smears):
    for variant in ("Another", "Original"):
        shutil.copytree(smears, workspace.datasets / "third" / variant, copy_function=os.link)
    app = choose(open_page("dataset", data="second", variant="Segmented"), "data", "third")
    assert app.get_by_key("variant").value == "Another"


def test_a_split_by_folders_is_told_with_what_it_leaks(workspace, smears_in_parts, monkeypatch):
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(smears_in_parts.parent))
    said = texts(open_page("dataset"))
    assert "The folders divide these images: 40 train, 12 validation, 12 test." in said
    assert "1 validation or test image is in train too" in said


def test_a_link_that_leads_out_is_named_and_never_shown(browsed, tmp_path):
    outside = tmp_path / "outside.png"
    outside.write_bytes(next((browsed / "Pro").iterdir()).read_bytes())
    (browsed / "Pro" / "out.png").symlink_to(outside)
    app = open_page("dataset", image="Pro/out.png")
    assert "This file is left out a link out of the folders that may be read" in texts(app)
    assert len(app.image) == 0


def test_a_variant_that_is_not_there_is_said_to_be_missing_and_can_be_chosen_anew(two_variants):
    app = open_page("dataset", data="second", variant="nonsense")
    assert "No such variant" in texts(app)
    assert listed_images(choose(app, "variant", "Segmented"))
