"""Train: the form, from an empty workspace to settings and their split."""

import os
import shutil
import sys

import pandas as pd
import pytest
from PIL import Image

from allcore.config import TrainConfig
from allcore.config_fields import setting_text
from allcore.config_parts import AugmentConfig, SplitConfig
from allcore.data.catalog import scan
from allcore.data.splits.split import make_split
from allcore.paper import READ, STATED
from allcore.text import for_page
from pages.ui.train.config_form import SECTIONS
from tests.pages.opening import button, choose, links, open_page, press, texts

MODELS = {"": TrainConfig, "split": SplitConfig, "augment": AugmentConfig}
CHOSEN_ELSEWHERE = {"dataset", "variant", "study", "place", "split", "augment"}
OF_STUDIES = {"split.folds", "split.fold"}


def test_without_a_dataset_the_page_says_where_to_get_one(workspace):
    app = open_page("train")
    assert "No dataset yet" in app.info[0].proto.title
    assert links(app) == {"Get a dataset": "dataset"}
    assert [button.label for button in app.button] == ["Draw synthetic smears"]


def test_one_click_without_a_dataset_draws_one_to_train_on(workspace, few):
    app = press(open_page("train"), "Draw synthetic smears")
    assert app.selectbox(key="data").value == "synthetic-smears"
    assert not button(app, "Launch").disabled


def test_every_field_of_the_configuration_stands_in_one_section():
    own = set(TrainConfig.model_fields) - CHOSEN_ELSEWHERE
    nested = {f"{group}.{name}" for group in ("split", "augment") for name in MODELS[group].model_fields}
    assert sorted(path for paths in SECTIONS.values() for path in paths) == sorted(own | nested - OF_STUDIES)


@pytest.mark.parametrize("path", [path for paths in SECTIONS.values() for path in paths])
def test_field_has_a_widget_with_the_papers_value_and_the_description(paper_form, path):
    group, _, name = path.rpartition(".")
    field = MODELS[group].model_fields[name]
    widget = paper_form.get_by_key(f"paper.{path}")
    assert ("paper: " in widget.label) == (path in STATED | READ)
    if path in STATED:
        assert widget.label.endswith(f"paper: {setting_text(field.default)}")
    if path in READ:
        assert widget.label.endswith(f"paper: not stated; read as {setting_text(field.default)}")
    assert widget.proto.help == f"{field.description[:1].upper()}{field.description[1:]}."


