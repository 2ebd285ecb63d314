"""A model is scored on exactly the images that were asked for, whatever they are called."""

import json
import shutil

import onnx
import pandas as pd
import pytest

from allcore.errors import DatasetError, InputError, ModelFileError, RunError
from allcore.evaluation.predictions.evaluate_model import evaluate_model
from allcore.inference.metadata import KEY
from allcore.inference.predictor import load_predictor
from allcore.model.serving import save_with_metadata
from tests.copies import copy_of


def images_of(run, split):
    """Return the paths of a run's images in a split, relative to the dataset."""
    table = run.split.table
    return list(table.loc[table["split"] == split, "path"])


def numbers(evaluation):
    """Return all scores but the intervals, which rest on how images are grouped."""
    scores = evaluation.scores.to_json()
    per_class = {name: {**row, "intervals": None} for name, row in scores["per_class"].items()}
    flat = pd.json_normalize({**scores, "intervals": None, "per_class": per_class, "confusion_matrix": None})
    return flat.select_dtypes("number").iloc[0].to_dict()


def assert_same_scores(one, other):
    assert one.scores.confusion_matrix == other.scores.confusion_matrix
    assert numbers(one) == pytest.approx(numbers(other), abs=1e-6)


def test_run_is_scored_by_its_recorded_predictions(evaluate, finished_run):
    table = finished_run.predictions().query("split == 'test'")
    matrix = pd.crosstab(table["label"], table["predicted"]).reindex(columns=finished_run.split.classes, fill_value=0)
    evaluation = evaluate(finished_run.id)
    assert evaluation.scores.confusion_matrix == matrix.to_numpy().tolist()
    assert evaluation.model == finished_run.id


def test_run_folder_is_the_run(evaluate, finished_run):
    assert_same_scores(evaluate(finished_run.folder), evaluate(finished_run.id))


@pytest.mark.parametrize("split", ["validation", "test"])
def test_file_in_a_run_predicts_the_runs_images_anew_to_the_same_scores(evaluate, finished_run, split):
    assert_same_scores(evaluate(finished_run.served_model, split=split), evaluate(finished_run.id, split=split))


def test_file_in_a_run_is_found_from_within_its_folder(evaluate, finished_run, monkeypatch):
    monkeypatch.chdir(finished_run.folder)
    assert evaluate("model.onnx").data == f"the test split of {finished_run.id}"


def test_file_in_a_run_can_be_scored_on_the_train_images(evaluate, finished_run):
    assert evaluate(finished_run.served_model, split="train").scores.n == len(finished_run.split.rows("train"))


def test_train_images_of_a_run_were_not_recorded(evaluate, finished_run):
    with pytest.raises(InputError, match="predictions are recorded for validation and test; give --data"):
        evaluate(finished_run.id, split="train")


def test_folder_is_scored_whole_and_images_trained_on_are_noted(evaluate, finished_run, smears):
    evaluation = evaluate(finished_run.served_model, data=smears)
    trained_on = len(finished_run.split.rows("train"))
    assert evaluation.scores.n == 64
    assert evaluation.notes == (
        f"{trained_on} of 64 images are ones that the model was trained on; --split test scores those that it was not",
    )


def test_run_and_its_file_score_a_folder_alike(evaluate, finished_run, smears):
    assert_same_scores(evaluate(finished_run.id, data=smears), evaluate(finished_run.served_model, data=smears))


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_split_restricts_a_folder_to_exactly_the_runs_images(evaluate, finished_run, smears, split):
    in_folder = evaluate(finished_run.served_model, data=smears, split=split)
    assert in_folder.scores.n == len(images_of(finished_run, split))
    assert in_folder.notes == ()
    assert_same_scores(in_folder, evaluate(finished_run.served_model, split=split))


def test_split_knows_images_by_content_and_not_by_name(evaluate, finished_run, copied):
    for label in copied.iterdir():
        for number, image in enumerate(sorted(label.iterdir(), reverse=True)):
            image.rename(label / f"renamed-{number}.jpg")
    renamed = evaluate(finished_run.served_model, data=copied, split="test")
    assert_same_scores(renamed, evaluate(finished_run.id))


def test_copy_of_a_test_image_is_not_scored_twice(evaluate, finished_run, copied):
    image = copied / images_of(finished_run, "test")[0]
    shutil.copy(image, image.with_name("again.jpg"))
    assert_same_scores(
        evaluate(finished_run.served_model, data=copied, split="test"), evaluate(finished_run.served_model)
    )


