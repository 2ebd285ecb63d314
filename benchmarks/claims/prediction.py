"""Prediction: the first answer of a cold process, and one image in a warm one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from allcore.hardware import cpu_is_faster_in_bfloat16
from allcore.inference.network import open_network, open_session
from allcore.runs.folder.files import FLOAT32_FILE, KERAS_FILE
from allcore.runs.folder.store import Run
from benchmarks.claim import OURS, Claim, LeftOutError, Material, Measure
from benchmarks.claims.ours import one_image, trained_run
from benchmarks.processes import seconds_of

CALLS = 10
FLOAT32 = "ONNX Runtime, float32 (ALLscope serves int8)"
ALONE = "ALLscope, a graph of probabilities alone"

KERAS_ONE_IMAGE = """
import sys, keras, numpy as np
from PIL import Image
model = keras.saving.load_model(sys.argv[1], compile=False)
side = model.input.shape[1]
image = np.asarray(Image.open(sys.argv[2]).convert("RGB").resize((side, side)), np.float32)
print(model.predict(image[None], verbose=0))
"""


def first_prediction(size: int) -> Claim:
    """Return the claim for the first image that a new process predicts."""
    peer = "Keras: load_model and predict"
    return Claim(
        work=f"first prediction of a new process, {size} px",
        unit="s",
        contenders={OURS: partial(_predict_command, size), peer: partial(_keras_process, size)},
        goals={peer: 1 / 8},
    )


def one_warm_image(size: int) -> Claim:
    """Return the claim for one image where all is loaded: ALLscope's whole answer, the others' probabilities alone."""
    return Claim(
        work=f"one image, {size} px, warm: ALLscope's whole answer, the others' probabilities",
        unit="ms",
        contenders={
            OURS: partial(_served, size),
            "model.predict": partial(_model_predict, size),
            "tf.function": partial(_tf_function, size),
            FLOAT32: partial(_float32, size),
            "OpenVINO, bfloat16 where the processor has AMX": partial(_openvino, size),
        },
        goals={"model.predict": 1 / 5, FLOAT32: 0.3},
    )


def evidence(size: int) -> Claim:
    """Return the claim for what evidence and features add to the probabilities of one image."""
    return Claim(
        work=f"one image, {size} px, warm: with evidence and features",
        unit="ms",
        contenders={
            OURS: partial(_served, size),
            ALONE: partial(_alone, size),
            "Grad-CAM by tape": partial(_grad_cam, size),
        },
        goals={ALONE: 1.1},
    )


def _twice(measure: Measure) -> Measure:
    """Return what is measured, once its files are in the system's memory."""
    measure()
    return measure


def _predict_command(size: int, material: Material) -> Measure:
    model, image = trained_run(size, material).served_model, one_image(material)
    return _twice(lambda: seconds_of("-m", "allcore", "predict", str(model), str(image), "--json"))


def _keras_process(size: int, material: Material) -> Measure:
    import keras  # noqa: F401 - so that it is missing here where it is missing there

    model, image = trained_run(size, material).folder / KERAS_FILE, one_image(material)
    return _twice(lambda: seconds_of("-c", KERAS_ONE_IMAGE, str(model), str(image)))


def _median_ms(call: Callable[[], object]) -> float:
    seconds = []
    for _ in range(CALLS):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return 1000 * statistics.median(seconds)


def _warm(call: Callable[[], object]) -> Measure:
    call()
    call()
    return lambda: _median_ms(call)


def _image(size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (1, size, size, 3), np.uint8)


def _served(size: int, material: Material) -> Measure:
    network, image = open_network(trained_run(size, material).served_model), _image(size)
    return _warm(lambda: network.run(image))


def _alone(size: int, material: Material) -> Measure:
    session = open_session(probabilities_alone(trained_run(size, material).served_model, material.scratch))
    image = _image(size)
    return _warm(lambda: session.run(None, {"image": image}))


def probabilities_alone(served: Path, folder: Path) -> Path:
    """Return a served graph's file cut to the probabilities: ONNX Runtime computes every output, asked for or not."""
    import onnx.utils

    cut = folder / f"{served.parent.name}-{served.stem}-probabilities.onnx"
    if not cut.is_file():
        onnx.utils.extract_model(served, cut, ["image"], ["probabilities"])
    return cut


def float32_file(run: Run) -> Path:
    """Return a run's graph in float32. Raises `LeftOutError` where that is what is served: int8 was not chosen."""
    float32 = run.folder / FLOAT32_FILE
    if not float32.is_file():
        raise LeftOutError("ALLscope serves this run in float32: int8 was no faster here, or differed on validation")
    return float32


def _float32(size: int, material: Material) -> Measure:
    import onnxruntime

    cut = probabilities_alone(float32_file(trained_run(size, material)), material.scratch)
    session = onnxruntime.InferenceSession(cut, providers=["CPUExecutionProvider"])
    image = _image(size)
    return _warm(lambda: session.run(None, {"image": image}))


def _openvino(size: int, material: Material) -> Measure:
    import openvino

    run = trained_run(size, material)
    try:
        float32 = float32_file(run)
    except LeftOutError:
        float32 = run.served_model
    precision = {"INFERENCE_PRECISION_HINT": "bf16" if cpu_is_faster_in_bfloat16() else "f32"}
    cut = openvino.convert_model(probabilities_alone(float32, material.scratch))
    model, image = openvino.compile_model(cut, "CPU", precision), _image(size)
    return _warm(lambda: model({"image": image}))


def _model_predict(size: int, material: Material) -> Measure:
    import keras

    model = keras.saving.load_model(trained_run(size, material).folder / KERAS_FILE, compile=False)
    image = _image(size).astype(np.float32)
    return _warm(lambda: model.predict(image, verbose=0))


def _tf_function(size: int, material: Material) -> Measure:
    import keras
    import tensorflow as tf

    model = keras.saving.load_model(trained_run(size, material).folder / KERAS_FILE, compile=False)
    call = tf.function(lambda images: model(images, training=False))
    image = tf.constant(_image(size).astype(np.float32))
    return _warm(lambda: call(image).numpy())


def _grad_cam(size: int, material: Material) -> Measure:
    import keras
    import tensorflow as tf

    model = keras.saving.load_model(trained_run(size, material).folder / KERAS_FILE, compile=False)
    last = next(layer for layer in reversed(model.layers) if isinstance(layer, keras.layers.Conv2D))
    both = keras.Model(model.inputs, [last.output, model.output])
    image = tf.constant(_image(size).astype(np.float32))

    @tf.function
    def explain() -> tf.Tensor:
        with tf.GradientTape() as tape:
            maps, probabilities = both(image, training=False)
            tape.watch(maps)
            best = tf.reduce_max(probabilities, axis=-1)
        weights = tf.reduce_mean(tape.gradient(best, maps), axis=(1, 2), keepdims=True)
        return tf.nn.relu(tf.reduce_sum(tf.cast(maps, tf.float32) * tf.cast(weights, tf.float32), axis=-1))

    return _warm(lambda: explain().numpy())