@pytest.fixture(scope="module")
def paper_form(tmp_path_factory, smears):
    """Return the page on an untouched workspace; tests only read it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALLCORE_WORKSPACE", str(tmp_path_factory.mktemp("workspace")))
        patch.setenv("ALLCORE_DATA_ROOTS", str(smears.parent))
        return open_page("train", preset="Paper")


def test_ranges_and_choices_are_the_fields(paper_form):
    size = paper_form.number_input(key="paper.image_size")
    assert (size.min, size.max) == (32, 1024)
    assert paper_form.get_by_key("paper.optimizer").options == ["adam", "adamw", "sgd"]
    assert len(paper_form.selectbox(key="paper.trainable_from").options) == 13


@pytest.mark.parametrize(
    ("preset", "size", "epochs"), [("Paper", 300, 25), ("Quick", 96, 4), ("Custom", 300, 25), ("Cells", 150, 60)]
)
def test_preset_sets_where_the_settings_begin(data, preset, size, epochs):
    app = open_page("train", preset=preset)
    name = preset.lower()
    assert app.number_input(key=f"{name}.image_size").value == size
    assert app.number_input(key=f"{name}.epochs").value == epochs


def test_what_was_changed_of_a_preset_is_said(data):
    app = open_page("train", preset="Quick")
    choose(app, "quick.epochs", 7)
    assert "7 epochs" in app.markdown[0].value
    assert app.markdown[0].value.endswith("Changed\\: epochs 7.")


def test_settings_that_do_not_fit_are_said_and_cannot_be_launched(data):
    app = open_page("train", preset="Quick")
    choose(app, "quick.split.train", 0.5)
    assert "must each be above 0 and sum to 1" in app.error[0].value
    assert button(app, "Launch").disabled
    assert button(app, "Measure").disabled


def test_without_tensorflow_the_page_says_how_to_add_it_and_launches_nothing(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # as where it is not installed
    page = open_page("train", preset="Quick")
    assert "training needs tensorflow" in texts(page)
    assert button(page, "Launch").disabled
    assert button(page, "Measure").disabled


def test_patients_need_a_table(data):
    app = open_page("train", preset="Quick")
    choose(app, "quick.split.protocol", "patient")
    assert "protocol 'patient' needs groups" in app.error[0].value


def test_patients_who_share_an_image_are_put_together_and_counted(workspace, smears):
    folder = shutil.copytree(smears, workspace.datasets / "mine")
    first = sorted((folder / "Pro").iterdir())[0]
    shutil.copy(first, folder / "Pro" / "again.jpg")
    paths = [path.relative_to(folder).as_posix() for path in folder.glob("*/*")]
    patients = workspace.datasets / "patients.csv"
    patients.write_text("\n".join(["file,patient", *(f"{path},{path}" for path in paths)]))
    asked = {"quick.split.protocol": "patient", "quick.split.groups": patients}
    page = open_page("train", data="mine", preset="Quick", **asked)
    twins = len(paths) - scan(folder).images()["pixel_sha256"].nunique()
    assert f"{2 * twins} groups of the table are put together" in texts(page)
    assert "does not keep the table's groups together" not in texts(page)
    page = open_page("train", data="mine", preset="Quick", **{**asked, "quick.split.protocol": "random"})
    assert "The protocol random does not keep the table's groups together" in texts(page)


@pytest.mark.parametrize("protocol", ["random", "grouped", "stain"])
def test_dataset_without_a_usable_image_cannot_be_trained_on(workspace, protocol):
    for label in ("A", "B"):
        (workspace.datasets / "broken" / label).mkdir(parents=True)
        (workspace.datasets / "broken" / label / "1.png").write_bytes(b"")
    app = open_page("train", preset="Quick", **{"quick.split.protocol": protocol})
    assert "at least 3 usable images" in app.error[0].value
    assert button(app, "Launch").disabled


def test_dataset_that_cannot_be_trained_on_is_said(workspace, smears):
    for label in ("A", "B"):
        (workspace.datasets / "few" / label).mkdir(parents=True)
    for number, image in enumerate(sorted((smears / "Pro").iterdir())[:4]):
        (workspace.datasets / "few" / "A" / f"{number}.jpg").write_bytes(image.read_bytes())
    app = open_page("train")
    assert "at least 3 usable images" in app.error[0].value
    assert button(app, "Launch").disabled


def test_settings_of_the_augmentation_page_are_taken_over(data):
    app = open_page("train", preset="Quick")
    app.session_state["augment"] = {"degrees": 45.0, "grey": 0.25}
    app.run()
    keyed = [widget for widget in app.number_input if ".augment." in widget.key]
    shown = {widget.key.split(".")[2]: widget.value for widget in keyed}
    assert shown == {name: AugmentConfig.model_fields[name].default for name in shown} | {"degrees": 45.0, "grey": 0.25}


def test_the_cells_preset_brings_its_augmentation_and_another_takes_its_place(data):
    app = open_page("train", preset="Cells")
    shown = {w.key.split(".")[2]: w.value for w in app.number_input if ".augment." in w.key}
    assert shown.items() >= {"transplant": 0.5, "recolour": 0.5, "degrees": 180.0, "stain_jitter": 0.2}.items()
    app.session_state["augment"] = {"degrees": 45.0}
    app.run()
    taken = {w.key.split(".")[2]: w.value for w in app.number_input if ".augment." in w.key}
    assert (taken["degrees"], taken["transplant"]) == (45.0, 0.0)


def test_the_augmentation_that_is_taken_over_is_said_and_gives_way_to_the_presets_own(data):
    app = open_page("train", preset="Cells")
    own = {w.key.split(".")[2]: w.value for w in app.number_input if ".augment." in w.key}
    assert "Changed" not in app.markdown[0].value
    app.session_state["augment"] = AugmentConfig(degrees=45.0).model_dump()
    app.run()
    assert for_page("Changed: augment.degrees 45,") in app.markdown[0].value
    assert for_page("augment.transplant 0,") in app.markdown[0].value
    press(app, "Use the preset's augmentation")
    assert {w.key.split(".")[2]: w.value for w in app.number_input if ".augment." in w.key} == own
    assert "Changed" not in app.markdown[0].value
    assert "Use the preset's augmentation" not in [each.label for each in app.button]


def test_split_is_shown_with_its_counts_and_twins(data, smears):
    app = open_page("train", preset="Quick")
    split = make_split(scan(smears).trainable_images(), SplitConfig())
    table = app.dataframe[0].value.set_index("class")
    pd.testing.assert_frame_equal(
        table.loc[list(split.classes), ["train", "validation", "test"]], split.counts(),
        check_names=False, check_dtype=False, check_index_type=False, check_column_type=False,
    )  # fmt: skip
    assert table.loc["all", "images"] == len(split.table)
    twins = split.twins_in_train()[split.rows("test")].sum()
    assert any(caption.value.startswith(f"{twins} of the ") for caption in app.caption)


def test_the_split_of_a_datasets_own_folders_is_kept_and_its_leak_said(workspace, smears_in_parts, monkeypatch):
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(smears_in_parts.parent))
    app = open_page("train", preset="Paper")
    assert "folders split" in texts(app)
    assert "1 test image has a twin in train" in texts(app)
    assert "the score may look better than it is" in texts(app)
    app = choose(app, "paper.split.protocol.folders", "random")
    assert "The dataset's own split is not kept" in texts(app)


def test_a_protocol_chosen_on_another_dataset_does_not_mix_parts(workspace, smears, smears_in_parts, monkeypatch):
    shutil.copytree(smears, workspace.datasets / "mine", copy_function=os.link)
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(smears_in_parts.parent))
    app = choose(open_page("train", data="mine", preset="Paper"), "paper.split.protocol", "grouped")
    assert "grouped split" in texts(app)
    other = next(name for name in app.selectbox(key="data").options if name != "mine")
    assert "folders split" in texts(choose(app, "data", other))


def test_images_that_are_smaller_than_the_network_sees_them_are_counted_whatever_size_others_have(dataset):
    Image.new("RGB", (200, 40), "pink").save(dataset / "Pro" / "wide.png")
    shown = open_page("train", preset="Quick")
    assert "64 of 65 images are smaller than 96 px and are enlarged, which adds no detail." in texts(shown)
    assert "enlarged" not in texts(open_page("train", preset="Quick", quick__image_size=48))


def test_the_line_of_a_study_names_no_setting_that_its_runs_have_otherwise(data):
    def line(**asked):
        return open_page("train", preset="Paper", launch="Study", paper__dropout=0.3, **asked).markdown[0].value

    vary = "epochs=4,8; weights=random; split.protocol=random,grouped; dropout=0.25,0.4"
    varied = line(vary=vary, seeds="1,2", paper__seed=7, paper__epochs=9)
    assert varied == for_page(f"{vary.replace('=', ' ').replace(',', ', ')}; seed 1, 2, batches of 32.")
    unvaried = "seed 0, 25 epochs, batches of 32, ImageNet weights, random split. Changed: dropout 0.3."
    assert line() == for_page(unvaried)


def test_a_study_says_of_which_of_its_runs_the_split_is_where_they_divide_otherwise(data):
    folds = open_page("train", preset="Quick", launch="Study", quick__sizes=["64", "96"], folds=2)
    assert "Of the first of 4 runs, image_size=64 fold=1 seed=0; others divide" in texts(folds).replace("\\", "")
    sizes = open_page("train", preset="Quick", launch="Study", quick__sizes=["64", "96"])
    assert "Of the first of" not in texts(sizes)
