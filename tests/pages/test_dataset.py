"""The Dataset page: with nothing there, while getting a dataset, and while browsing one."""

import io
import os
import shutil
import socket
import zipfile
from pathlib import Path

import kagglehub
import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from allcore.data.catalog import scan
from allcore.runs.store import Run
from allcore.workspace import PROJECT, Workspace


def open_page(**query: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT / "streamlit_app.py"), default_timeout=60)
    app.switch_page("pages/dataset.py")
    app.query_params.update(query)
    return ran(app)


def ran(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    assert not any("server's log" in error.value for error in app.error)
    return app


def texts(app: AppTest) -> str:
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.info, app.warning, app.error, app.success)
    return "\n".join(f"{getattr(each.proto, 'title', '')} {each.value}" for kind in kinds for each in kind)


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click()
    return ran(app)


def choose(app: AppTest, key: str, value: object) -> AppTest:
    app.get_by_key(key).set_value(value)
    return ran(app)


def open_more(app: AppTest) -> AppTest:
    app.session_state["more"] = True
    return ran(app)


def opened(app: AppTest) -> list[str]:
    """Return the paths of the images whose buttons are on the page."""
    return [button.key.removeprefix("open-") for button in app.button if str(button.key).startswith("open-")]


def table(app: AppTest, column: str):
    return next(frame.value for frame in app.dataframe if column in frame.value.columns)


@pytest.fixture
def dataset(workspace: Workspace, smears: Path) -> Path:
    """Return the drawn smears as the workspace's one dataset, with a copy of an image and a damaged file among Pro."""
    folder = workspace.datasets / "mine"
    shutil.copytree(smears, folder, copy_function=os.link)
    shutil.copy(folder / "Pro" / "pro-0001.jpg", folder / "Pro" / "copy.jpg")
    (folder / "Pro" / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut short")
    return folder


@pytest.fixture
def run(finished_run: Run, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return the finished run in a workspace of its own, with its dataset within the roots."""
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(Path(finished_run.config.dataset).parent))
    shutil.copytree(finished_run.folder, workspace.runs / finished_run.id, copy_function=os.link)
    return Run(workspace.runs / finished_run.id)


def zipped(folder: Path, *extra: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for file in sorted(folder.rglob("*.jpg")):
            archive.write(file, file.relative_to(folder))
        for name in extra:
            archive.writestr(name, "x")
    return stream.getvalue()


# Getting a dataset


def test_an_empty_workspace_offers_the_ways_to_a_dataset(workspace):
    app = open_page()
    assert "No dataset yet" in texts(app)
    assert app.get_by_key("source").options == ["Synthetic smears", "A folder", "A zip file", "Kaggle"]


def test_one_click_from_an_empty_workspace_shows_images(workspace):
    app = open_page()
    app.number_input[0].set_value(4)
    app.number_input[1].set_value(32)
    app = press(app, "Draw synthetic smears")
    assert app.selectbox(key="data").value == "smears"
    assert len(opened(app)) == 16
    assert len(app.image) == 16


def test_what_was_drawn_is_what_the_form_says(workspace):
    app = open_page()
    app.number_input[0].set_value(3)
    app.number_input[1].set_value(40)
    app.text_input[0].set_value("tiny")
    press(app, "Draw synthetic smears")
    images = scan(workspace.datasets / "tiny").images()
    assert set(images["width"]) == {40}
    assert images["label"].value_counts().to_dict() == {"Benign": 3, "Early": 3, "Pre": 3, "Pro": 3}


def test_a_second_dataset_is_chosen_once_it_is_there(dataset):
    app = open_more(open_page())
    app.number_input[0].set_value(3)
    app.number_input[1].set_value(32)
    app.text_input[0].set_value("another")
    app = press(app, "Draw synthetic smears")
    assert app.selectbox(key="data").value == "another"
    assert len(opened(app)) == 12


@pytest.mark.parametrize("name", ["mine", "../outside", ""])
def test_a_name_that_cannot_be_used_is_said_in_place(dataset, workspace, name):
    app = open_more(open_page())
    app.number_input[1].set_value(32)
    app.text_input[0].set_value(name)
    app = press(app, "Draw synthetic smears")
    assert "No dataset was added" in texts(app)
    assert not (workspace.root / "outside").exists()
    assert [child.name for child in workspace.datasets.iterdir()] == ["mine"]


def test_an_uploaded_zip_becomes_the_chosen_dataset(workspace, smears):
    app = choose(open_page(), "source", "A zip file")
    app.file_uploader[0].upload("my smears.zip", zipped(smears))
    app = press(app, "Import")
    assert app.selectbox(key="data").value == "my-smears"
    assert len(opened(app)) == 24


@pytest.mark.parametrize("content", ["no zip", "unsafe"])
def test_a_bad_zip_is_refused_in_place_and_leaves_nothing(workspace, smears, content):
    app = choose(open_page(), "source", "A zip file")
    app.file_uploader[0].upload("bad.zip", b"no zip" if content == "no zip" else zipped(smears, "../evil.txt"))
    app = press(app, "Import")
    assert "No dataset was added" in texts(app)
    assert "bad" in app.error[0].value
    assert list(workspace.datasets.iterdir()) == []


def test_importing_without_a_file_says_what_is_missing(workspace):
    app = press(choose(open_page(), "source", "A zip file"), "Import")
    assert "Choose a zip file first" in texts(app)


@pytest.fixture
def variant_folder(workspace: Workspace, smears: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a variant's folder of the one dataset in the roots: a dataset, too, but not one that is listed."""
    for variant in ("Original", "Segmented"):
        shutil.copytree(smears, tmp_path / "roots" / "all" / variant, copy_function=os.link)
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(tmp_path / "roots"))
    return tmp_path / "roots" / "all" / "Original"


def test_a_folder_below_a_root_is_opened_where_it_is(variant_folder):
    app = choose(open_more(open_page()), "source", "A folder")
    app.text_input[0].set_value(str(variant_folder))
    app = press(app, "Open folder")
    assert app.selectbox(key="data").value == str(variant_folder)
    assert app.query_params["data"] == str(variant_folder)
    assert opened(app)[0] == "Benign/benign-0001.jpg"


def test_a_link_to_a_folder_below_a_root_opens_it(variant_folder):
    assert opened(open_page(data=str(variant_folder)))[0] == "Benign/benign-0001.jpg"


def test_a_listed_folder_goes_by_its_short_name_when_it_is_typed(variant_folder):
    app = choose(open_more(open_page()), "source", "A folder")
    app.text_input[0].set_value(str(variant_folder.parent))
    assert press(app, "Open folder").selectbox(key="data").value == "roots/all"


@pytest.mark.parametrize("way", ["typed", "linked", "through a link on disk"])
def test_a_folder_outside_the_roots_is_never_read(workspace, smears, tmp_path, monkeypatch, way):
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(tmp_path / "roots"))
    (tmp_path / "roots").mkdir()
    outside = smears
    if way == "through a link on disk":
        outside = tmp_path / "roots" / "linked"
        outside.symlink_to(smears)
    if way == "linked":
        app = open_page(data=str(outside))
    else:
        app = choose(open_page(), "source", "A folder")
        app.text_input[0].set_value(str(outside))
        app = press(app, "Open folder")
        assert "outside the folders that may be read" in app.error[0].value.replace("\\", "")
    assert opened(app) == []