def test_image_in_train_and_test_is_scored_with_test_and_noted(evaluate, finished_run, smears, tmp_path):
    properties = load_predictor(finished_run.served_model).network.properties
    metadata = json.loads(properties[KEY])
    metadata["split_digests"]["train"].append(metadata["split_digests"]["test"][0])
    path = tmp_path / "model.onnx"
    save_with_metadata(onnx.load(finished_run.served_model), {KEY: json.dumps(metadata)}, path)
    evaluation = evaluate(path, data=smears, split="test")
    images = len(images_of(finished_run, "test"))
    assert evaluation.scores.n == images
    assert evaluation.notes == (f"1 of {images} images are ones that the model was trained on",)


def test_files_that_cannot_be_used_are_left_out_and_noted(evaluate, finished_run, copied):
    (copied / "Pro" / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    evaluation = evaluate(finished_run.served_model, data=copied)
    assert evaluation.scores.n == 64
    assert evaluation.notes[-1].startswith("1 file was left out that cannot be used")


def test_parts_of_a_folder_that_are_scored_together_are_noted(evaluate, finished_run, smears_in_parts):
    note = "the folder's parts are scored together (40 of train, 12 of validation, 12 of test)"
    assert any(said.startswith(note) for said in evaluate(finished_run.id, data=smears_in_parts).notes)
    alone = evaluate(finished_run.id, data=smears_in_parts / "test")
    assert alone.scores.n == 12
    assert not any("parts" in said for said in alone.notes)


def test_folder_may_lack_a_class(evaluate, finished_run, copied):
    shutil.rmtree(copied / "Pro")
    evaluation = evaluate(finished_run.served_model, data=copied)
    assert evaluation.scores.per_class["Pro"].support == 0


def test_class_that_the_model_does_not_know_is_refused(evaluate, finished_run, copied):
    (copied / "Pro").rename(copied / "Unheard")
    with pytest.raises(DatasetError, match=r"does not know \(Unheard\); it knows Benign, Early, Pre, Pro"):
        evaluate(finished_run.served_model, data=copied)


@pytest.mark.parametrize("mapping", [{}, {"Artefacts": ""}, {"Artefacts": "Pro"}])
def test_class_without_an_image_need_not_be_known_and_may_be_mapped(evaluate, finished_run, copied, mapping):
    (copied / "Artefacts").mkdir()
    assert evaluate(finished_run.served_model, data=copied, mapping=mapping).scores.n == 64


def test_classes_of_other_names_are_mapped_to_the_models(evaluate, finished_run, copied):
    plain = evaluate(finished_run.served_model, data=copied)
    (copied / "Pro").rename(copied / "pro-B")
    (copied / "Pre").rename(copied / "pre-B")
    mapped = evaluate(finished_run.served_model, data=copied, mapping={"pro-B": "Pro", "pre-B": "Pre"})
    assert_same_scores(mapped, plain)


def test_a_class_that_is_mapped_to_nothing_is_left_out_and_noted(evaluate, finished_run, copied):
    (copied / "Pro").rename(copied / "artefacts")
    evaluation = evaluate(finished_run.served_model, data=copied, mapping={"artefacts": ""})
    assert evaluation.scores.per_class["Pro"].support == 0
    assert "16 images were left out as asked: artefacts" in evaluation.notes


def test_a_class_of_the_models_can_be_left_out_and_is_not_said_to_be_none_of_its(evaluate, finished_run, copied):
    evaluation = evaluate(finished_run.served_model, data=copied, mapping={"Pro": ""})
    assert "16 images were left out as asked: Pro" in evaluation.notes
    assert "does not have" not in " ".join(evaluation.notes)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"Nought": "Pro"}, r"map: .* has no class 'Nought'; it has Benign, Early, Pre, Pro"),
        ({"Pro": "Nought"}, "map: the model knows no class 'Nought'; it knows Benign, Early, Pre, Pro"),
    ],
)
def test_mapping_of_or_to_no_class_is_refused(evaluate, finished_run, smears, mapping, message):
    with pytest.raises(DatasetError, match=message):
        evaluate(finished_run.served_model, data=smears, mapping=mapping)


def test_folder_that_the_model_never_saw_is_said_to_be_so(evaluate, finished_run, copied):
    for path in images_of(finished_run, "train"):
        (copied / path).unlink()
    assert "none of these files is one that the model was trained on" in " ".join(
        evaluate(finished_run.served_model, data=copied).notes
    )


