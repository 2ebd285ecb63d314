"""A served file of a toy graph, small enough to be damaged in many ways."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from allcore.data.stain.colour_moments import MOMENTS
from allcore.inference.colour_distance import ColourGaussians
from allcore.inference.feature_distance import FeatureGaussians
from allcore.inference.metadata import METADATA_SCHEMA, ServedMetadata, to_properties
from allcore.inference.novelty import NoveltyModel, to_reference

SIZE, CLASSES, UNITS = 32, 2, 3


def toy_graph(*, image="image", dtype=TensorProto.UINT8, shape=("N", SIZE, SIZE, 3), outputs=None):
    """Return a graph whose features are the mean colour, an image's evidence being its logits, everywhere alike."""
    names = outputs or ("probabilities", "evidence", "features")
    weights = np.array([[0.02, -0.02], [0.0, 0.01], [-0.01, 0.0]], np.float32)
    nodes = [
        helper.make_node("Cast", [image], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "sides"], [names[2]], keepdims=0),
        helper.make_node("MatMul", [names[2], "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], [names[0]], axis=1),
        helper.make_node("Unsqueeze", ["logits", "last"], ["cells"]),
        helper.make_node("Expand", ["cells", "grid"], [names[1]]),
    ]
    initializers = {
        "weights": weights,
        "sides": np.array([1, 2], np.int64),
        "last": np.array([2, 3], np.int64),
        "grid": np.array([1, 1, 2, 2], np.int64),
    }
    sizes = (["N", CLASSES], ["N", CLASSES, 2, 2], ["N", UNITS])
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info(image, dtype, list(shape))],
        [helper.make_tensor_value_info(*of) for of in zip(names, [TensorProto.FLOAT] * 3, sizes, strict=True)],
        [numpy_helper.from_array(value, name) for name, value in initializers.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def toy_metadata(**fields):
    features = FeatureGaussians(
        means=np.eye(CLASSES, UNITS, dtype=np.float32),
        axes=np.eye(1, UNITS, dtype=np.float32),
        scales=np.ones(1, np.float32),
        residual_scale=1.0,
    )
    colours = ColourGaussians(
        means=np.zeros((CLASSES, MOMENTS), np.float32),
        whitening=np.stack([np.eye(MOMENTS, dtype=np.float32)] * CLASSES),
    )
    described = {
        "schema_number": METADATA_SCHEMA,
        "classes": ("Benign", "Pro"),
        "image_size": SIZE,
        "run": "20261123-000000-vgg16-32px-0000",
        "dataset_fingerprint": "0" * 64,
        "temperature": 2.0,
        "novelty": to_reference(NoveltyModel(features, colours), 1.5),
        "split_digests": {"train": ("a" * 16,), "validation": (), "test": ("b" * 16,)},
        "config": {"epochs": 1},
        "licence": "none",
        "card": "a toy",
    }
    return ServedMetadata(**described | fields)


@pytest.fixture
def write_toy(tmp_path):
    """Return a writer of a served toy file with these properties, or with none."""

    def writer(model=None, properties=None):
        model = model or toy_graph()
        helper.set_model_props(model, to_properties(toy_metadata()) if properties is None else properties)
        path = tmp_path / "toy.onnx"
        onnx.save(model, path)
        return path

    return writer
