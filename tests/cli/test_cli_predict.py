"""`predict`: what a served model says of image files."""

import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from allcore.installation import PROJECT
from allcore.runs.folder.store import Run
from allcore.studies.disk_use import keep_small
from tests.pages.releasing import release


@pytest.fixture
def recorded(finished_run):
    """Return the run's recorded predictions, by absolute path."""
    table = finished_run.predictions()
    return table.set_index(finished_run.config.dataset + "/" + table["path"])


@pytest.fixture
def image(smears, tmp_path):
    """Return one smear under a name that is awkward to print."""
    return shutil.copy(smears / "Pro" / "pro-0001.jpg", tmp_path / "smear [1] :heart:.jpg")


def bad_files(folder):
    (folder / "notes.txt").write_text("text")
    (folder / "empty.png").touch()
    (folder / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    return [folder / "notes.txt", folder / "empty.png", folder / "cut.jpg", folder / "missing.png"]


def test_json_has_exactly_what_is_promised(on_finished, image):
    (row,) = on_finished("predict", "latest", image, "--json").json
    distances = {"feature_distance", "colour_distance"}
    assert set(row) == {"path", "label", "probabilities", "novelty", "novel", "split", *distances}
    assert min(map(row.get, distances)) <= row["novelty"] <= max(map(row.get, distances))
    assert row["path"] == str(image)
    assert list(row["probabilities"]) == ["Benign", "Early", "Pre", "Pro"]
    assert sum(row["probabilities"].values()) == pytest.approx(1.0, abs=1e-5)
    assert row["label"] == max(row["probabilities"], key=row["probabilities"].get)
    assert isinstance(row["novel"], bool)


def test_predictions_are_those_that_the_run_recorded(on_finished, recorded):
    rows = on_finished("predict", "latest", *recorded.index, "--json").json
    assert [row["path"] for row in rows] == list(recorded.index)
    for row, (_, expected) in zip(rows, recorded.iterrows(), strict=True):
        assert (row["label"], row["novel"]) == (expected["predicted"], expected["novel"])
        assert row["novelty"] == pytest.approx(expected["novelty"], abs=1e-3)
        for name, probability in row["probabilities"].items():
            assert probability == pytest.approx(expected[f"probability_{name}"], abs=1e-4)


@pytest.mark.parametrize("form", ["id", "folder", "file"])
def test_model_is_a_run_or_its_folder_or_its_file(on_finished, finished_run, image, form):
    model = {"id": finished_run.id, "folder": finished_run.folder, "file": finished_run.served_model}[form]
    assert on_finished("predict", model, image, "--json") == on_finished("predict", "latest", image, "--json")


def test_table_has_each_image_and_its_class(on_finished, image):
    (row,) = on_finished("predict", "latest", image, "--json").json
    words = on_finished("predict", "latest", image).out
    line = next(line for line in words.splitlines() if line.startswith(str(image)))
    remarks = 1 * row["novel"] + 2 * (row["split"] == "train")
    assert line.split()[-6 - remarks] == row["label"]
    assert "For research and education only; not for diagnosis." in words


def test_bad_files_are_named_with_the_reason_and_the_others_go_on(on_finished, image, tmp_path):
    bad = bad_files(tmp_path)
    outcome = on_finished("predict", "latest", *bad, image, "--json")
    *refused, good = outcome.json
    assert outcome.code == 0
    assert [row["path"] for row in refused] == [str(path) for path in bad]
    assert all(set(row) == {"path", "error"} for row in refused)
    assert "not an image by its name" in refused[0]["error"]
    assert "No such file" in refused[3]["error"]
    assert good["label"] in good["probabilities"]


def test_bad_files_stand_on_standard_error_when_people_read(on_finished, image, tmp_path):
    bad = bad_files(tmp_path)
    outcome = on_finished("predict", "latest", *bad, image)
    assert outcome.code == 0
    said = [line for line in outcome.err.splitlines() if "was trained on" not in line]
    assert [line.split(": ")[0] for line in said] == [str(path) for path in bad]
    assert str(image) in outcome.out


def test_several_images_are_summed_up_in_the_sentence_of_the_page_and_one_is_not(on_finished, image, tmp_path):
    (answer,) = on_finished("predict", "latest", image, "--json").json
    summary = (
        f"2 {answer['label']}{', 2 of them not like the images this model knows' * answer['novel']}, 4 not predicted"
    )
    lines = on_finished("predict", "latest", image, image, *bad_files(tmp_path)).out.splitlines()
    assert summary in lines
    assert f"1 {answer['label']}" not in on_finished("predict", "latest", image).out


def test_one_bad_file_alone_is_bad_input(on_finished, tmp_path):
    outcome = on_finished("predict", "latest", tmp_path / "missing[1].png")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"error: {tmp_path / 'missing[1].png'}: cannot be read: No such file or directory\n"


def test_bad_files_alone_are_bad_input_and_each_is_still_in_the_json(on_finished, tmp_path):
    bad = bad_files(tmp_path)
    outcome = on_finished("predict", "latest", *bad, "--json")
    assert outcome.code == 2
    assert [set(row) for row in outcome.json] == [{"path", "error"}] * 4
    assert outcome.err.startswith(f"error: none of the 4 files can be predicted; the first: {bad[0]}: ")
    assert outcome.err.count("\n") == 1


def test_evidence_is_a_picture_of_each_image_in_its_size(on_finished, smears, tmp_path):
    Image.fromarray(np.full((40, 70, 3), 200, np.uint8)).save(tmp_path / "flat.png")
    images = [smears / "Pro" / "pro-0001.jpg", tmp_path / "flat.png"]
    rows = on_finished("predict", "latest", *images, "--json", "--evidence", tmp_path / "new" / "evidence").json
    sizes = {}
    for path in (tmp_path / "new" / "evidence").iterdir():
        with Image.open(path) as picture:
            sizes[path.name] = (picture.format, picture.size)
    assert sizes == {
        f"pro-0001-{rows[0]['label']}.png": ("PNG", (48, 48)),
        f"flat-{rows[1]['label']}.png": ("PNG", (70, 40)),
    }


def test_images_of_the_same_name_each_have_their_evidence(on_finished, smears, tmp_path):
    images = [tmp_path / "a" / "smear.jpg", tmp_path / "b" / "smear.jpg", tmp_path / "c" / "SMEAR.jpg"]
    for image in images:
        image.parent.mkdir()
        shutil.copy(smears / "Pro" / "pro-0001.jpg", image)
    evidence = tmp_path / "evidence"
    on_finished("predict", "latest", *images, "--evidence", evidence)
    assert len({file.name.casefold() for file in evidence.iterdir()}) == 3


def test_a_full_disk_leaves_no_half_picture_of_the_evidence_and_those_of_before(on_finished, smears, tmp_path, no_room):
    image, evidence = smears / "Pro" / "pro-0001.jpg", tmp_path / "evidence"
    on_finished("predict", "latest", image, "--evidence", evidence)
    before = {path.name: path.read_bytes() for path in evidence.iterdir()}
    other = shutil.copy(smears / "Pro" / "pro-0002.jpg", tmp_path / "other.jpg")
    with no_room(str(evidence)):
        outcome = on_finished("predict", "latest", image, other, "--json", "--evidence", evidence)
    assert (outcome.code, len(outcome.json)) == (2, 2)
    assert "2 of 2 pictures could not be written" in outcome.err
    assert "No space left on device" in outcome.err
    assert {path.name: path.read_bytes() for path in evidence.iterdir()} == before


def test_evidence_that_cannot_be_a_folder_is_refused(on_finished, image):
    outcome = on_finished("predict", "latest", image, "--evidence", image)
    assert (outcome.code, outcome.out) == (2, "")
    assert "--evidence: the folder" in outcome.err


def test_a_folder_stands_for_the_images_in_it_and_a_model_s_ending_may_be_in_capitals(command, smears, tmp_path):
    model = shutil.copy(PROJECT / "models" / "vgg16-150px.onnx", tmp_path / "MODEL.ONNX")
    folder = shutil.copytree(smears / "Pro", tmp_path / "some" / "deeper").parent
    (folder / "notes.txt").touch()
    (folder / ".DS_Store").touch()
    predicted = [row["path"] for row in command("predict", model, folder, "--json").json]
    assert predicted == sorted(str(file) for file in (folder / "deeper").iterdir())


def test_a_folder_without_an_image_is_said(command, tmp_path):
    outcome = command("predict", "any.onnx", tmp_path)
    assert outcome.code == 2
    assert f"{tmp_path} holds no image file" in outcome.err


def test_csv_has_a_row_for_every_file(on_finished, smears, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"")
    csv = tmp_path / "predictions.csv"
    rows = on_finished("predict", "latest", smears / "Pro", tmp_path / "bad.jpg", "--csv", csv, "--json").json
    written = pd.read_csv(csv, keep_default_na=False)
    assert list(written["path"]) == [row["path"] for row in rows]
    assert list(written["label"]) == [row.get("label", "") for row in rows]
    assert list(written["split"]) == [row.get("split") or "" for row in rows]
    assert float(written["probability_Pro"].iloc[0]) == pytest.approx(rows[0]["probabilities"]["Pro"])
    assert written["error"].iloc[-1]


def test_csv_that_cannot_be_written_is_named(on_finished, smears, tmp_path):
    outcome = on_finished("predict", "latest", smears / "Pro" / "pro-0001.jpg", "--csv", tmp_path)
    assert outcome.code == 2
    assert f"{tmp_path} cannot be written" in outcome.err


def test_files_that_the_model_was_trained_on_are_told(on_finished, finished_run, smears, tmp_path):
    parts = finished_run.split.table.groupby("split")["path"].first()
    Image.fromarray(np.full((40, 70, 3), 200, np.uint8)).save(tmp_path / "new.png")
    files = [*(smears / parts[part] for part in ("train", "validation", "test")), tmp_path / "new.png"]
    rows = on_finished("predict", "latest", *files, "--json").json
    assert [row["split"] for row in rows] == ["train", "validation", "test", None]
    outcome = on_finished("predict", "latest", *files)
    assert "the model was trained on 1 of 4 files, so right answers there say nothing about other images" in outcome.err
    assert [line.startswith(str(files[0])) for line in outcome.out.splitlines() if "trained on" in line] == [True]
    assert "trained on" not in on_finished("predict", "latest", *files[1:]).err


def test_a_model_that_does_not_say_what_it_was_trained_on_is_said_not_to(on_finished, finished_run, image, tmp_path):
    release(finished_run, tmp_path / "silent.onnx", split_digests={})
    outcome = on_finished("predict", tmp_path / "silent.onnx", image)
    assert "the model's file does not say what it was trained on" in outcome.err


def test_the_training_images_most_like_an_image_are_told_as_on_predict(on_finished, finished_run):
    split = finished_run.split
    first = split.table.iloc[split.rows("train")[0]]
    image = f"{finished_run.config.dataset}/{first['path']}"
    (row,) = on_finished("predict", "latest", image, "--similar", "3", "--json").json
    near = row["similar"]
    assert len(near) == 3
    assert (near[0]["sha256"], near[0]["label"]) == (first["sha256"], first["label"])
    assert near[0]["similarity"] == pytest.approx(1.0, abs=1e-3)
    assert [one["similarity"] for one in near] == sorted((one["similarity"] for one in near), reverse=True)
    said = on_finished("predict", "latest", image, "--similar", "3").out
    assert f"1.000  {first['label']}  {first['path']}" in said


def test_a_studys_member_has_no_similar_images_and_no_export_from_keras(
    command, workspace, finished_run, image, tmp_path
):
    left_out = shutil.ignore_patterns("checkpoints", "tensorboard")
    keep_small(Run(shutil.copytree(finished_run.folder, workspace.runs / "member", ignore=left_out)), keep_model=True)
    similar = command("predict", "member", image, "--similar", "3")
    exports = [
        command("export", "member", "--format", form, "--output", tmp_path / form) for form in ("keras", "litert")
    ]
    assert [each.code for each in (similar, *exports)] == [2, 2, 2]
    assert command("predict", "member", image).code == 0
    said = " ".join((PROJECT / "docs" / "studies.md").read_text(encoding="utf-8").split())
    assert "a member cannot be exported to Keras or LiteRT, and shows no similar training images" in said


def test_similar_images_of_a_model_whose_run_is_not_at_hand_are_refused(on_finished, finished_run, image, tmp_path):
    alone = shutil.copy(finished_run.served_model, tmp_path / "alone.onnx")
    outcome = on_finished("predict", PROJECT / "models" / "vgg16-150px.onnx", image, "--similar", "3")
    assert outcome.code == 2
    assert "--similar needs what the model's run kept of its training images: " in outcome.err
    (row,) = on_finished("predict", alone, image, "--similar", "1", "--json").json  # its run is in the workspace
    assert len(row["similar"]) == 1
