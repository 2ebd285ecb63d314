"""Prediction: the first answer of a cold process, one image in a warm one, a thousand files to a table."""

from __future__ import annotations

import csv
import shutil
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from allcore.hardware import cpu_is_faster_in_bfloat16
from allcore.inference.network import open_network
from allcore.runs.folder.files import FLOAT32_FILE, KERAS_FILE
from benchmarks.claim import OURS, Claim, Material, Measure
from benchmarks.claims.ours import one_image, trained_run
from benchmarks.processes import seconds_of

THOUSAND = 1000
CALLS = 10

KERAS_ONE_IMAGE = """
import sys, keras, numpy as np
from PIL import Image
model = keras.saving.load_model(sys.argv[1], compile=False)
side = model.input.shape[1]
image = np.asarray(Image.open(sys.argv[2]).convert("RGB").resize((side, side)), np.float32)
print(model.predict(image[None], verbose=0))
"""

KERAS_FOLDER = """
import sys, keras, numpy as np
model = keras.saving.load_model(sys.argv[1], compile=False)
side = model.input.shape[1]
images = keras.utils.image_dataset_from_directory(
    sys.argv[2], labels=None, shuffle=False, image_size=(side, side), batch_size=32, verbose=False)
np.savetxt(sys.argv[3], model.predict(images, verbose=0), delimiter=",")
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
    """Return the claim for the probabilities of one image where all is loaded."""
    return Claim(
        work=f"one image, {size} px, warm: probabilities",
        unit="ms",
        contenders={
            OURS: partial(_served, size, ("probabilities",)),
            "model.predict": partial(_model_predict, size),
            "tf.function": partial(_tf_function, size),
            "ONNX Runtime, float32": partial(_float32, size),
            "OpenVINO, bfloat16 where the processor has AMX": partial(_openvino, size),
        },
        goals={"model.predict": 1 / 5, "ONNX Runtime, float32": 0.3},
    )


def evidence(size: int) -> Claim:
    """Return the claim for what evidence and features add to the probabilities of one image."""
    return Claim(
        work=f"one image, {size} px, warm: with evidence and features",
        unit="ms",
        contenders={
            OURS: partial(_served, size, ("probabilities", "evidence", "features")),
            "ALLscope, probabilities alone": partial(_served, size, ("probabilities",)),
            "Grad-CAM by tape": partial(_grad_cam, size),
        },
        goals={"ALLscope, probabilities alone": 1.1},
    )


def folder_to_table(size: int) -> Claim:
    """Return the claim for a folder of images that a new process writes as a table."""
    peer = "Keras: image_dataset_from_directory and predict"
    return Claim(
        work=f"{THOUSAND} files to a CSV file, a new process, {size} px",
        unit="s",
        contenders={OURS: partial(_predict_folder, size), peer: partial(_keras_folder, size)},
        goals={peer: 1 / 3},
        rounds=3,
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


def _served(size: int, outputs: tuple[str, ...], material: Material) -> Measure:
    network, image = open_network(trained_run(size, material).served_model), _image(size)
    return _warm(lambda: network.session.run(outputs, {"image": image}))


def _float32_file(size: int, material: Material) -> Path:
    run = trained_run(size, material)
    float32 = run.folder / FLOAT32_FILE
    return float32 if float32.is_file() else run.served_model


def _float32(size: int, material: Material) -> Measure:
    import onnxruntime

    session = onnxruntime.InferenceSession(_float32_file(size, material), providers=["CPUExecutionProvider"])
    image = _image(size)
    return _warm(lambda: session.run(("probabilities",), {"image": image}))


def _openvino(size: int, material: Material) -> Measure:
    import openvino

    precision = {"INFERENCE_PRECISION_HINT": "bf16" if cpu_is_faster_in_bfloat16() else "f32"}
    model = openvino.compile_model(openvino.convert_model(_float32_file(size, material)), "CPU", precision)
    image = _image(size)
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


def _thousand(material: Material) -> Path:
    """Return a folder of as many files, copies of those of the material, some more than once where it has fewer."""
    folder = material.scratch / "thousand"
    if not folder.is_dir():
        files = sorted(path for path in material.data.rglob("*") if path.suffix.lower() in (".jpg", ".png", ".bmp"))
        folder.mkdir()
        for number in range(THOUSAND):
            file = files[number % len(files)]
            shutil.copyfile(file, folder / f"{number:04d}{file.suffix}")
    return folder


def _predict_folder(size: int, material: Material) -> Measure:
    model, folder = trained_run(size, material).served_model, _thousand(material)
    table = material.scratch / "allscope.csv"

    def measure() -> float:
        seconds = seconds_of("-m", "allcore", "predict", str(model), str(folder), "--csv", str(table))
        _check(table, header=True)
        return seconds

    return measure


def _keras_folder(size: int, material: Material) -> Measure:
    import keras  # noqa: F401 - as above

    model, folder = trained_run(size, material).folder / KERAS_FILE, _thousand(material)
    table = material.scratch / "keras.csv"

    def measure() -> float:
        seconds = seconds_of("-c", KERAS_FOLDER, str(model), str(folder), str(table))
        _check(table, header=False)
        return seconds

    return measure


def _check(table: Path, *, header: bool) -> None:
    with table.open(encoding="utf-8", newline="") as file:
        rows = sum(1 for _ in csv.reader(file)) - header
    if rows != THOUSAND:
        raise RuntimeError(f"{table.name} has {rows} rows of {THOUSAND}")
    table.unlink()
