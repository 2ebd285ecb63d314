"""`evaluate` and `export`, on a run that really finished."""

import os
import re
import shlex
import shutil

import pytest

from allcore.data.known_images import OF_DRAWN
from allcore.data.labels.meanings import name_classes
from allcore.evaluation.predictions.evaluate_model import evaluate_model
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.inference.predictor import load_predictor
from allcore.number_text import percentage
from tests.copies import copy_of
from tests.reporting.report.conftest import renamed, sure_of_a_mistake

PROMISED = {
    "n", "accuracy", "precision_weighted", "recall_weighted", "f1_weighted", "mcc", "intervals", "per_class",
    "confusion_matrix", "classes",
}  # fmt: skip


def numbers(value, path=""):
    """Return every number below a JSON value, by where it stands."""
    if isinstance(value, dict):
        return {k: v for name, part in value.items() for k, v in numbers(part, f"{path}/{name}").items()}
    if isinstance(value, list):
        return {k: v for place, part in enumerate(value) for k, v in numbers(part, f"{path}/{place}").items()}
    return {path: value} if isinstance(value, int | float) else {}


@pytest.fixture
def evaluated(on_finished):
    return on_finished("evaluate", "latest", "--json").json


def test_json_has_the_promised_keys_in_fractions(evaluated, finished_run):
    assert set(evaluated) >= PROMISED
    assert evaluated["n"] == len(finished_run.split.rows("test"))
    assert all(0 <= evaluated[name] <= 1 for name in ("accuracy", "precision_weighted", "f1_weighted"))
    assert evaluated["classes"] == list(evaluated["per_class"]) == ["Benign", "Early", "Pre", "Pro"]
    assert sum(map(sum, evaluated["confusion_matrix"])) == evaluated["n"]
    low, high = evaluated["intervals"]["accuracy"]
    assert low <= evaluated["accuracy"] <= high


def test_accuracy_is_that_of_the_recorded_predictions(evaluated, finished_run):
    table = finished_run.predictions()
    assert evaluated["accuracy"] == table.loc[table["split"] == "test", "correct"].mean()


@pytest.mark.parametrize("form", ["folder", "file"])
def test_folder_and_file_of_a_run_score_as_its_id_does(on_finished, evaluated, finished_run, form):
    model = {"folder": finished_run.folder, "file": finished_run.served_model}[form]
    other = on_finished("evaluate", model, "--json").json
    assert other["confusion_matrix"] == evaluated["confusion_matrix"]
    assert numbers(other) == pytest.approx(numbers(evaluated), abs=1e-6)


def test_split_is_that_of_the_run(on_finished, evaluated, finished_run):
    validation = on_finished("evaluate", "latest", "--split", "validation", "--json").json
    assert validation["n"] == len(finished_run.split.rows("validation"))
    assert validation["data"] != evaluated["data"]


def test_train_images_are_scored_by_the_model_and_not_by_what_the_run_recorded(on_finished, finished_run):
    refused = on_finished("evaluate", "latest", "--split", "train")
    assert refused.code == 2
    assert "give --data to score the train images" in refused.err
    train = len(finished_run.split.rows("train"))
    assert on_finished("evaluate", finished_run.served_model, "--split", "train", "--json").json["n"] == train


def test_labelled_folder_is_scored_whole_and_the_images_trained_on_are_noted(on_finished, smears, finished_run):
    scores = on_finished("evaluate", "latest", "--data", smears, "--json").json
    trained_on = len(finished_run.split.rows("train"))
    assert scores["n"] == 64
    assert scores["notes"] == [
        f"{trained_on} of 64 images are ones that the model was trained on; --split test scores those that it was not"
    ]


def test_classes_of_other_names_are_mapped_or_asked_for(on_finished, smears, tmp_path):
    folder = shutil.copytree(smears, tmp_path / "theirs", copy_function=os.link)
    for ours, theirs in ("Pro", "pro-B"), ("Pre", "artefacts"):
        (folder / ours).rename(folder / theirs)
    unmapped = on_finished("evaluate", "latest", "--data", folder)
    assert unmapped.code == 2
    assert "(--map artefacts=Benign), or leave it out (--map artefacts=)" in unmapped.err
    mapping = ("--map", "pro-B=Pro", "--map", "artefacts=")
    scores = on_finished("evaluate", "latest", "--data", folder, *mapping, "--json").json
    assert [sum(row) for row in scores["confusion_matrix"]] == [16, 16, 0, 16]