def test_a_folder_that_is_no_dataset_is_said_to_be_none(workspace, tmp_path, monkeypatch):
    (tmp_path / "roots" / "empty").mkdir(parents=True)
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(tmp_path / "roots"))
    app = choose(open_page(), "source", "A folder")
    app.text_input[0].set_value(str(tmp_path / "roots" / "empty"))
    assert "is not a dataset" in press(app, "Open folder").error[0].value


def test_kaggle_is_asked_only_on_the_users_click(workspace, monkeypatch):
    asked = []
    monkeypatch.setattr(kagglehub, "dataset_download", lambda handle: asked.append(handle))
    choose(open_page(), "source", "Kaggle")
    assert asked == []


def test_what_kaggle_gives_becomes_the_chosen_dataset(workspace, smears, monkeypatch):
    monkeypatch.setattr(kagglehub, "dataset_download", lambda handle: str(smears))
    app = press(choose(open_page(), "source", "Kaggle"), "Download from Kaggle")
    assert app.selectbox(key="data").value == "leukemia"
    assert len(opened(app)) == 24


def test_without_a_network_the_error_names_the_other_ways(workspace, monkeypatch):
    def offline(handle: str) -> str:
        raise socket.gaierror("no network")

    monkeypatch.setattr(kagglehub, "dataset_download", offline)
    app = press(choose(open_page(), "source", "Kaggle"), "Download from Kaggle")
    assert "no network" in app.error[0].value
    assert "zip" in app.error[0].value
    assert not workspace.datasets.exists()


# Looking at one


def test_the_line_above_the_images_says_what_is_there(dataset):
    line = next(each.value for each in open_page().markdown if "usable images" in each.value)
    assert line == (
        "**65** usable images · **4** classes · **48 × 48** px · **1** exact duplicates · **1** unusable files"
    )


def test_images_come_24_a_page_and_the_page_stands_in_the_url(dataset):
    app = open_page()
    assert (len(opened(app)), app.pagination[0].num_pages) == (24, 3)
    app = choose(app, "page", 3)
    assert len(opened(app)) == 17
    assert opened(open_page(page="3")) == opened(app)


