"""Initial weights come from the file that is named, from Keras's own, or are downloaded."""

import pytest

from allcore.model import weights_files
from allcore.model.weights_files import keras_weights_file, must_download, weights_file
from allcore.networks.vgg16 import VGG16


def test_imagenet_means_the_file_of_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("ALLCORE_VGG16_WEIGHTS", str(tmp_path / "vgg16.weights.h5"))
    assert weights_file("imagenet", VGG16) == tmp_path / "vgg16.weights.h5"


def test_imagenet_without_it_is_left_to_keras(monkeypatch):
    monkeypatch.delenv("ALLCORE_VGG16_WEIGHTS", raising=False)
    assert weights_file("imagenet", VGG16) is None


def test_imagenet_must_be_downloaded_unless_a_file_is_given_or_keras_has_it(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("ALLCORE_VGG16_WEIGHTS", raising=False)
    assert must_download("imagenet", VGG16)
    monkeypatch.setenv("ALLCORE_VGG16_WEIGHTS", "vgg16.weights.h5")
    assert not must_download("imagenet", VGG16)
    monkeypatch.delenv("ALLCORE_VGG16_WEIGHTS")
    keras_weights_file(VGG16).parent.mkdir()
    keras_weights_file(VGG16).touch()
    assert not must_download("imagenet", VGG16)


@pytest.mark.parametrize("weights", ["random", "some/vgg16.weights.h5"])
def test_other_weights_are_never_downloaded(monkeypatch, tmp_path, weights):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert not must_download(weights, VGG16)


def test_keras_keeps_them_elsewhere_where_the_home_folder_may_not_be_written(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.delenv("ALLCORE_VGG16_WEIGHTS", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "nothing"))  # as a container's is that runs as an unknown user
    monkeypatch.setattr(weights_files, "_ELSEWHERE", tmp_path / "elsewhere")
    file = keras_weights_file(VGG16)
    assert file == tmp_path / "elsewhere" / "models" / VGG16.weights_file
    file.parent.mkdir(parents=True)
    file.touch()
    assert not must_download("imagenet", VGG16)


def test_a_home_folder_that_is_not_known_is_no_fault(monkeypatch, tmp_path):
    monkeypatch.setattr(weights_files, "_ELSEWHERE", tmp_path / "elsewhere")
    for name in ("HOME", "KERAS_HOME", "ALLCORE_VGG16_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda _: {}["nobody"])  # as the system answers for a user without an entry
    assert keras_weights_file(VGG16).name == "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    assert must_download("imagenet", VGG16)


def test_weights_may_lie_below_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ALLCORE_VGG16_WEIGHTS", "~/vgg16.h5")
    assert weights_file("imagenet", VGG16) == weights_file("~/vgg16.h5", VGG16) == tmp_path / "vgg16.h5"