def test_a_class_whose_name_holds_an_equals_sign_is_mapped_and_left_out(on_finished, smears, tmp_path):
    folder = shutil.copytree(smears, tmp_path / "theirs", copy_function=os.link)
    for ours, theirs in ("Pro", "stage=pro=B"), ("Pre", "artefacts=all"):
        (folder / ours).rename(folder / theirs)
    mapping = ("--map", "stage=pro=B=Pro", "--map", "artefacts=all=")
    scores = on_finished("evaluate", "latest", "--data", folder, *mapping, "--json").json
    assert [sum(row) for row in scores["confusion_matrix"]] == [16, 16, 0, 16]


def test_a_class_of_any_name_is_one_word_of_the_option_that_maps_it(on_finished, smears, tmp_path):
    folder = shutil.copytree(smears, tmp_path / "theirs", copy_function=os.link)
    (folder / "Pro").rename(folder / "Burkitt's")
    said = on_finished("evaluate", "latest", "--data", folder).err
    offered = [shlex.split(words) for words in re.findall(r"\(--map (.*?)\)", said)]
    assert offered == [["Burkitt's=Benign"], ["Burkitt's="]]


@pytest.mark.parametrize("name", ["evaluate", "map"])
def test_a_class_is_mapped_once_however_it_is_written(on_finished, smears, name):
    composed, with_accent = "caf\u00e9=Pro", "cafe\u0301="
    refused = on_finished(name, "latest", "--data", smears, "--map", composed, "--map", with_accent)
    assert (refused.code, refused.out) == (2, "")
    assert "map: expected each class once" in refused.err


def test_tables_show_the_scores_beside_the_papers(on_finished, evaluated, photographed):
    outcome = on_finished("evaluate", "latest")
    lines = {line.split()[0]: line.split() for line in outcome.out.splitlines() if line}
    assert lines["accuracy"][1] == f"{100 * evaluated['accuracy']:.2f}"
    assert lines["accuracy"][-1] == "96.59"
    assert [int(count) for count in lines["Pro"][1:]] == evaluated["confusion_matrix"][3]
    assert (outcome.code, outcome.err) == (0, "")


def test_notes_stand_below_the_tables(on_finished, smears):
    assert on_finished("evaluate", "latest", "--data", smears).out.splitlines()[-1].startswith("note: ")


def test_command_scores_as_the_core_does(evaluated, finished):
    scores = evaluate_model("latest", finished.store, finished.workspace.cache).scores.to_json()
    assert {name: evaluated[name] for name in scores} == scores


def test_export_prints_the_file_that_it_wrote(on_finished, finished_run, tmp_path):
    outcome = on_finished("export", "latest", "--format", "onnx", "--output", tmp_path / "model.onnx")
    assert (outcome.code, outcome.out) == (0, f"{tmp_path / 'model.onnx'}\n")
    assert "on ten images no probability differs" in outcome.err
    exported, served = (load_predictor(path).metadata for path in (tmp_path / "model.onnx", finished_run.served_model))
    assert exported.held_out.accuracy == recorded_predictions(finished_run, "test").score().accuracy
    assert exported.model_copy(update={"held_out": None}) == served


def test_export_refuses_an_unknown_format(on_finished):
    outcome = on_finished("export", "latest", "--format", "docx")
    assert outcome.code == 2
    assert "format: unknown (received 'docx'); expected one of onnx, litert, keras" in outcome.err


def test_the_two_sides_are_those_that_were_named(command, finished_run, smears):
    of_paper = command("evaluate", finished_run.folder, "--json").json
    assert of_paper["positive"] == ["Early", "Pre", "Pro"]
    assert of_paper["two_sides"]["specificity"]["right"] == of_paper["per_class"]["Benign"]["recall"]
    command("dataset", "classes", smears, "--positive", "Pro", "--meaning", "Pro=pro-B cells")
    named = command("evaluate", finished_run.folder, "--json").json
    assert named["two_sides"]["sensitivity"]["right"] == named["per_class"]["Pro"]["recall"]
    words = command("evaluate", finished_run.folder).out
    assert "positive (Pro) against negative:" in words
    assert "Pro means pro-B cells." in words


