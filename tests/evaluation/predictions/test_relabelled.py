"""A run and a folder are scored against the labels as they were judged."""

import os
import shutil
from pathlib import Path, PurePath

import pytest
from PIL import Image

from allcore.data.catalog import scan
from allcore.data.intake.images import decode
from allcore.data.labels.judgements import add_judgements, make_judgement, read_judgements
from allcore.errors import DatasetError
from allcore.evaluation.predictions.evaluate_model import evaluate_model
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.evaluation.predictions.relabelled import labels_note, relabelled
from allcore.runs.folder.store import RunStore
from tests.copies import copy_of


@pytest.fixture
def file(tmp_path):
    return tmp_path / "judgements.jsonl"


@pytest.fixture
def evaluate(finished, tmp_path, file):
    return lambda model, **what: evaluate_model(str(model), finished.store, tmp_path / "cache", judgements=file, **what)


@pytest.fixture
def judge(finished_run, file):
    """Return what judges the test image of a row number, and returns its path."""
    table = recorded_predictions(finished_run, "test").table
    classes = finished_run.split.classes

    def judge(number, verdict, becomes=""):
        row = table.iloc[number]
        add_judgements(file, [make_judgement(row["sha256"], row["path"], row["label"], classes, verdict, becomes)])
        return row["path"]

    return judge


def other_class(run, number):
    return next(name for name in run.split.classes if name != recorded_predictions(run, "test").table["label"][number])


@pytest.mark.parametrize("form", ["id", "served_model"])
def test_run_is_scored_against_what_was_judged_and_says_so(evaluate, finished_run, judge, form):
    becomes, model = other_class(finished_run, 0), getattr(finished_run, form)
    moved, excluded = judge(0, "wrong", becomes), judge(1, "excluded")
    as_made, corrected = evaluate(model), evaluate(model, labels="corrected")
    before, after = as_made.predictions.table.set_index("path"), corrected.predictions.table.set_index("path")
    assert set(before.index) - set(after.index) == {excluded}
    assert after["label"][moved] == becomes
    assert after["correct"][moved] == (after["predicted"][moved] == becomes)
    assert after.drop(index=moved).equals(before.drop(index=[moved, excluded]))
    count = len(before)
    assert f"1 of {count} images have another class than the run recorded, 1 is left out" in corrected.notes[-1]
    assert evaluate(model, labels="as_given").predictions.table.equals(as_made.predictions.table)


@pytest.mark.parametrize("form", ["id", "served_model"])
def test_a_run_and_its_file_come_to_the_same_corrected_scores(evaluate, finished_run, judge, form):
    judge(0, "wrong", other_class(finished_run, 0))
    evaluation = evaluate(getattr(finished_run, form), labels="corrected")
    assert evaluation.scores.confusion_matrix == evaluate(finished_run.id, labels="corrected").scores.confusion_matrix


def test_folder_is_scored_against_what_was_judged(evaluate, finished_run, judge, smears, tmp_path):
    becomes = other_class(finished_run, 0)
    moved, excluded = judge(0, "wrong", becomes), judge(1, "excluded")
    folder = shutil.copytree(smears, tmp_path / "folder", copy_function=os.link)
    again = str(PurePath(moved).with_suffix(".png"))  # another file of the same field
    Image.fromarray(decode(folder / moved)).save(folder / again)
    corrected = evaluate(finished_run.id, data=folder, labels="corrected")
    table = corrected.predictions.table.set_index("path")
    given = evaluate(finished_run.id, data=folder).predictions.table.set_index("path")
    assert set(given.index) - set(table.index) == {excluded}
    assert table["label"][moved] == becomes
    for each in (given, table):
        assert set(each.index[each["group"] == each["group"][moved]]) == {moved, again}
    assert "labels corrected-" in corrected.data


@pytest.mark.parametrize("mapping", [{}, {"Unheard": ""}])
def test_a_class_all_of_whose_images_are_excluded_need_not_be_known(
    evaluate, finished_run, file, smears, tmp_path, mapping
):
    folder = shutil.copytree(smears, tmp_path / "folder", copy_function=os.link)
    (folder / "Pro").rename(folder / "Unheard")
    catalog = scan(folder)
    images = catalog.images().query("label == 'Unheard'")[["sha256", "path", "label"]]
    judged = [make_judgement(*image, catalog.classes, "excluded") for image in images.itertuples(index=False)]
    add_judgements(file, judged)
    assert evaluate(finished_run.id, data=folder, labels="corrected", mapping=mapping).scores.n == 48


def test_a_class_that_the_model_does_not_know_is_refused(finished_run, file, tmp_path):
    row = recorded_predictions(finished_run, "test").table.iloc[0]
    add_judgements(file, [make_judgement(row["sha256"], "x", row["label"], finished_run.split.classes, "excluded")])
    one = recorded_predictions(finished_run, "test")
    alone = type(one)(one.classes, one.table.head(1))
    with pytest.raises(DatasetError, match="leaves none of these images"):
        relabelled(alone, finished_run.config, "corrected", tmp_path / "cache", file)


@pytest.mark.parametrize("form", ["id", "served_model"])
def test_a_run_with_the_labels_of_the_folders_says_when_judgements_change_some(evaluate, finished_run, judge, form):
    model = getattr(finished_run, form)
    judge(0, "right")
    assert not any("labels" in note for note in evaluate(model).notes)
    judge(1, "excluded")
    said = "the run was made with the labels of the folders; as they were judged, they would be corrected-"
    assert evaluate(model).notes[-1].startswith(said)


def test_a_run_is_scored_where_what_was_judged_cannot_be_read_and_that_is_said(evaluate, finished_run, file):
    file.mkdir()
    assert "the judgements of labels cannot be read" in evaluate(finished_run.id).notes[-1]


def test_a_run_with_corrected_labels_says_when_they_were_judged_anew(finished_run, judge, file, tmp_path):
    cache, catalog = tmp_path / "cache", scan(Path(finished_run.config.dataset))
    assert labels_note(finished_run.config, catalog, read_judgements(file)) == ""
    judge(0, "excluded")
    name = relabelled(recorded_predictions(finished_run, "test"), finished_run.config, "corrected", cache, file).name
    config = finished_run.config.model_copy(update={"labels": name})
    assert labels_note(config, catalog, read_judgements(file)) == f"the run was made with the labels {name}"
    judge(1, "excluded")
    assert "they were judged anew since, and would be corrected-" in labels_note(config, catalog, read_judgements(file))
    assert "cannot be told" in labels_note(config, None, read_judgements(file))


@pytest.mark.parametrize("left", [("Segmented", "Third"), ("Segmented",), ()], ids="-".join)
def test_a_run_whose_variant_is_gone_is_scored_as_one_whose_dataset_is(finished_run, smears, file, tmp_path, left):
    for variant in left:
        shutil.copytree(smears, tmp_path / "all" / variant, copy_function=os.link)
    run = copy_of(finished_run, tmp_path / "runs" / finished_run.id)
    lost = {"dataset": str(tmp_path / "all"), "variant": "Original", "labels": "corrected-0ae948aa5ccf"}
    (run.folder / "config.json").write_text(finished_run.config.model_copy(update=lost).to_json())
    found = evaluate_model(run.id, RunStore(tmp_path / "runs"), tmp_path / "cache", judgements=file)
    assert found.predictions.table.equals(recorded_predictions(finished_run, "test").table)
    assert found.notes[-1].endswith("its images are not there, so whether they were judged anew since cannot be told")
