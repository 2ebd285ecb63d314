"""Predict: samples at one click, and whole folders as a table."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from allcore.data.intake.images import decode
from allcore.data.unlabelled import unlabelled_images
from allcore.errors import InputError
from allcore.evaluation.scoring.intervals import wilson
from allcore.inference.predictor import load_predictor
from allcore.number_text import per_cent_within
from pages.ui.predict.whole_folder import _kept_lists, _listed
from pages.ui.shared_work import CancelledError
from tests.pages.opening import links, open_page, press, ran, rows, table, texts
from tests.pages.releasing import release


def test_samples_are_offered_at_once_of_each_dataset_and_drawn(trained, released, smears):
    app = open_page("predict")
    samples = [each for each in app.button if str(each.key).startswith("sample-")]
    assert [each.label for each in samples] == [
        "Benign", "Early", "Pre", "Pro", "Drawn Benign", "Drawn Early", "Drawn Pre", "Drawn Pro"
    ]  # fmt: skip
    samples[-1].click()
    assert rows(ran(app))["path"].tolist() == ["drawn Pro.png"]
    assert app.query_params["sample"] == "Pro"
    assert not [each for each in app.button if str(each.key).startswith("sample-")]


def test_sample_of_a_dataset_is_one_of_its_images(trained, released, smears):
    app = open_page("predict")
    next(each for each in app.button if each.label == "Pro").click()
    (path,) = rows(ran(app))["path"]
    assert path.startswith("Pro/")
    assert app.query_params["image"] == path


@pytest.mark.parametrize("folder", ["", "/no/such/folder"])
def test_sample_of_a_dataset_is_shown_though_a_folder_was_looked_for(trained, released, smears, folder):
    app = press(open_page("predict", folder=folder), "Pro")
    assert [path.split("/")[0] for path in rows(app)["path"]] == ["Pro"]
    assert "folder" not in app.query_params


def test_sample_of_a_dataset_is_shown_though_the_former_image_was_closed(trained, released, smears):
    app = open_page("predict", data=f"{smears.parent.name}/{smears.name}", image="Pre/pre-0001.jpg")
    app.session_state["own"] = False
    app = press(ran(app), "Pro")
    assert [path.split("/")[0] for path in rows(app)["path"]] == ["Pro"]


def test_whole_dataset_is_predicted_scored_and_leads_to_every_image(trained, released, smears):
    app = open_page("predict", data=f"{smears.parent.name}/{smears.name}", image="Pro/pro-0001.jpg")
    press(app, "Predict all 64 images")
    whole = table(app, "true")
    assert len(whole) == 64
    right = int((whole["label"] == whole["true"]).sum())
    assert f"{right} of 64 labelled images are right" in texts(app)
    assert f"trained on {len(trained.split.rows('train'))} of them" in texts(app)
    assert "Shared fields were not searched for" not in texts(app)
    assert "All scores, and every mistake" in links(app)
    assert len(app.get("plotly_chart")) == 1  # of the image that was chosen


def test_copies_of_one_image_are_one_trial_of_the_accuracy(trained, released, tmp_path, smears, monkeypatch):
    answer = load_predictor(trained.served_model).predict([decode(smears / "Pro/pro-0001.jpg")])[0].label
    wrong = next(label for label in ("Benign", "Early") if label != answer)
    for label in (answer, wrong):
        (tmp_path / "data" / "copies" / label).mkdir(parents=True)
        for number in range(4):
            shutil.copy(smears / "Pro/pro-0001.jpg", tmp_path / "data" / "copies" / label / f"{number}.jpg")
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(tmp_path / "data"))
    said = texts(open_page("predict", data="data/copies", all="true"))
    of_one_trial = tuple(map(float, wilson(0.5, 1)))
    assert f"4 of 8 labelled images are right: accuracy {per_cent_within(0.5, of_one_trial)}" in said
    assert "Shared fields were not searched for" in said


def test_accuracy_is_said_where_no_answer_is_right(trained, released, tmp_path, smears, monkeypatch):
    model, labels = load_predictor(trained.served_model), ["Benign", "Early", "Pre", "Pro"]
    for name in ("Pro/pro-0001.jpg", "Benign/benign-0001.jpg"):
        answer = model.predict([decode(smears / name)])[0].label
        labels.remove(wrong := next(label for label in labels if label != answer))
        (tmp_path / "data" / "wrong" / wrong).mkdir(parents=True)
        shutil.copy(smears / name, tmp_path / "data" / "wrong" / wrong)
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(tmp_path / "data"))
    app = open_page("predict", data="data/wrong", all="true")
    assert "0 of 2 labelled images are right: accuracy 0.0 %" in texts(app)


def test_folder_without_classes_is_predicted_and_bad_files_are_named(trained, released, tmp_path, smears, monkeypatch):
    folder = tmp_path / "mixed"
    folder.mkdir()
    shutil.copy(smears / "Pro" / "pro-0001.jpg", folder)
    (folder / "damaged.jpg").write_bytes(b"no image")
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(folder))
    app = open_page("predict", folder=str(folder), all="true")
    assert table(app, "error").set_index("path")["error"]["damaged.jpg"] != ""
    assert "1 not predicted" in texts(app)
    assert "are right" not in texts(app)


@pytest.fixture
def folder(trained, released, tmp_path, smears, monkeypatch):
    """Return a folder of one Pro image that may be read."""
    folder = tmp_path / "loose"
    folder.mkdir()
    shutil.copy(smears / "Pro" / "pro-0001.jpg", folder / "a.jpg")
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(folder))
    return folder


def test_folder_whose_reading_was_cancelled_is_said_to_be_and_read_when_it_is_asked_for(folder):
    app = open_page("predict", folder=str(folder), session={"declined work": {f"images of {folder}"}})
    assert "The reading of this folder was cancelled" in texts(app)
    assert "Predict all 1 image" in [button.label for button in press(app, "Read the folder again").button]
    assert "cancelled" not in texts(app)


def test_images_that_were_added_or_replaced_are_seen_once_the_folder_is_read_again(folder, smears):
    app = press(open_page("predict", folder=str(folder)), "Predict all 1 image")
    before = table(app, "probability_Pro").set_index("path")
    shutil.copy(smears / "Benign" / "benign-0001.jpg", folder / "a.jpg")
    shutil.copy(smears / "Pro" / "pro-0001.jpg", folder / "b.jpg")
    app = press(app, "Read the folder again")
    after = table(app, "probability_Pro").set_index("path")
    assert after.index.tolist() == ["a.jpg", "b.jpg"]
    assert after.loc["b.jpg", "probability_Pro"] == before.loc["a.jpg", "probability_Pro"]
    assert after.loc["a.jpg", "probability_Pro"] != before.loc["a.jpg", "probability_Pro"]


def test_folder_that_another_reads_at_the_moment_is_read_again_afterwards(folder, smears, monkeypatch, waiting):
    app = open_page("predict", folder=str(folder))
    begun, go_on = threading.Event(), threading.Event()
    _kept_lists.clear()

    def slowly(at, progress):
        begun.set()
        assert go_on.wait(60)
        return unlabelled_images(at, progress)

    with monkeypatch.context() as slow, ThreadPoolExecutor() as another:
        slow.setattr("pages.ui.predict.whole_folder.unlabelled_images", slowly)
        first = another.submit(_listed, folder)
        assert begun.wait(60)
        _kept_lists.clear()  # as whoever asks to read it again does
        second = another.submit(_listed, folder)
        assert waiting(2)
        go_on.set()
        assert [len(each.result()[0]) for each in (first, second)] == [1, 1]
    shutil.copy(smears / "Pro" / "pro-0001.jpg", folder / "b.jpg")
    assert "Predict all 2 images" in [button.label for button in ran(app).button]


def test_folder_outside_the_roots_is_refused(trained, released):
    assert "outside the folders that may be read" in open_page("predict", folder="/etc").error[0].value


def test_folder_of_unusable_files_is_said_to_be(trained, released, tmp_path, monkeypatch):
    folder = tmp_path / "damaged"
    folder.mkdir()
    (folder / "damaged.jpg").write_bytes(b"no image")
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(folder))
    app = open_page("predict", folder=str(folder), all="true", image="damaged.jpg")
    assert "None of its files can be used." in texts(app)
    assert "This image cannot be used" in texts(app)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (CancelledError("by somebody"), "What was predicted so far is kept."),
        (InputError("the disk is full"), "These images cannot be predicted the disk is full"),
    ],
)
def test_work_on_all_images_that_ends_early_is_said_in_place(trained, released, smears, monkeypatch, error, said):
    def end(*arguments):
        raise error

    monkeypatch.setattr("pages.ui.predict.whole_folder.predict_catalogued", end)
    app = open_page("predict", data=f"{smears.parent.name}/{smears.name}", all="true")
    assert said in texts(app)
    assert ("all" in app.query_params) is not isinstance(error, CancelledError)


def test_a_folder_whose_name_is_too_long_for_one_is_said_in_place(trained, released, smears):
    app = open_page("predict", folder=f"{smears.parent}/{'a' * 300}", all="true")
    assert "File name too long" in texts(app)


def test_the_accuracy_of_a_model_that_does_not_say_what_it_was_trained_on_is_not_said_to_be_fair(
    trained, released, smears
):
    release(trained, released / "silent.onnx", split_digests={})
    said = texts(open_page("predict", data=f"{smears.parent.name}/{smears.name}", all="true"))
    assert "of 64 labelled images are right" in said
    assert "does not say what it was trained on, so these images may have been among it" in said
