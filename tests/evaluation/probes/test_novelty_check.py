"""Novelty against folders of other images, on a run that really finished."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from allcore.errors import DatasetError, InputError
from allcore.evaluation.probes.novelty_check import check_novelty, recorded_novelty
from allcore.evaluation.probes.subject import find_subject, subject_of_run
from allcore.inference.predictor import load_predictor
from allcore.runs.folder.files import NOVELTY_FILE
from allcore.runs.folder.store import Run, RunStore


@pytest.fixture
def run(finished_run, tmp_path):
    """A copy of the finished run to which files may be added."""
    return Run(shutil.copytree(finished_run.folder, tmp_path / finished_run.id, copy_function=os.link))


@pytest.fixture
def noise(tmp_path):
    """A folder of images that are like no smear, one of them damaged."""
    folder = tmp_path / "noise"
    (folder / "more").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(6):
        pixels = rng.integers(0, 256, (48, 48, 3), np.uint8)
        Image.fromarray(pixels).save(folder / ("more" if number % 2 else "") / f"{number}.png")
    (folder / "damaged.png").write_bytes(b"no image")
    (folder / "notes.txt").write_text("not an image either")
    return folder


@pytest.fixture
def own(run, tmp_path):
    """A folder with the run's own test images."""
    folder = tmp_path / "own"
    folder.mkdir()
    test = run.split.table[run.split.table["split"] == "test"]
    for number, path in enumerate(test["path"]):
        source = Path(run.config.dataset) / path
        shutil.copy(source, folder / f"{number}{source.suffix}")
    return folder


def test_the_models_own_images_are_not_told_apart_and_others_are(run, noise, own, tmp_path):
    report = check_novelty(subject_of_run(run), [noise, own], tmp_path / "cache")
    recorded = run.predictions().query("split == 'test'")
    assert (report.images, report.called_novel) == (len(recorded), int(recorded["novel"].sum()))
    others, same = report.others
    assert (others.folder, others.images, others.unreadable) == ("noise", 6, 1)
    assert others.auroc > 0.9
    assert others.interval[0] < 0.9  # six images are few, also where all are more novel
    assert others.auroc <= others.interval[1]
    assert same.auroc == pytest.approx(0.5)
    assert same.called_novel == report.called_novel


def test_folders_of_one_name_are_told_apart_by_those_above_them(run, noise, tmp_path, monkeypatch):
    for lab in ("a", "b"):
        shutil.copytree(noise, tmp_path / lab / "images")
    monkeypatch.chdir(tmp_path / "a" / "images")
    folders = [tmp_path / "a" / "images", tmp_path / "b" / "images", Path()]
    report = check_novelty(subject_of_run(run), folders, tmp_path / "cache")
    assert [of.folder for of in report.others] == ["a/images", "b/images", "a/images"]
    (alone,) = check_novelty(subject_of_run(run), [Path()], tmp_path / "cache").others
    assert alone.folder == "images"


def test_run_keeps_the_report_beside_its_model(run, noise, tmp_path):
    assert recorded_novelty(run.folder) is None
    report = check_novelty(subject_of_run(run), [noise], tmp_path / "cache")
    assert recorded_novelty(run.folder) == report
    (run.folder / NOVELTY_FILE).write_text("{")
    assert recorded_novelty(run.folder) is None


def test_model_outside_a_run_is_checked_with_the_images_of_a_folder_and_keeps_nothing(run, noise, tmp_path):
    folder = tmp_path / "alone"
    folder.mkdir()
    model = shutil.copy(run.served_model, folder / "alone.onnx")
    subject = find_subject(str(model), RunStore(tmp_path), tmp_path / "cache", Path(run.config.dataset))
    report = check_novelty(subject, [noise], tmp_path / "cache")
    assert report.images == int((run.split.table["split"] == "test").sum())
    assert [file.name for file in folder.iterdir()] == ["alone.onnx"]


@pytest.mark.parametrize(
    ("file", "message"),
    [(None, "holds no image file"), ("@eaDir/thumbnail.png", "holds no image file"), ("damaged.png", "can be read")],
)
def test_folder_without_a_readable_image_is_refused(run, tmp_path, file, message):
    folder = tmp_path / "empty"
    folder.mkdir()
    if file:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_bytes(b"no image")
    with pytest.raises(InputError, match=f"empty.*{message}|none of.*empty {message}"):
        check_novelty(subject_of_run(run), [folder], tmp_path / "cache")
    assert not (run.folder / NOVELTY_FILE).exists()


def test_a_test_image_that_changes_after_it_was_looked_at_is_refused(run, noise, tmp_path, monkeypatch):
    folder = shutil.copytree(run.config.dataset, tmp_path / "copied")
    subject = replace(subject_of_run(run), dataset=folder)
    changed = folder / subject.part("test")["path"].iloc[-1]

    def load_and_change(model):
        shutil.copy(folder / subject.part("train")["path"].iloc[0], changed)
        return load_predictor(model)

    monkeypatch.setattr("allcore.evaluation.probes.novelty_check.load_predictor", load_and_change)
    with pytest.raises(DatasetError, match=f"{changed.name} cannot be read, or has changed since the run"):
        check_novelty(subject, [noise], tmp_path / "cache")
    assert recorded_novelty(run.folder) is None


def test_progress_reaches_the_number_of_images(run, noise, tmp_path):
    heard = []
    check_novelty(subject_of_run(run), [noise], tmp_path / "cache", lambda *done: heard.append(done))
    total = int((run.split.table["split"] == "test").sum()) + 7
    assert heard == [(number, total) for number in range(1, total + 1)]
