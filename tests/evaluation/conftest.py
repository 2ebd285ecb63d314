"""A finished run's model, probed once for all who read what came of it."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from allcore.evaluation.probes.probing import cached_report, probe_model
from allcore.evaluation.probes.subject import subject_of_run
from allcore.runs.folder.store import Run

SEGMENTED = "segmented"


@pytest.fixture(scope="module")
def subject(finished_run):
    return subject_of_run(finished_run)


@pytest.fixture(scope="module")
def probed(subject, tmp_path_factory):
    """Return a cache in which the finished run's model has been probed, and all that was told meanwhile."""
    cache, told = tmp_path_factory.mktemp("cache"), []
    probe_model(subject, cache, lambda *at: told.append(at))
    return cache, told


@pytest.fixture(scope="module")
def report(subject, probed):
    """Return the report of the finished run's model; tests only read it."""
    return cached_report(subject, probed[0])


@pytest.fixture
def cache(probed, tmp_path):
    """Return a copy of the cache in which the model has been probed."""
    return shutil.copytree(probed[0], tmp_path / "cache")


@pytest.fixture
def with_variants(finished_run, tmp_path):
    """Return the finished run on a dataset with variants: Original, and Segmented, the same images in negative."""
    smears, data = Path(finished_run.config.dataset), tmp_path / "data"
    for file in smears.rglob("*.jpg"):
        path = file.relative_to(smears)
        for variant in ("Original", "Segmented"):
            (data / variant / path).parent.mkdir(parents=True, exist_ok=True)
        os.link(file, data / "Original" / path)
        cv2.imwrite(str(data / "Segmented" / path), 255 - cv2.imread(str(file)))
    run = Run(tmp_path / "runs" / finished_run.id)
    shutil.copytree(finished_run.folder, run.folder, copy_function=os.link)
    config = run.config.model_copy(update={"dataset": str(data), "variant": "Original"})
    table = run.split.table.assign(path="Original/" + run.split.table["path"])
    rewrite(run, "config.json", config.to_json())
    rewrite(run, "split.csv", table.to_csv(index=False))
    return Run(run.folder)


@pytest.fixture
def own_copy(subject, tmp_path):
    """Return the subject with a copy of its dataset, to be damaged."""
    folder = shutil.copytree(subject.dataset, tmp_path / "copy")
    return replace(subject, dataset=folder)


def rewrite(run, name, content):
    (run.folder / name).unlink()  # a link to the file that other tests read
    (run.folder / name).write_text(content)