def test_every_image_is_on_exactly_one_page(dataset):
    app = open_page()
    paths = [path for page in (1, 2, 3) for path in opened(choose(app, "page", page))]
    assert paths == scan(dataset).images()["path"].tolist()


def test_only_images_of_the_chosen_class_are_shown_from_their_first_page_on(dataset):
    app = choose(choose(open_page(), "page", 3), "class", "Early")
    assert app.pagination[0].value == 1
    assert [path.split("/")[0] for path in opened(app)] == ["Early"] * 16


def test_only_images_with_a_twin_are_shown_side_by_side(dataset):
    assert opened(open_page(show="With a twin")) == ["Pro/copy.jpg", "Pro/pro-0001.jpg"]


def test_unusable_files_are_shown_with_the_reason_and_no_picture(dataset):
    app = open_page(show="Unusable files")
    assert opened(app) == ["Pro/damaged.jpg"]
    assert len(app.image) == 0
    reason = scan(dataset).problems()["problem"].iloc[0]
    assert f"Pro: {reason}" in [caption.value.replace("\\", "") for caption in app.caption]


def test_a_choice_that_nothing_fits_says_so(dataset):
    assert "No image" in texts(open_page(**{"show": "With a twin", "class": "Benign"}))


def test_problems_are_listed_with_the_reason(dataset):
    problems = table(open_page(view="Problems"), "why")
    assert problems["file"].tolist() == ["Pro/damaged.jpg"]
    assert problems["why"].tolist() == scan(dataset).problems()["problem"].tolist()


def test_a_mended_file_is_seen_after_reading_again(dataset):
    app = open_page(view="Problems")
    shutil.copy(dataset / "Pro" / "pro-0002.jpg", dataset / "Pro" / "damaged.jpg")
    assert "Every file of this dataset can be used" in texts(press(app, "Read the folder again"))


def test_counts_are_those_of_the_classes(dataset):
    app = open_page(view="Counts")
    counts = table(app, "unusable").set_index("class")
    assert counts["images"].to_dict() == {"Benign": 16, "Early": 16, "Pre": 16, "Pro": 17}
    assert counts["unusable"].to_dict() == {"Benign": 0, "Early": 0, "Pre": 0, "Pro": 1}
    assert len(app.get("plotly_chart")) == 1


def test_sizes_are_counted(dataset):
    sizes = table(open_page(view="Counts"), "width")
    assert sizes.to_dict("records") == [{"width": 48, "height": 48, "mode": "RGB", "images": 65}]


def test_variants_are_chosen_and_shown_apart(workspace, smears):
    for variant in ("Original", "Segmented"):
        shutil.copytree(smears, workspace.datasets / "both" / variant, copy_function=os.link)
    assert {path.split("/")[0] for path in opened(open_page())} == {"Original"}
    assert {path.split("/")[0] for path in opened(open_page(variant="Segmented"))} == {"Segmented"}


def test_file_names_with_markup_are_shown_as_they_are(dataset):
    name = "a_b*c [d] $e$ `f`.jpg"
    shutil.copy(dataset / "Pre" / "pre-0001.jpg", dataset / "Benign" / name)
    app = open_page(**{"class": "Benign"})
    button = next(each for each in app.button if each.key == f"open-Benign/{name}")
    assert button.label.replace("\\", "") == name
    assert "\\*" in button.label


def test_a_dataset_that_vanished_gives_way_to_the_others(dataset, workspace, smears):
    shutil.copytree(smears, workspace.datasets / "other", copy_function=os.link)
    app = choose(open_page(), "data", "other")
    shutil.rmtree(workspace.datasets / "other")
    assert ran(app).selectbox(key="data").value == "mine"


# With a run


def test_without_a_run_there_is_no_split_to_choose(dataset):
    app = open_page()
    assert "run" not in [each.key for each in app.selectbox]
    assert "split" not in [each.key for each in app.pills]


def test_images_of_each_part_of_a_runs_split_can_be_seen(run):
    for part in ("train", "validation", "test"):
        app = open_page(run=run.id, split=part)
        table = run.split.table
        wanted = sorted(table.loc[table["split"] == part, "path"])
        assert opened(app) == wanted[:24]
        assert all(part in caption.value for caption in app.caption if caption.value.startswith(("Pre", "Pro")))


def test_counts_by_split_are_the_runs(run):
    counts = table(open_page(run=run.id, view="Counts"), "train").set_index("class")
    wanted = run.split.table.groupby("label")["split"].value_counts().unstack()
    assert counts[["train", "validation", "test"]].to_dict() == wanted[["train", "validation", "test"]].to_dict()


def test_runs_on_other_datasets_are_not_offered(run, dataset):
    app = open_page(data="mine")
    assert "run" not in [each.key for each in app.selectbox]


