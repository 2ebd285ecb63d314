"""The Evaluate page, for a model on any labelled images."""

import os
import shutil

import pytest
from PIL import Image

from allcore.errors import InputError
from allcore.evaluation.predictions.evaluation_run import evaluation_run
from allcore.evaluation.predictions.score_folder import ScoringRequest
from allcore.inference.predictor import load_predictor
from pages.ui.known.workspace import forget_catalogs
from tests.pages.opening import choose, open_page, press, ran, texts
from tests.pages.releasing import release


@pytest.fixture
def scored(run, released, workspace, smears):
    """Return a scorer of the run's model on a folder, in advance: what the page finds, it need not make."""

    def in_advance(folder, **of):
        model, asked = run.served_model, ScoringRequest(folder=folder, variant="", **of)
        evaluation_run(load_predictor(model), model, asked, workspace.cache)

    return in_advance


def opened(run, folder, **query):
    return open_page("evaluate", score="images", model=run.id, data=f"{folder.parent.name}/{folder.name}", **query)


@pytest.fixture
def renamed(workspace, smears):
    """Return a dataset in which the class Pro is called blasts."""
    folder = shutil.copytree(smears, workspace.datasets / "elsewhere", copy_function=os.link)
    (folder / "Pro").rename(folder / "blasts")
    return folder


def test_a_model_is_scored_on_a_dataset_when_it_is_asked_for(run, released, smears):
    app = opened(run, smears)
    assert not app.dataframe
    app = press(app, "Score it on 64 images")
    assert "of 64 images are right" in texts(app)
    trained = len(run.split.rows("train"))
    assert f"The model was trained on {trained} of these 64 images. Choose its test images" in texts(app)
    for view in ("Mistakes", "Calibration", "Malignant or benign"):
        app.query_params["view"] = view
        assert not ran(app).error


def test_twins_are_told_among_the_images_that_the_model_was_not_trained_on(run, scored, workspace, smears):
    folder = shutil.copytree(smears, workspace.datasets / "more", copy_function=os.link)
    trained = run.split.table.query("split == 'train'")["path"]
    with Image.open(folder / trained.iloc[0]) as image:
        image.save((folder / trained.iloc[0]).with_name("again.png"))
    scored(folder)
    shown = texts(open_page("evaluate", score="images", model=run.id, data="more"))
    others = 65 - len(trained)
    assert f"1 of {others} images that it was not trained on share a group with one that the model was" in shown
    assert "Without these and those that it was trained on: accuracy" in shown
    assert f"{others - 1} images." in shown


def test_the_button_says_how_many_images_are_scored(run, released, smears, renamed):
    tested = len(run.split.rows("test"))
    assert f"Score it on {tested} images" in [each.label for each in opened(run, smears, part="test").button]
    app = open_page("evaluate", score="images", model=run.id, data="elsewhere", map="blasts=")
    assert "Score it on 48 images" in [each.label for each in app.button]


def test_its_test_images_alone_are_scored_as_the_runs_own(run, scored, smears):
    scored(smears, split="test")
    app = opened(run, smears, part="test")
    assert "The model was trained on" not in texts(app)
    own = texts(open_page("evaluate", run=run.id)).split("images are right: ")[1].split("**")[0]
    assert f"images are right: {own}" in texts(app)
    assert "Compute the shortcuts" in {button.label for button in app.button}
    assert "Probes" in {tab.label for tab in app.tabs}


def test_classes_of_other_names_are_asked_for_and_stand_in_the_address(run, scored, renamed):
    scored(renamed, mapping={"blasts": "Pro"})
    app = open_page("evaluate", score="images", model=run.id, data="elsewhere")
    assert "The model has no class of the name blasts" in texts(app)
    app = choose(app, "map 3", "Pro")
    assert app.query_params["map"] == "blasts=Pro"
    assert "of 64 images are right" in texts(app)


