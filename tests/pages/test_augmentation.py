"""The Augmentation page: an image, the settings, and what a run's network saw."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from allcore.augment import Change, apply_change, augment, draw_change, resize
from allcore.config_parts import AugmentConfig
from allcore.data.catalog import scan
from allcore.data.decoded import decoded_images
from allcore.data.intake.images import decode
from allcore.runs.folder.store import Run
from allcore.text import for_page
from allcore.training.batches import BatchSource
from tests.pages.opening import choose, links, open_page, press, ran, texts

ALONE, AS_SEEN = "Each operation alone", "As a run saw it"


def pictures(app: AppTest, served: dict[str, bytes]) -> list[np.ndarray]:
    """Return the pixels of the images on the page, uint8 (H, W, 3) RGB, in order."""
    files = [served[Path(image.value[0]).stem] for image in app.image]
    return [cv2.cvtColor(cv2.imdecode(np.frombuffer(file, np.uint8), 1), cv2.COLOR_BGR2RGB) for file in files]


def captions(app: AppTest) -> list[str]:
    return [image.captions[0].replace("\\", "") for image in app.image]


def test_without_a_dataset_the_page_says_where_to_get_one(workspace):
    app = open_page("augmentation")
    assert "No dataset yet" in texts(app)
    assert links(app)["Get a dataset"] == "dataset"


def test_a_dataset_without_a_usable_image_says_so(workspace):
    for label in ("Benign", "Pro"):
        (workspace.datasets / "broken" / label).mkdir(parents=True)
        (workspace.datasets / "broken" / label / "1.png").write_bytes(b"")
    assert "No usable image" in texts(open_page("augmentation"))


# An image


def test_results_are_those_of_the_first_epochs_of_the_seed(dataset, served):
    path = "Pre/pre-0003.jpg"
    shown = pictures(open_page("augmentation", image=path, size=40, seed=7), served)
    image, index = decode(dataset / path), scan(dataset).images()["path"].tolist().index(path)
    assert len(shown) == 12
    assert np.array_equal(shown[0], resize(image, 40))
    for epoch, pixels in enumerate(shown[1:]):
        assert np.array_equal(pixels, augment(image, 40, AugmentConfig(), 7, epoch, index))


def test_settings_act_on_the_results(dataset, served):
    path = "Pro/pro-0001.jpg"
    settings = {"degrees": 0, "vertical_flip": False, "stain_jitter": 0.5, "grey": 0.4, "hide_scale_bar": 0.5}
    shown = pictures(open_page("augmentation", image=path, size=48, **settings), served)
    config = AugmentConfig(**settings)
    index = scan(dataset).images()["path"].tolist().index(path)
    assert len(shown) == 12
    for epoch, pixels in enumerate(shown[1:]):
        assert np.array_equal(pixels, augment(decode(dataset / path), 48, config, 0, epoch, index))


def test_settings_that_do_not_fit_together_are_named_below_their_widgets(dataset):
    app = open_page("augmentation", transplant=0.6, plain_field=0.6)
    assert "These settings do not fit" in texts(app)
    assert "an image gets one field" in texts(app)
    assert app.get_by_key("plain_field").value == 0.6


def test_every_setting_has_a_widget_with_its_default_and_what_the_paper_says(dataset):
    app = open_page("augmentation")
    for name, field in AugmentConfig.model_fields.items():
        assert app.get_by_key(name).value == field.default, name
    said = [c.value for c in app.caption if c.value.endswith("Not in the paper.") or "Paper: " in c.value]
    assert len(said) == len(AugmentConfig.model_fields) + 1
    off_by_default = {
        "stain_jitter",
        "grey",
        "hide_scale_bar",
        "scale",
        "transplant",
        "plain_field",
        "recolour",
        "recolour_strength",
    }
    assert sum("Not in the paper." in caption for caption in said) == len(off_by_default)


def test_an_image_is_chosen_by_class_and_number(dataset, served):
    app = choose(choose(open_page("augmentation", size=48), "augmented_class", "Early"), "augmented_number", 5)
    assert app.query_params["image"] == "Early/early-0005.jpg"
    assert np.array_equal(pictures(app, served)[0], resize(decode(dataset / "Early" / "early-0005.jpg"), 48))


def test_the_image_of_the_url_is_the_chosen_one(dataset):
    app = open_page("augmentation", image="Pre/pre-0009.jpg")
    assert (app.get_by_key("augmented_class").value, app.get_by_key("augmented_number").value) == ("Pre", 9)


@pytest.mark.parametrize("path", ["../../secret.png", "Pro/none.jpg"])
def test_an_image_that_is_not_in_the_catalog_is_refused(dataset, path):
    app = open_page("augmentation", image=path)
    assert "No such image" in texts(app)
    assert app.get_by_key("augmented_number").value == 1


def test_an_image_that_cannot_be_used_is_named_with_the_reason(browsed):
    app = open_page("augmentation", image="Pro/damaged.jpg")
    problem = scan(browsed).table.set_index("path").loc["Pro/damaged.jpg", "problem"]
    assert [(each.proto.title, each.value) for each in app.warning] == [
        ("This image cannot be used", for_page(f"Pro/damaged.jpg: {problem}"))
    ]
    assert app.image


def test_an_image_deleted_since_it_was_listed_is_said_to_be_gone(dataset):
    app = open_page("augmentation")
    (dataset / "Benign" / "benign-0001.jpg").unlink()
    assert "This file cannot be shown" in texts(ran(app))


def test_sizes_above_the_images_own_are_said_to_be_up_sampled(dataset):
    assert "up-sampled from 48 px" in texts(open_page("augmentation", size=96))
    assert "up-sampled" not in texts(open_page("augmentation", size=48))


def test_each_operation_alone_is_applied_with_its_border(dataset, served):
    app = open_page("augmentation", augmentation=ALONE, image="Benign/benign-0002.jpg", size=48)
    headings = [each.value for each in app.header]
    assert headings[:3] == ["Brightness", "Rotation", "Border that a rotation uncovers"]
    assert captions(app)[:9] == [
        "× 0.80", "× 1.00", "× 1.20", "−20°", "0°", "+20°", "reflect (these settings)", "replicate", "white",
    ]  # fmt: skip
    shown = pictures(app, served)
    image = decode(dataset / "Benign" / "benign-0002.jpg")
    assert np.array_equal(shown[1], resize(image, 48))
    assert len({pixels.tobytes() for pixels in shown[5:9]}) == 3  # rotated by 20° is the same as the first border
    assert np.array_equal(shown[0], cv2.convertScaleAbs(resize(image, 48), alpha=0.8))


def test_operations_that_are_off_are_said_to_be(dataset):
    assert texts(open_page("augmentation", augmentation=ALONE)).count("It is off in these settings") == 7
    assert (
        texts(open_page("augmentation", augmentation=ALONE, grey=0.5, degrees=0)).count("It is off in these settings")
        == 8
    )


def test_stain_jitter_and_the_hidden_scale_bar_are_shown_alone_with_what_they_are_for(dataset, served):
    query = {"image": "Early/early-0001.jpg", "size": 48, "stain_jitter": 0.3, "hide_scale_bar": 0.5}
    app = open_page("augmentation", augmentation=ALONE, **query)
    assert "The bars' style differs between the classes" in texts(app)
    assert "azure colours nuclei violet" in texts(app)
    assert texts(app).count("It is off in these settings") == 5
    image = decode(dataset / "Early" / "early-0001.jpg")
    shown = dict(zip(captions(app), pictures(app, served), strict=True))
    for caption, change in {
        "azure × 0.70 −0.06": Change(stain_scale=(0.7, 1.0), stain_shift=(-0.06, 0.0)),
        "eosin × 1.30 +0.06": Change(stain_scale=(1.0, 1.3), stain_shift=(0.0, 0.06)),
        "corner hidden": Change(hide_scale_bar=True),
    }.items():
        assert np.array_equal(shown[caption], apply_change(image, 48, change))
        assert not np.array_equal(shown[caption], resize(image, 48))


def test_settings_against_shortcuts_are_carried_from_the_preview_into_the_training_form(dataset):
    app = open_page("augmentation", stain_jitter=0.25, hide_scale_bar=0.5)
    press(app, "Use these settings")
    app.switch_page("pages/train.py")
    ran(app)
    values = {str(widget.key).split(".")[2]: widget.value for widget in app.number_input if ".augment." in widget.key}
    assert (values["stain_jitter"], values["hide_scale_bar"]) == (0.25, 0.5)
    assert "The augmentation is that of the Augmentation page." in texts(app)


def test_used_settings_are_carried_to_the_train_page(dataset):
    app = open_page("augmentation", degrees=45, border="white")
    assert "augment" not in app.session_state
    assert "Train with them" not in links(app)
    app = press(app, "Use these settings")
    assert AugmentConfig(**app.session_state["augment"]) == AugmentConfig(degrees=45, border="white")
    assert links(app)["Train with them"] == "train"


# A run


AGAINST_SHORTCUTS = {"stain_jitter": 0.3, "grey": 0.3, "hide_scale_bar": 0.5}


@pytest.mark.parametrize(("epoch", "augment"), [(1, {}), (3, {}), (2, AGAINST_SHORTCUTS)])
def test_an_epoch_is_shown_pixel_for_pixel_as_the_batches_of_the_run_have_it(run, served, tmp_path, epoch, augment):
    config = run.config.model_copy(update={"augment": AugmentConfig(**augment)})
    (run.folder / "config.json").write_text(config.to_json())
    run = Run(run.folder)
    catalog = scan(Path(run.config.dataset))
    ordered = catalog.images().set_index("path").loc[run.split.table["path"]].reset_index()
    images = decoded_images(catalog.root, ordered, tmp_path / "cache")
    train = run.split.rows("train")
    source = BatchSource(images, run.split.labels(), train, run.config, augmented=True)
    seen = {}
    for batch in source.batches(epoch - 1):
        seen.update(zip(batch.rows.tolist(), batch.images, strict=True))
    for number in (1, 20, len(train)):
        app = open_page("augmentation", augmentation=AS_SEEN, run=run.id, epoch=epoch, row=number)
        original, shown = pictures(app, served)
        row = int(train[number - 1])
        assert np.array_equal(shown, seen[row])
        assert np.array_equal(original, resize(images[row], run.config.image_size))
        assert f"row {row} of the run's" in texts(app)


def test_the_change_is_put_into_words_that_fit_the_picture(run, served):
    app = open_page("augmentation", augmentation=AS_SEEN, run=run.id, epoch=2, row=4)
    row = int(run.split.rows("train")[3])
    change = draw_change(run.config.augment, run.config.seed, 1, row)
    assert f"brightness × {change.brightness:.2f}" in captions(app)[1]
    image = decode(Path(run.config.dataset) / run.split.table["path"][row])
    assert np.array_equal(pictures(app, served)[1], apply_change(image, run.config.image_size, change))


def test_epochs_and_images_beyond_the_runs_fall_back_to_the_first(run):
    app = open_page("augmentation", augmentation=AS_SEEN, run=run.id, epoch=99, row=9_999)
    assert 1 <= app.get_by_key("epoch").value <= 3
    assert len(app.image) == 2


def test_without_a_run_the_page_says_where_to_start_one(workspace):
    app = open_page("augmentation", augmentation=AS_SEEN)
    assert "No run yet" in texts(app)


def test_a_run_that_has_not_started_shows_what_it_will_see(run):
    for name in ("model.onnx", "predictions.parquet", "metrics.jsonl"):
        (run.folder / name).unlink()
    assert len(open_page("augmentation", augmentation=AS_SEEN, run=run.id).image) == 2


def test_an_epoch_that_a_run_has_not_come_to_is_said_to_be_one(run):
    lines = (run.folder / "metrics.jsonl").read_text().splitlines()
    first = [line for line in lines if json.loads(line)["epoch"] == 0]
    (run.folder / "metrics.jsonl").write_text("\n".join(first) + "\n")
    said = {epoch: texts(open_page("augmentation", augmentation=AS_SEEN, run=run.id, epoch=epoch)) for epoch in (1, 2)}
    assert "Pixel for pixel what the network gets: " in said[1]
    assert "Pixel for pixel what the network would get in epoch 2, to which the run has not come: " in said[2]


def test_a_run_whose_dataset_lies_outside_the_roots_says_so(run, monkeypatch):
    monkeypatch.delenv("ALLCORE_DATA_ROOTS")
    app = open_page("augmentation", augmentation=AS_SEEN, run=run.id)
    assert "outside the folders that may be read" in app.error[0].value.replace("\\", "")
    assert len(app.image) == 0


def test_a_damaged_split_is_said_in_place(run):
    (run.folder / "split.csv").unlink()
    app = open_page("augmentation", augmentation=AS_SEEN, run=run.id)
    assert "This run's images cannot be shown" in texts(app)


def test_a_damaged_run_is_left_out(run):
    (run.folder / "status.json").unlink()
    assert "No run yet" in texts(open_page("augmentation", augmentation=AS_SEEN))
