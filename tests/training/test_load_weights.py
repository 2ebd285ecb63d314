"""ImageNet weights are read where Keras has them, or downloaded by one run at a time."""

import os

import h5py
import numpy as np
import pytest
from filelock import FileLock, Timeout

from allcore.config import make_config
from allcore.model import weights_files
from allcore.model.build import build_trunk
from allcore.model.weights_files import keras_weights_file
from allcore.networks.vgg16 import CONVOLUTIONS, VGG16
from allcore.training.load_weights import load_initial_weights

CONFIG = make_config(dataset="smears", image_size=32, weights="imagenet")


@pytest.fixture(scope="module")
def model():
    return build_trunk(VGG16, weights=None, input_shape=(32, 32, 3))


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    """Return Keras's own folder, which is still to be made; no other file of weights is named."""
    monkeypatch.delenv(VGG16.weights_variable, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(weights_files, "_ELSEWHERE", tmp_path / "elsewhere")
    return tmp_path / "keras"


def write_weights(file, bias):
    """Write a file that is small on the disk: HDF5 gives what was never written as its fill value."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(file, "w") as opened:
        for convolution in CONVOLUTIONS:
            shape = convolution.kernel_shape
            opened.create_dataset(f"{convolution.name}/kernel", shape, np.float32, fillvalue=0.5)
            opened.create_dataset(f"{convolution.name}/bias", shape[3:], np.float32, fillvalue=bias)


def stand_in_for_keras(monkeypatch, download):
    """Let `download` take the place of Keras where it is asked for the ImageNet weights."""
    monkeypatch.setattr("allcore.training.load_weights.build_trunk", lambda trunk, **how: download())


def bias_of(model):
    return model.get_layer("block1_conv1").get_weights()[1][0]


def test_no_other_run_downloads_them_at_the_same_time(monkeypatch, model):
    file = keras_weights_file(VGG16)
    lock = FileLock(file.with_suffix(".lock"), timeout=0)

    def download():
        with pytest.raises(Timeout):
            lock.acquire()
        write_weights(file, bias=0.25)

    stand_in_for_keras(monkeypatch, download)
    assert load_initial_weights(model, CONFIG)["source"] == file.name
    assert bias_of(model) == 0.25
    with lock:  # which the next run gets
        assert lock.is_locked


def test_they_are_downloaded_where_there_can_be_no_lock(monkeypatch, model):
    file = keras_weights_file(VGG16)
    file.with_suffix(".lock").mkdir(parents=True)
    stand_in_for_keras(monkeypatch, lambda: write_weights(file, bias=0.375))
    load_initial_weights(model, CONFIG)
    assert bias_of(model) == 0.375


def test_a_folder_that_may_only_be_read_is_read_without_asking_keras(monkeypatch, model, home):
    write_weights(home / "models" / VGG16.weights_file, bias=0.5)
    may_not_be_written(monkeypatch, home)
    stand_in_for_keras(monkeypatch, lambda: pytest.fail("Keras was asked for the weights"))
    assert load_initial_weights(model, CONFIG)["source"] == VGG16.weights_file
    assert bias_of(model) == 0.5


def test_what_keras_downloads_elsewhere_is_found_there(monkeypatch, model, home, tmp_path):
    home.mkdir()
    may_not_be_written(monkeypatch, home)
    there = tmp_path / "elsewhere" / "models" / VGG16.weights_file
    stand_in_for_keras(monkeypatch, lambda: write_weights(there, bias=0.625))
    load_initial_weights(model, CONFIG)
    assert bias_of(model) == 0.625


def may_not_be_written(monkeypatch, folder):
    """Let the system say so of a folder, as it never does to root."""
    access, refused = os.access, (str(folder), os.W_OK)
    monkeypatch.setattr(
        os, "access", lambda path, mode, **how: (str(path), mode) != refused and access(path, mode, **how)
    )
