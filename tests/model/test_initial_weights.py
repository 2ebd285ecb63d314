"""Initial weights come from an HDF5 file of VGG16's convolutions, or are refused with what to do."""

import os

import h5py
import keras
import numpy as np
import pytest

from allcore.errors import WeightsError
from allcore.model.initial_weights import read_convolutions
from allcore.networks.vgg16 import CONVOLUTIONS, VGG16


@pytest.fixture(scope="module")
def base():
    keras.utils.set_random_seed(3)
    return keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))


def assert_same(weights, base):
    for convolution in CONVOLUTIONS:
        kernel, bias = base.get_layer(convolution.name).get_weights()
        np.testing.assert_array_equal(weights[convolution.name][0], kernel)
        np.testing.assert_array_equal(weights[convolution.name][1], bias)


def test_file_of_keras_3_is_read(base, tmp_path):
    path = tmp_path / "vgg16.weights.h5"
    base.save_weights(path)
    assert_same(read_convolutions(path, VGG16), base)


def test_file_in_the_older_layout_is_read(base, tmp_path):
    path = tmp_path / "vgg16_notop.h5"
    with h5py.File(path, "w") as file:
        for convolution in CONVOLUTIONS:
            kernel, bias = base.get_layer(convolution.name).get_weights()
            group = file.create_group(convolution.name)
            group[f"{convolution.name}_W_1:0"] = kernel
            group[f"{convolution.name}_b_1:0"] = bias
    assert_same(read_convolutions(path, VGG16), base)


def test_missing_file_is_named_with_the_three_ways(tmp_path):
    with pytest.raises(
        WeightsError, match=r"nothing\.h5 .* it does not exist.*imagenet.*ALLCORE_VGG16_WEIGHTS.*random"
    ):
        read_convolutions(tmp_path / "nothing.h5", VGG16)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.h5")
    with pytest.raises(WeightsError, match=r"pipe\.h5 cannot be used: it is a pipe"):
        read_convolutions(tmp_path / "pipe.h5", VGG16)


def test_an_array_larger_than_the_network_s_is_refused_unread(tmp_path):
    with h5py.File(tmp_path / "bomb.h5", "w") as file:  # 4 TB of zeros in a few hundred bytes
        file.create_dataset("other/kernel", (10**6, 10**6), np.float32, chunks=(1000, 1000))
        file.create_dataset("block1_conv1/kernel", (3, 3, 10**5, 10**6), np.float32, chunks=(3, 3, 10, 10))
        file.create_dataset("block1_conv1/bias", (10**9,), np.float32, chunks=(1000,))
    with pytest.raises(WeightsError, match="block1_conv1 has a kernel of shape"):
        read_convolutions(tmp_path / "bomb.h5", VGG16)


def test_text_file_is_refused(tmp_path):
    path = tmp_path / "text.weights.h5"
    path.write_text("not weights")
    with pytest.raises(WeightsError, match="not a readable HDF5 file"):
        read_convolutions(path, VGG16)


def test_truncated_file_is_refused(base, tmp_path):
    path = tmp_path / "vgg16.weights.h5"
    base.save_weights(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(WeightsError):
        read_convolutions(path, VGG16)


def test_another_network_is_refused_by_the_layer_it_lacks(tmp_path):
    path = tmp_path / "other.weights.h5"
    keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(8, 3)]).save_weights(path)
    with pytest.raises(WeightsError, match="no layer block1_conv1"):
        read_convolutions(path, VGG16)


def test_further_layers_above_the_network_do_not_make_it_another(base, tmp_path):
    path = tmp_path / "attention.weights.h5"
    attention = keras.layers.Conv2D(1, 1, name="attention")(base.output)
    head = keras.layers.Conv2D(8, 1)(keras.layers.Multiply()([base.output, attention]))
    keras.Model(base.input, head).save_weights(path)
    assert_same(read_convolutions(path, VGG16), base)


def test_another_width_is_refused_by_its_shape(base, tmp_path):
    path = tmp_path / "narrow.h5"
    with h5py.File(path, "w") as file:
        for convolution in CONVOLUTIONS:
            file[f"{convolution.name}/kernel"] = np.zeros((3, 3, convolution.inputs, 8), np.float32)
            file[f"{convolution.name}/bias"] = np.zeros(8, np.float32)
    with pytest.raises(WeightsError, match=r"block1_conv1 has a kernel of shape \(3, 3, 3, 8\)"):
        read_convolutions(path, VGG16)
