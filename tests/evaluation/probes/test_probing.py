"""Probing a served model: on the right images, of the right model."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from allcore.cells import found_once
from allcore.cells.finder import find_cells
from allcore.data.intake.images import decode
from allcore.data.shared_fields.search import COLUMNS
from allcore.data.stain.normalise import mean_stain, stain_levels
from allcore.errors import DatasetError, InputError, RunError
from allcore.evaluation.predictions.evaluate_model import evaluate_run
from allcore.evaluation.probes.evidence_share import cell_weights, evidence_grid
from allcore.evaluation.probes.probing import cached_report, lenders_of, probe_model
from allcore.evaluation.probes.registry import AS_IT_IS, PROBES, Sample
from allcore.evaluation.probes.subject import find_subject, subject_of_run
from allcore.inference.predictor import load_predictor
from allcore.runs.folder.store import RunStore

SEGMENTED = "segmented"


def test_images_as_they_are_score_as_the_run_recorded(report, finished_run):
    recorded = evaluate_run(finished_run, "test").scores
    scores = report.result(AS_IT_IS).scores
    assert scores.confusion_matrix == recorded.confusion_matrix
    assert scores.intervals["accuracy"] == pytest.approx(recorded.intervals["accuracy"])


@pytest.mark.parametrize("probe", [p for p in PROBES if p.variant is None], ids=lambda probe: probe.name)
def test_probe_shows_what_the_model_says_of_the_changed_test_images(report, subject, probe):
    """Reckoned here image by image."""
    predictor, test = load_predictor(subject.model), subject.part("test")
    images = [decode(subject.dataset / path) for path in test["path"]]
    others = [decode(subject.dataset / path) for path in lenders_of(subject)["path"]]
    samples = [
        Sample(image, report.stain, lambda other=other: other) for image, other in zip(images, others, strict=True)
    ]
    labels = [predictor.predict([probe.change(sample)])[0].label for sample in samples]
    plain = [predictor.predict([image])[0].label for image in images]
    result = report.result(probe.name)
    assert [predictor.classes[number] for number in result.predicted] == labels
    assert result.scores.accuracy == np.mean(np.array(labels) == test["label"])
    if probe.name != AS_IT_IS:
        assert result.decisions_changed == sum(np.array(labels) != plain)
        assert result.change == pytest.approx(result.scores.accuracy - np.mean(np.array(plain) == test["label"]))
        assert result.change_interval[0] <= result.change <= result.change_interval[1]


def test_what_another_class_lends_is_a_training_images_and_the_answers_are_counted_by_what_they_follow(report, subject):
    lenders, test = lenders_of(subject), subject.part("test")
    assert (lenders["split"] == "train").all()
    assert (lenders["label"] != test["label"]).all()
    for name in ("cells on another class's field", "colours of another class"):
        result = report.result(name)
        called = np.array(result.scores.classes)[list(result.predicted)]
        assert result.followed_other == np.mean(called == lenders["label"])
        assert result.followed_other + result.followed_neither + result.scores.accuracy == pytest.approx(1.0)
    assert report.result("grey").followed_other is None


def test_the_cells_of_an_image_are_found_once_however_many_probes_need_them(subject, tmp_path, monkeypatch):
    searched = []
    monkeypatch.setattr(
        found_once, "find_cells", lambda image: (searched.append(image.tobytes()), find_cells(image))[1]
    )
    probe_model(subject, tmp_path)
    assert len(searched) == len(set(searched)) >= len(subject.part("test"))


def test_validation_images_are_probed_where_they_are_asked_for(subject, tmp_path):
    validation = replace(subject, scored="validation")
    made = probe_model(validation, tmp_path)
    assert made.result(AS_IT_IS).scores.n == len(subject.part("validation"))
    assert cached_report(subject, tmp_path) is None


def test_stain_is_that_of_the_training_images_alone(report, subject):
    levels = [stain_levels(decode(subject.dataset / path)) for path in subject.part("train")["path"]]
    assert report.stain == mean_stain(levels)


def test_share_of_the_evidence_in_the_corner_is_that_of_the_predicted_class(report, subject):
    predictor = load_predictor(subject.model)
    shares = []
    for path in subject.part("test")["path"]:
        prediction = predictor.predict([decode(subject.dataset / path)])[0]
        cells = np.abs(prediction.evidence[predictor.classes.index(prediction.label)])
        pixels = np.kron(cells, np.ones((14 * 16, 14 * 16)))  # 448 pixels a side, of which the corner has whole ones
        if cells.any():
            shares.append(pixels[-64:, -72:].sum() / pixels.sum())
    assert report.corner.share == pytest.approx(np.mean(shares), abs=1e-6)
    assert report.corner.interval[0] <= report.corner.share <= report.corner.interval[1]


def test_share_of_the_evidence_inside_cells_is_told_of_the_model_and_of_each_class(report, subject):
    predictor, test = load_predictor(subject.model), subject.part("test")
    grid, shares = evidence_grid(predictor.metadata.trunk, predictor.metadata.image_size), []
    for path in test["path"]:
        image = decode(subject.dataset / path)
        prediction = predictor.predict([image])[0]
        amounts = np.abs(prediction.evidence[predictor.classes.index(prediction.label)])
        inside = cell_weights(find_cells(image), grid)
        kept = amounts[: len(inside), : len(inside)]
        shares.append((kept * inside).sum() / kept.sum() if kept.any() else np.nan)
    assert report.cells.share == pytest.approx(np.nanmean(shares), abs=1e-6)
    for name, of_class in report.cells_by_class.items():
        assert of_class.share == pytest.approx(np.nanmean(np.array(shares)[test["label"] == name]), abs=1e-6)


# Other sources of the images


def test_segmented_images_are_those_of_the_same_names(with_variants, tmp_path):
    subject = subject_of_run(with_variants)
    predictor = load_predictor(subject.model)
    result = probe_model(subject, tmp_path / "cache").result(SEGMENTED)
    files = [subject.dataset / path.replace("Original", "Segmented") for path in subject.part("test")["path"]]
    labels = [prediction.label for prediction in predictor.predict([decode(file) for file in files])]
    assert [predictor.classes[number] for number in result.predicted] == labels
    assert not result.skipped


def test_segmented_images_are_found_beside_a_dataset_that_is_one_variant(with_variants, finished_run, tmp_path):
    subject = replace(subject_of_run(finished_run), dataset=Path(with_variants.config.dataset) / "Original")
    alone = probe_model(subject, tmp_path / "cache").result(SEGMENTED)
    assert alone.predicted == probe_model(subject_of_run(with_variants), tmp_path / "cache").result(SEGMENTED).predicted


def test_dataset_without_segmented_images_skips_that_probe_with_the_reason(report):
    skipped = report.result(SEGMENTED)
    assert skipped.skipped == "the dataset has no variant Segmented"
    assert skipped.scores is None
    assert report.complete


def test_missing_and_unreadable_segmented_images_skip_that_probe_alone(with_variants, tmp_path):
    subject = subject_of_run(with_variants)
    segmented = [subject.dataset / path.replace("Original", "Segmented") for path in subject.part("test")["path"]]
    segmented[1].write_bytes(b"")
    unreadable = probe_model(subject, tmp_path / "cache").result(SEGMENTED)
    assert segmented[1].name in unreadable.skipped
    segmented[0].unlink()
    made = probe_model(subject, tmp_path / "cache")
    assert made.result(SEGMENTED).skipped == f"1 of {len(segmented)} images have no file of the same name in Segmented"
    assert [result.name for result in made.results if not result.skipped] == [p.name for p in PROBES if not p.variant]


def test_model_made_with_segmented_images_is_not_probed_with_them(with_variants, tmp_path):
    subject = subject_of_run(with_variants)
    data = subject.dataset
    (data / "Original").rename(data / "Other")
    (data / "Segmented").rename(data / "Elsewhere")
    (data / "Other").rename(data / "Segmented")
    table = subject.images.assign(path=subject.images["path"].str.replace("Original", "Segmented"))
    made = probe_model(replace(subject, variant="Segmented", images=table), tmp_path / "cache")
    assert made.result(SEGMENTED).skipped == "the model was made with the variant Segmented itself"


# Which model and which images


def test_images_that_are_gone_are_named(own_copy, tmp_path):
    (own_copy.dataset / own_copy.images["path"][3]).unlink()
    with pytest.raises(DatasetError, match=f"1 of the {len(own_copy.images)} images .* are missing or changed in"):
        probe_model(own_copy, tmp_path)


def test_dataset_that_is_gone_is_said_to_be(own_copy, tmp_path):
    shutil.rmtree(own_copy.dataset)
    with pytest.raises(DatasetError, match="no dataset at"):
        probe_model(own_copy, tmp_path)


def test_run_without_a_model_cannot_be_probed(finished_run, tmp_path):
    run = RunStore(tmp_path).create(finished_run.config, finished_run.split)
    with pytest.raises(RunError, match=r"has no model\.onnx: it is queued"):
        subject_of_run(run)


@pytest.mark.parametrize("form", ["id", "folder", "file"])
def test_run_is_found_by_its_id_its_folder_and_its_file(finished, finished_run, subject, tmp_path, form):
    model = {"id": finished_run.id, "folder": finished_run.folder, "file": finished_run.served_model}[form]
    found = find_subject(str(model), finished.store, tmp_path)
    assert (found.name, found.model) == (subject.name, subject.model)
    assert found.images.equals(subject.images)


@pytest.mark.parametrize("form", ["id", "file"])
def test_images_of_a_run_are_its_own_alone(finished, finished_run, subject, smears, smears_in_parts, tmp_path, form):
    model = str({"id": finished_run.id, "file": finished_run.served_model}[form])
    assert find_subject(model, finished.store, tmp_path, smears).images.equals(subject.images)
    for other in (smears_in_parts, smears_in_parts / "training"):
        with pytest.raises(InputError, match=f"{other} is not the dataset of run .*; leave --data out, or score"):
            find_subject(model, finished.store, tmp_path, other)


def test_a_folder_that_holds_a_runs_dataset_and_its_variant_are_its_own(tiny_config, finished_run, smears, tmp_path):
    original = shutil.copytree(smears, tmp_path / "above" / "all" / "Original", copy_function=os.link)
    shutil.copytree(original, original.parent / "Segmented", copy_function=os.link)
    config = tiny_config(dataset=str(original.parent), variant="Original")
    run = RunStore(tmp_path / "runs").create(config, finished_run.split)
    shutil.copy(finished_run.served_model, run.folder)
    for own in (original, original.parent, original.parent.parent):
        assert find_subject(str(run.folder), RunStore(tmp_path), tmp_path / "cache", own).dataset == original.parent
    with pytest.raises(InputError, match="is not the dataset of run"):
        find_subject(str(run.folder), RunStore(tmp_path), tmp_path / "cache", original.parent / "Segmented")


def test_file_by_itself_finds_its_images_in_a_folder_by_their_content(finished, subject, report, smears, tmp_path):
    model = shutil.copy(subject.model, tmp_path / "model.onnx")
    alone = find_subject(str(model), finished.store, tmp_path / "cache", smears)
    made = probe_model(alone, tmp_path / "cache")
    ours = dict(zip(subject.part("test")["path"], report.result("grey").predicted, strict=True))
    assert dict(zip(alone.part("test")["path"], made.result("grey").predicted, strict=True)) == ours
    assert made.stain.mean == pytest.approx(report.stain.mean)


def test_images_of_a_file_by_itself_are_of_one_group_where_they_share_a_field(
    finished, subject, smears, tmp_path, monkeypatch
):
    pair = pd.DataFrame([{**dict.fromkeys(COLUMNS, 1), "first": 0, "second": 1}])
    monkeypatch.setattr("allcore.data.overlap.find_shared_fields", lambda images, on_progress: pair.copy())
    model = shutil.copy(subject.model, tmp_path / "model.onnx")
    alone = find_subject(str(model), finished.store, tmp_path / "cache", smears)
    assert alone.images["group"].nunique() == alone.images["sha256"].nunique() - 1


def test_file_by_itself_needs_a_folder_with_its_images(finished, subject, tmp_path):
    model = shutil.copy(subject.model, tmp_path / "model.onnx")
    with pytest.raises(InputError, match="its images are not known; give --data DIR"):
        find_subject(str(model), finished.store, tmp_path / "cache")
    for label in ("Benign", "Pro"):
        (tmp_path / "strange" / label).mkdir(parents=True)
        for number in range(3):
            cv2.imwrite(str(tmp_path / "strange" / label / f"{number}.png"), np.full((32, 32, 3), number, np.uint8))
    with pytest.raises(DatasetError, match=r"holds none of the train images of model\.onnx"):
        find_subject(str(model), finished.store, tmp_path / "cache", tmp_path / "strange")


def test_training_images_of_one_class_alone_are_said_before_any_image_is_read(subject, tmp_path):
    one_class, told = replace(subject, images=subject.images.query("split != 'train' or label == 'Pro'")), []
    with pytest.raises(DatasetError, match=r"are of the classes: Pro; expected two or more, .*; give the folder that"):
        probe_model(one_class, tmp_path, lambda *at: told.append(at))
    assert told == []