def test_a_class_folder_without_an_image_is_not_asked_about(run, released, dataset):
    (dataset / "Artefacts").mkdir()
    app = open_page("evaluate", score="images", model=run.id, data="mine")
    assert "Score it on 64 images" in [each.label for each in app.button]


def test_images_that_came_since_the_page_looked_are_scored_and_kept_as_those(run, released, dataset):
    app = open_page("evaluate", score="images", model=run.id, data="mine")
    shutil.copy(dataset / "Pro" / "pro-0001.jpg", dataset / "Pro" / "more.jpg")
    app = press(app, "Score it on 64 images")
    assert "of 65 images are right" in texts(app)
    (dataset / "Pro" / "more.jpg").unlink()
    forget_catalogs()
    assert "Score it on 64 images" in [each.label for each in ran(app).button]


def test_a_class_of_the_model_may_have_an_equals_sign_in_its_name(run, released, renamed):
    release(run, released / "signs.onnx", classes=("Benign", "Early", "Pre", "Pro=CD10=pos"))
    app = open_page("evaluate", score="images", model="signs.onnx", data="elsewhere")
    app = choose(app, "map 3", "Pro=CD10=pos")
    assert app.query_params["map"] == "blasts=Pro=CD10=pos"
    assert app.get_by_key("map 3").value == "Pro=CD10=pos"
    assert "Score it on 64 images" in [each.label for each in app.button]


def test_test_images_are_named_only_where_there_are_some(run, scored, workspace, smears):
    folder = shutil.copytree(smears, workspace.datasets / "trained", copy_function=os.link)
    for path in run.split.table["path"][run.split.table["split"] != "train"]:
        (folder / path).unlink()
    scored(folder)
    said = texts(open_page("evaluate", score="images", model=run.id, data="trained"))
    assert "The score looks better than it is" in said
    assert "Choose its test images" not in said


def test_a_class_that_the_address_says_is_two_is_asked_for(run, released, renamed):
    app = open_page("evaluate", score="images", model=run.id, data="elsewhere", map=["blasts=Pro", "blasts=Pre"])
    assert "Contradictory address" in texts(app)
    assert "The model has no class of the name blasts" in texts(app)


def test_a_mapping_in_the_address_to_what_the_model_does_not_have_is_asked_for_again(run, released, renamed):
    app = open_page("evaluate", score="images", model=run.id, data="elsewhere", map=["blasts=Nought", "x=Pro", "="])
    assert "The model has no class of the name blasts" in texts(app)


def test_what_was_chosen_of_one_model_or_dataset_is_not_asked_of_another(run, released, smears, renamed):
    shutil.copy(run.served_model, released / "again.onnx")
    of_one = {"true": "Pro", "predicted": "Pre", "at": "Pro/pro-0001.jpg"}
    app = choose(opened(run, smears, against="again.onnx", **of_one), "model", "again.onnx")
    assert not {"against", *of_one} & {*app.query_params}
    app = choose(opened(run, smears, **of_one), "data", "elsewhere")
    assert not {*of_one} & {*app.query_params}


def test_another_model_is_compared_on_the_same_images(run, scored, smears, released):
    shutil.copy(run.served_model, released / "again.onnx")
    scored(smears)
    app = press(opened(run, smears, view="Compare", against="again.onnx"), "Score it on 64 images")
    assert "Both predicted the same 64 images" in texts(app)
    assert "The two models predict every image alike." in texts(app)


def test_another_model_is_scored_on_the_very_images_that_were_chosen(run, scored, smears, released):
    tested = run.split.rows("test")
    digests = tuple(run.split.table.loc[tested, "sha256"].str[:16])
    release(run, released / "silent.onnx", split_digests={})
    release(run, released / "seen.onnx", split_digests={"train": digests})
    scored(smears, split="test")
    for other, said in (
        ("silent.onnx", "silent.onnx: the model's file does not say what it was trained on"),
        ("seen.onnx", f"seen.onnx was trained on {len(tested)} of these {len(tested)} images"),
    ):
        app = press(
            opened(run, smears, part="test", view="Compare", against=other), f"Score it on {len(tested)} images"
        )
        assert f"Both predicted the same {len(tested)} images" in texts(app)
        assert said in texts(app).replace("\\", "")