def test_a_damaged_split_is_said_and_the_images_are_shown(run):
    split = run.folder / "split.csv"
    split.unlink()
    split.write_text("nonsense")
    app = open_page(run=run.id)
    assert "This run's split cannot be shown" in texts(app)
    assert len(opened(app)) == 24


def test_a_damaged_run_is_left_out(run):
    config = run.folder / "config.json"
    config.unlink()
    config.write_text("{")
    app = open_page()
    assert "run" not in [each.key for each in app.selectbox]
    assert len(opened(app)) == 24


# One image


def test_the_button_below_a_thumbnail_opens_its_image(dataset):
    app = open_page()
    path = opened(app)[2]
    app.button(key=f"open-{path}").click()
    app = ran(app)
    assert app.query_params["image"] == path
    assert app.subheader[0].value.replace("\\", "") == path
    assert len(app.image) == 1


def test_back_from_an_image_the_page_and_the_filters_are_as_before(dataset):
    app = choose(choose(open_page(), "class", "Pro"), "show", "Usable images")
    before = opened(app)
    app.button(key=f"open-{before[0]}").click()
    app = press(ran(app), "All images")
    assert opened(app) == before
    assert "image" not in app.query_params


def test_facts_of_an_image_are_those_of_the_catalog(run):
    row = run.split.table.iloc[7]
    facts = table(open_page(run=run.id, image=row["path"]), "fact").set_index("fact")["value"]
    file = Path(run.config.dataset) / row["path"]
    assert (facts["class"], facts["size"], facts["mode"]) == (row["label"], "48 × 48 px", "RGB")
    assert facts["bytes"] == f"{file.stat().st_size:,}"
    assert (facts["SHA-256"], facts["split"], facts["group in the run"]) == (row["sha256"], row["split"], row["group"])


def test_an_image_with_a_twin_shows_it_beside(dataset):
    app = open_page(image="Pro/copy.jpg")
    assert opened(app) == ["Pro/pro-0001.jpg"]
    assert len(app.image) == 2


def test_an_image_without_a_twin_says_so(dataset):
    app = open_page(image="Pro/pro-0003.jpg")
    assert opened(app) == []
    assert "No other image of this dataset is the same picture" in texts(app)


def test_an_image_leads_to_predict_and_augmentation_with_itself(dataset):
    links = {link.proto.page: link.proto.query_string for link in open_page(image="Pro/copy.jpg").page_link}
    assert set(links) == {"predict", "augmentation"}
    assert all("image=Pro%2Fcopy.jpg" in query and "data=mine" in query for query in links.values())


@pytest.mark.parametrize("path", ["../../secret.png", "/etc/passwd", "Pro/none.jpg", ""])
def test_an_image_that_is_not_in_the_catalog_is_refused(dataset, path):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(dataset.parent.parent / "secret.png")
    app = open_page(image=path)
    assert "No such image" in texts(app)
    assert len(opened(app)) == 24
    assert "No such image" not in texts(ran(app))


def test_an_unusable_image_shows_why(dataset):
    app = open_page(image="Pro/damaged.jpg")
    assert "This file cannot be shown" in texts(app)
    assert table(app, "fact").set_index("fact").loc["problem", "value"] == scan(dataset).problems()["problem"].iloc[0]


def test_an_image_deleted_since_it_was_listed_does_not_stop_the_others(dataset):
    app = open_page()
    (dataset / "Benign" / "benign-0001.jpg").unlink()
    app = ran(app)
    assert len(app.image) == 23
    assert any("No such file" in caption.value for caption in app.caption)


# From page to page


@pytest.fixture
def two_variants(workspace: Workspace, smears: Path) -> None:
    """Put two datasets into the workspace; the second has two variants."""
    shutil.copytree(smears, workspace.datasets / "first", copy_function=os.link)
    for variant in ("Original", "Segmented"):
        shutil.copytree(smears, workspace.datasets / "second" / variant, copy_function=os.link)


def test_dataset_and_variant_of_the_url_stay_chosen_on_other_pages(two_variants):
    app = open_page(data="second", variant="Segmented")
    app.query_params.clear()
    app.switch_page("pages/trust.py")
    app = ran(app)
    assert app.get_by_key("data").value == "second"
    assert app.get_by_key("variant").value == "Segmented"


def test_a_dataset_without_the_variant_shows_its_first(two_variants, workspace, smears):
    for variant in ("Another", "Original"):
        shutil.copytree(smears, workspace.datasets / "third" / variant, copy_function=os.link)
    app = choose(open_page(data="second", variant="Segmented"), "data", "third")
    assert app.get_by_key("variant").value == "Another"


def test_a_variant_that_is_not_there_is_the_first(two_variants):
    assert open_page(data="second", variant="nonsense").get_by_key("variant").value == "Original"
