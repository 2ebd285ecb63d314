"""`novelty`: a table, JSON, and what it refuses."""

import shutil

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def noise(tmp_path):
    folder = tmp_path / "noise"
    folder.mkdir()
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, (48, 48, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def model(finished_run, tmp_path):
    """The finished run's model outside its run, so that nothing is written there."""
    return shutil.copy(finished_run.served_model, tmp_path / "alone.onnx")


def test_table_has_a_row_a_folder(command, model, finished_run, noise):
    said = command("novelty", model, noise, "--data", finished_run.config.dataset)
    assert said.code == 0
    assert next(line for line in said.out.splitlines() if line.startswith("noise")).split()[1] == "3"


def test_json_is_the_report(command, model, finished_run, noise):
    report = command("novelty", model, noise, "--data", finished_run.config.dataset, "--json").json
    assert report["others"][0]["images"] == 3
    assert 0 <= report["others"][0]["auroc"] <= 1


def test_file_outside_a_run_needs_its_images(command, model, noise):
    said = command("novelty", model, noise)
    assert (said.code, said.out) == (2, "")
    assert "give --data DIR" in said.err