def test_two_models_are_called_models_where_they_disagree(run, scored, smears, released):
    release(run, released / "turned.onnx", classes=("Pro", "Pre", "Early", "Benign"))
    scored(smears)
    app = press(opened(run, smears, view="Compare", against="turned.onnx"), "Score it on 64 images")
    assert "this model right" in app.get_by_key("kind").options
    assert "that the two models predict differently" in texts(app)
    app = choose(app, "kind", "this run right")
    assert app.query_params["kind"] == "this run right"
    assert "that this model alone gets right" in texts(app)


def test_another_model_that_cannot_be_opened_is_said_to_be_so(run, scored, smears, released):
    (released / "damaged.onnx").write_bytes(b"no model")
    scored(smears)
    assert "This model cannot be used" in texts(opened(run, smears, view="Compare", against="damaged.onnx"))


def test_a_model_that_cannot_be_opened_is_refused_in_place(run, released, smears):
    model = run.served_model
    model.unlink()  # a link
    model.write_bytes(b"no model")
    app = opened(run, smears)
    assert "This model cannot be used" in texts(app)
    assert not app.dataframe


def test_scoring_that_fails_is_said_and_can_be_asked_for_again(run, released, smears, monkeypatch):
    def end(*arguments):
        raise InputError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("pages.ui.evaluate.choose.evaluation_run", end)
        app = press(opened(run, smears), "Score it on 64 images")
    assert "These images cannot be scored" in texts(app)
    assert "of 64 images are right" in texts(press(app, "Score it on 64 images"))


def test_without_another_model_there_is_nothing_to_compare_with(run, scored, smears, released):
    scored(smears)
    app = opened(run, smears, view="Compare")
    assert "No other model" in texts(app)
    assert f"put an .onnx file into {released}" in texts(app).replace("\\", "")


def test_stain_clusters_of_any_images_are_not_said_to_come_with_newer_runs(run, scored, smears):
    scored(smears)
    assert "Stain clusters are known of a run's own images alone." in texts(
        opened(run, smears, view="Mistakes", by="stain")
    )


@pytest.fixture
def in_variants(run, released, workspace, smears):
    """Return the name of a model that was trained on the second variant of the dataset `both`."""
    for variant in ("Original", "Segmented"):
        shutil.copytree(smears, workspace.datasets / "both" / variant, copy_function=os.link)
    config = load_predictor(run.served_model).metadata.config
    release(run, released / "segmented.onnx", config=config | {"variant": "Segmented"})
    return "segmented.onnx"


@pytest.mark.parametrize(
    ("page", "more"), [("evaluate", {"score": "images"}), ("predict", {"image": "Segmented/Pro/pro-0001.jpg"})]
)
def test_a_model_is_asked_about_the_variant_that_it_was_trained_on_whatever_was_looked_at_before(
    in_variants, run, page, more
):
    asked = {"model": in_variants, "data": "both", **more}
    app = open_page(page, session={"kept_variant": "Original"}, **asked)
    assert app.get_by_key("variant").value == app.query_params["variant"] == "Segmented"
    assert "The model was trained on Segmented." not in texts(app)
    assert "The model was trained on Segmented." in texts(open_page(page, variant="Original", **asked))
    assert choose(app, "model", run.id).get_by_key("variant").value == "Original"


def test_train_and_validation_images_are_said_to_flatter(run, scored, smears):
    for part, said in (("train", "The model was trained on these images."), ("validation", "they flatter a little")):
        scored(smears, split=part)
        assert said in texts(opened(run, smears, part=part))
