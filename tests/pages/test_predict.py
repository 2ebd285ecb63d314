"""The Predict page: with no model, with damaged ones, and with images good and bad."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from allcore.data.intake.images import decode
from allcore.errors import ModelFileError
from allcore.evaluation.probes.registry import AS_IT_IS, OTHER_FIELD
from allcore.inference.metadata import HeldOutScore, ViewScore
from allcore.inference.predictor import Predictor, load_predictor
from allcore.reporting.probes import what_it_looks_at
from pages.ui.known.workspace import opener, predictor
from tests.pages.opening import choose, links, open_page, ran, rows, texts
from tests.pages.releasing import release

NOTICE = "not a medical device"


def upload(app, *files):
    for name, data in files:
        app.file_uploader[0].upload(name, data)
    return ran(app)


def png(pixels):
    return cv2.imencode(".png", pixels)[1].tobytes()


def novel_everywhere(run):
    novelty = load_predictor(run.served_model).metadata.novelty
    return novelty.model_copy(update={"threshold": 0.0})


def image_of(run, split, smears):
    """Return the path below the dataset, and the bytes, of an image of a split of the run."""
    path = run.split.table["path"][run.split.rows(split)[0]]
    return path, (smears / path).read_bytes()


def test_without_a_model_the_page_says_so_and_links_to_training(workspace, released):
    app = open_page("predict")
    assert "no run has succeeded" in app.info[1].value
    assert list(links(app)) == ["Train one"]
    assert NOTICE in texts(app)


def test_models_of_runs_are_offered_while_none_is_released(trained, released):
    app = open_page("predict")
    assert app.selectbox[0].options == [trained.id]
    assert "No model is released here" in texts(app)
    assert NOTICE in texts(app)


def test_released_models_come_first(trained, released):
    release(trained, released / "allscope.onnx")
    app = open_page("predict")
    assert app.selectbox[0].options == ["allscope.onnx", trained.id]
    assert "No model is released here" not in texts(app)


def test_model_is_chosen_by_the_url(trained, released):
    release(trained, released / "allscope.onnx")
    assert open_page("predict", model=trained.id).selectbox[0].value == trained.id


def test_run_whose_model_is_gone_is_not_offered(workspace, finished_run, released):
    shutil.copytree(finished_run.folder, workspace.runs / finished_run.id, ignore=shutil.ignore_patterns("*.onnx"))
    assert "no run has succeeded" in open_page("predict").info[1].value


def test_damaged_run_is_passed_over(workspace, released):
    (workspace.runs / "20260101-000000-vgg16-32px-abcd").mkdir(parents=True)
    assert "no run has succeeded" in open_page("predict").info[1].value


def test_damaged_model_file_is_named_with_the_reason(workspace, released):
    (released / "broken.onnx").write_bytes(b"no model")
    app = open_page("predict")
    assert "broken.onnx" in app.error[0].value
    assert "not a usable ONNX file" in app.error[0].value
    assert NOTICE in texts(app)


def test_foreign_model_file_is_named_with_what_was_expected(workspace, released):
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    same = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "foreign", [value], [same])
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=10), released / "foreign.onnx")
    assert "ONNX file of something else" in open_page("predict").error[0].value


def test_facts_of_the_model_are_shown(trained, released):
    shown = texts(open_page("predict")).replace("\\", "")
    assert "Benign, Early, Pre, Pro" in shown
    assert trained.id in shown
    assert "Research and education only" in shown
    assert "CC BY 4.0" not in shown  # it began with random weights
    assert "Test accuracy" not in shown


def test_model_that_knows_its_test_says_what_it_gave_and_what_the_best_shortcut_did(trained, released):
    views = (
        ViewScore(probe=AS_IT_IS, accuracy=0.9, interval=(0.8, 0.95)),
        ViewScore(probe=OTHER_FIELD, accuracy=0.25, interval=(0.2, 0.3), followed_other=0.5, followed_neither=0.25),
    )
    gave = HeldOutScore(
        images=40, twins=3, accuracy=0.9, interval=(0.8, 0.95), shortcut="hue", shortcut_accuracy=0.975, views=views
    )
    release(trained, released / "allscope.onnx", held_out=gave)
    shown = texts(open_page("predict")).replace("\\", "")
    assert "90.0 % (80.0 to 95.0) of 40 images, 3 of them with a twin in train" in shown
    assert "97.5 %, hue" in shown
    assert "Accuracy on changed test images**: cells on another class's field 25.0 %\n" in shown
    assert what_it_looks_at(views) in shown


def test_card_is_read_as_markdown_and_the_arithmetic_is_told(trained, released):
    release(trained, released / "allscope.onnx", card="# Of this model\n\nIt *knows* four classes.")
    app = open_page("predict")
    assert "## Of this model\n\nIt *knows* four classes." in [each.value for each in app.markdown]
    assert "int8 predicts another class than float32 for" in texts(app)


def test_uploaded_image_gets_what_the_predictor_says(trained, released, smears):
    name, data = image_of(trained, "test", smears)
    app = upload(open_page("predict"), (Path(name).name, data))
    direct = load_predictor(trained.served_model).predict([decode(data)])[0]
    row = rows(app).iloc[0]
    assert row["label"] == direct.label
    assert direct.label in app.header[0].value
    assert row["probability_Pro"] == pytest.approx(100 * direct.probabilities[3], abs=1e-3)
    assert row["novelty"] == pytest.approx(direct.novelty, rel=1e-4)
    assert len(app.get("plotly_chart")) == 1


def test_bad_files_are_named_beside_the_results_of_the_good_ones(trained, released, smears):
    _, data = image_of(trained, "test", smears)
    app = upload(
        open_page("predict"),
        ("good.jpg", data),
        ("truncated.jpg", data[: len(data) // 2]),
        ("wrong.png", data),
        ("dot.png", png(np.zeros((1, 1, 3), np.uint8))),
        ("text.jpg", b"not an image"),
    )
    errors = dict(zip(rows(app)["path"], rows(app)["error"], strict=True))
    assert errors["good.jpg"] == ""
    assert "damaged, truncated" in errors["truncated.jpg"]
    assert "wrong extension" in errors["wrong.png"]
    assert "too small" in errors["dot.png"]
    assert "not an image" in errors["text.jpg"]
    assert all(name in app.warning[0].value for name in ("truncated", "wrong", "dot", "text"))
    assert rows(app)["label"][0] != ""


def test_image_that_cannot_be_predicted_is_explained_in_detail(trained, released, smears):
    app = upload(open_page("predict"), ("empty.jpg", b""))
    assert "empty file" in app.error[0].value


def test_another_image_is_shown_when_it_is_chosen(trained, released, smears):
    files = [(f"{split}.jpg", image_of(trained, split, smears)[1]) for split in ("train", "test")]
    app = upload(open_page("predict"), *files)
    assert "was trained on this file" in texts(app)
    choose(app, "shown", app.get_by_key("shown").options[1])
    assert "was trained on this file" not in texts(app)
    assert "one of the model's test images" in texts(app)


def test_image_that_the_run_did_not_have_is_said_to_be_new(trained, released):
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    said = texts(upload(open_page("predict"), ("noise.png", png(noise)))).replace("\\", "")
    assert "neither trained nor tested on this file (a copy that was saved anew is not recognised)" in said


def test_of_a_model_that_does_not_say_what_it_was_trained_on_nothing_is_claimed(trained, released, smears):
    release(trained, released / "silent.onnx", split_digests={})
    app = upload(open_page("predict"), ("image.jpg", image_of(trained, "train", smears)[1]))
    assert "neither trained" not in texts(app)
    assert "does not say what it was trained on" in texts(app)


def test_novel_image_is_said_to_be_so_and_keeps_its_label_in_grey(trained, released, smears):
    release(trained, released / "strict.onnx", novelty=novel_everywhere(trained))
    app = upload(open_page("predict"), ("image.jpg", image_of(trained, "test", smears)[1]))
    assert app.header[0].value == f":gray[{rows(app)['label'][0]}]"
    assert "Not like the images this model knows" in texts(app)
    direct = load_predictor(trained.served_model).predict([decode(image_of(trained, "test", smears)[1])])[0]
    assert f"how unusual the colours are ({direct.colour_distance:.2f})" in texts(app).replace("\\", "")
    assert f"the network finds the image ({direct.feature_distance:.2f})" in texts(app).replace("\\", "")


def test_evidence_of_any_class_can_be_shown(trained, released, smears):
    app = upload(open_page("predict"), ("image.jpg", image_of(trained, "test", smears)[1]))
    assert app.segmented_control(key="explained").options == ["predicted", "Benign", "Early", "Pre", "Pro"]
    drawn = {}
    for name in ("Benign", "Pro"):
        choose(app, "explained", name)
        assert not app.exception
        drawn[name] = app.image[0]
    assert "Orange speaks for Pro" in drawn["Pro"].captions[0]
    assert drawn["Benign"].value != drawn["Pro"].value


def test_no_evidence_is_drawn_at_opacity_zero(trained, released, smears):
    app = upload(open_page("predict"), ("image.jpg", image_of(trained, "test", smears)[1]))
    choose(app, "opacity", 0)
    one = app.image[0].value
    choose(app, "explained", "Benign")
    assert app.image[0].value == one


def test_most_similar_training_images_are_shown_with_the_file_itself_first(trained, released, smears):
    app = upload(open_page("predict"), ("image.jpg", image_of(trained, "train", smears)[1]))
    captions = [image.captions[0] for image in app.image[1:]]
    assert len(captions) == 5
    assert "1.000 (the same file)" in captions[0]


def test_similar_images_outside_the_roots_are_not_shown(trained, released, smears, monkeypatch):
    monkeypatch.delenv("ALLCORE_DATA_ROOTS")
    noise = np.random.default_rng(1).integers(0, 256, (50, 50, 3), np.uint8)
    app = upload(open_page("predict"), ("image.png", png(noise)))
    assert len(app.image) == 1
    assert "Not available" in texts(app)


def test_similar_images_of_a_run_elsewhere_are_not_at_hand(trained, released, smears):
    release(trained, released / "mailed.onnx", run="20260101-000000-vgg16-32px-ffff")
    app = upload(open_page("predict"), ("image.jpg", image_of(trained, "test", smears)[1]))
    assert "not in this workspace" in texts(app)


def test_image_of_a_dataset_is_predicted_from_the_url(trained, released, smears):
    path, _ = image_of(trained, "test", smears)
    app = open_page("predict", data=f"{smears.parent.name}/{smears.name}", image=path)
    assert rows(app)["path"].tolist() == [path]
    assert "one of the model's test images" in texts(app)


@pytest.mark.parametrize("path", ["Pro/none.jpg", "../../etc/passwd", "/etc/passwd"])
def test_image_that_the_dataset_does_not_have_is_named(trained, released, smears, path):
    app = open_page("predict", data=f"{smears.parent.name}/{smears.name}", image=path)
    assert path in app.warning[0].value.replace("\\", "")
    assert not app.dataframe


def test_images_are_predicted_once_however_often_the_page_reruns(trained, released, monkeypatch):
    asked, predict = [], Predictor.predict
    monkeypatch.setattr(Predictor, "predict", lambda self, images: asked.append(len(images)) or predict(self, images))
    rng = np.random.default_rng(2)
    files = [(f"{number}.png", png(rng.integers(0, 256, (40, 40, 3), np.uint8))) for number in range(12)]
    app = upload(open_page("predict"), *files)
    app.run()
    choose(app, "shown", app.get_by_key("shown").options[3])
    assert len(rows(app)) == 12
    assert sum(asked) == 12


def test_file_names_are_shown_as_they_are(trained, released, smears):
    name = "a *b* [c](d) :red[e].jpg"
    app = upload(open_page("predict"), (name, b""), ("good.jpg", image_of(trained, "test", smears)[1]))
    assert app.warning[0].value.startswith(r"- a \*b\* \[c\]\(d\)")


def test_a_model_that_is_gone_by_the_time_it_is_opened_is_refused(tmp_path):
    for asked in (predictor, opener):
        with pytest.raises(ModelFileError, match="it does not exist"):
            asked(tmp_path / "gone.onnx")