def test_model_that_does_not_say_what_it_was_trained_on_is_said_to_be_so(evaluate, finished_run, smears, tmp_path):
    metadata = json.loads(load_predictor(finished_run.served_model).network.properties[KEY])
    path = tmp_path / "model.onnx"
    save_with_metadata(onnx.load(finished_run.served_model), {KEY: json.dumps(metadata | {"split_digests": {}})}, path)
    assert "does not say what it was trained on" in " ".join(evaluate(path, data=smears).notes)


def test_folder_without_an_image_of_the_split_is_refused(evaluate, finished_run, copied):
    for path in images_of(finished_run, "test"):
        (copied / path).unlink()
    with pytest.raises(DatasetError, match="has no usable image of the test split"):
        evaluate(finished_run.served_model, data=copied, split="test")


def test_file_outside_a_run_needs_a_folder(evaluate, finished_run, tmp_path):
    shutil.copy(finished_run.served_model, tmp_path / "model.onnx")
    with pytest.raises(InputError, match=r"does not lie in a run's folder, .*; give --data DIR"):
        evaluate(tmp_path / "model.onnx")


def test_file_outside_a_run_scores_a_folder_as_the_run_does(evaluate, finished_run, smears, tmp_path):
    path = shutil.copy(finished_run.served_model, tmp_path / "anything.onnx")
    assert_same_scores(evaluate(path, data=smears), evaluate(finished_run.id, data=smears))


@pytest.mark.parametrize(("given", "variant"), [(None, "Sharp"), ("Blurred", "Blurred")])
def test_variant_is_the_one_that_the_model_was_trained_on_unless_given(
    evaluate, finished_run, smears, tmp_path, given, variant
):
    for name in ("Blurred", "Sharp"):
        shutil.copytree(smears, tmp_path / "variants" / name)
    metadata = json.loads(load_predictor(finished_run.served_model).network.properties[KEY])
    metadata["config"]["variant"] = "Sharp"
    path = tmp_path / "model.onnx"
    save_with_metadata(onnx.load(finished_run.served_model), {KEY: json.dumps(metadata)}, path)
    evaluation = evaluate(path, data=tmp_path / "variants", variant=given)
    assert evaluation.data == str(tmp_path / "variants" / variant)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"split": "holdout"}, r"split: unknown \(received 'holdout'\); expected one of train, validation, test"),
        ({"variant": "Segmented"}, "variant: it chooses among the variants of --data; give --data DIR as well"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(evaluate, finished_run, what, message):
    with pytest.raises(InputError, match=message):
        evaluate(finished_run.id, **what)


def test_run_that_has_not_succeeded_is_refused(evaluate, finished, finished_run, workspace):
    store = type(finished.store)(workspace.runs)
    run = store.create(finished_run.config, finished_run.split)
    with pytest.raises(RunError, match="has no predictions: it is queued, and they are written when it succeeds"):
        evaluate_model(run.id, store, workspace.cache)


def test_missing_file_is_named(evaluate, tmp_path):
    with pytest.raises(ModelFileError, match=r"gone\.onnx cannot be used: it does not exist"):
        evaluate(tmp_path / "gone.onnx")


def test_images_that_changed_since_the_run_are_refused(evaluate, finished_run, copied, workspace):
    folder = copy_of(finished_run, workspace.runs / "moved").folder
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"dataset": str(copied)}))
    one, other = images_of(finished_run, "test")[:2]
    (copied / one).unlink()
    shutil.copy(copied / images_of(finished_run, "train")[0], copied / other)
    with pytest.raises(DatasetError, match=r"2 of the \d+ test images of run moved are missing or changed"):
        evaluate(folder / "model.onnx")


@pytest.mark.parametrize("of_folder", [False, True])
def test_predictions_of_a_file_have_what_recorded_ones_have(evaluate, finished_run, smears, of_folder):
    recorded = evaluate(finished_run.id).predictions.table.set_index("path")
    what = {"data": smears, "split": "test"} if of_folder else {}
    table = evaluate(finished_run.served_model, **what).predictions.table.set_index("path").loc[recorded.index]
    assert set(table) == set(recorded) - {"split"}
    for name in ("predicted", "correct", "twin", *([] if of_folder else ["stain"])):
        assert list(table[name]) == list(recorded[name])