def test_lines_are_chosen_on_validation_and_hold_for_the_prevalence_that_is_asked_for(command, finished_run):
    points = command("evaluate", finished_run.folder, "--prevalence", "2", "--json").json["operating_points"]
    assert [(each["held"], each["at_least"]) for each in points] == [
        ("specificity", 0.95), ("specificity", 0.99), ("sensitivity", 0.95), ("sensitivity", 0.99),
    ]  # fmt: skip
    assert not any(each["same_images"] for each in points)
    assert {each["point"]["prevalence"] for each in points} == {0.02}
    said = command("evaluate", finished_run.folder, "--prevalence", "2").out
    assert "malignant from a threshold on, chosen on the run's validation images" in said
    assert "sensitivity at least 99 %" in said


def test_where_no_threshold_holds_the_target_that_is_said(command, finished_run, tmp_path):
    said = command("evaluate", sure_of_a_mistake(copy_of(finished_run, tmp_path / finished_run.id)).folder).out
    assert "No threshold holds a specificity of at least 95 % on the validation images, so nothing is called" in said


def test_where_no_threshold_holds_the_target_json_has_none_and_says_why(command, finished_run, tmp_path):
    told = command(
        "evaluate", sure_of_a_mistake(copy_of(finished_run, tmp_path / finished_run.id)).folder, "--json"
    ).json
    lines = {(each["held"], each["at_least"]): each["point"]["threshold"] for each in told["operating_points"]}
    assert lines["specificity", 0.95] is None
    assert 0 <= lines["sensitivity", 0.95] <= 1
    assert any(note.startswith("No threshold holds a specificity of at least 95 %") for note in told["notes"])


def test_where_a_side_has_no_image_that_is_said_and_no_line_is_drawn(command, finished_run, smears, tmp_path):
    folder = shutil.copytree(smears, tmp_path / "malignant", copy_function=os.link)
    shutil.rmtree(folder / "Benign")
    asked = ("evaluate", finished_run.folder, "--data", folder, "--prevalence", "2")
    said = "where to draw the line between malignant and benign cannot be said: a threshold cannot be chosen on images"
    told = command(*asked, "--json").json
    assert told["operating_points"] == []
    assert said in told["notes"][-1]
    assert said in command(*asked).out


@pytest.mark.parametrize("json", [(), ("--json",)], ids=["table", "json"])
def test_a_prevalence_is_refused_where_no_class_is_positive(command, workspace, finished_run, json):
    name_classes(finished_run.config.dataset, finished_run.split.classes, {}, (), workspace.classes)
    refused = command("evaluate", finished_run.folder, "--prevalence", "2", *json)
    assert (refused.code, refused.out) == (2, "")
    assert "--positive CLASS" in refused.err
    assert command("evaluate", finished_run.folder, *json).code == 0


def test_images_that_are_scored_alone_choose_the_line_themselves_and_that_is_said(command, finished_run, smears):
    outcome = command("evaluate", finished_run.folder, "--data", smears, "--json").json
    assert all(each["same_images"] for each in outcome["operating_points"])
    assert "it flatters" in command("evaluate", finished_run.folder, "--data", smears).out


def test_drawn_smears_are_said_to_be_and_not_set_beside_the_paper(command, finished_run):
    words = command("evaluate", finished_run.folder).out
    assert OF_DRAWN in words
    assert "paper" not in words


def test_the_paper_stands_beside_its_own_classes_alone(command, finished_run, tmp_path, photographed):
    assert "paper %" in command("evaluate", finished_run.folder).out
    foreign = renamed(copy_of(finished_run, tmp_path / finished_run.id), {"Benign": "Blast", "Early": "Monocyte"})
    words = command("evaluate", foreign.folder).out
    assert "Monocyte" in words
    assert "paper" not in words
    assert "against" not in words


def test_the_scores_of_each_class_stand_under_their_names_in_per_cent(on_finished, evaluated):
    lines = on_finished("evaluate", "latest").out.splitlines()
    (heading,) = (number for number, line in enumerate(lines) if line.startswith("class ") and "sensitivity" in line)
    names = ["precision %", "sensitivity %", "specificity %", "NPV %", "F1 %", "AUROC %", "average precision %"]
    assert re.split(r"  +", lines[heading]) == ["class", "images", *names]
    benign = evaluated["per_class"]["Benign"]
    shown = lines[heading + 1].split()
    assert shown[0] == "Benign"
    assert (shown[3], shown[-1]) == (percentage(benign["recall"]), percentage(benign["average_precision"]))
