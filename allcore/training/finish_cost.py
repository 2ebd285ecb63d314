"""How long what follows a training takes, found out on a few images."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import keras
import numpy as np

from allcore.evaluation.shortcuts import BASELINES
from allcore.evaluation.shortcuts.registry import trees
from allcore.evaluation.shortcuts.scoring import in_threads_where_it_pays
from allcore.inference.predictor import BATCH
from allcore.model.layers import NetworkWeights
from allcore.model.trained import network_weights
from allcore.runs.folder.files import KERAS_FILE
from allcore.threads import in_threads
from allcore.training.finish import CALIBRATION_IMAGES, TrainedRun, resized, save_keras, to_float32
from allcore.training.served_precision import choose_arithmetic, open_graph

_FEW = 2 * BATCH
_SAMPLE = 32
_Result = TypeVar("_Result")


def finishing_seconds(run: TrainedRun, model: keras.Model) -> float:
    """Return about how many seconds it takes to write the results of `run`.

    The network is written, quantised and asked of `_FEW` images in `run.folder`; all else is proportion.
    """
    rows = run.split.rows("train")[:_FEW]
    fixed, weights = _timed(partial(_written, run, model))
    scaling, images = _timed(lambda: resized(run, rows))
    compared, arithmetic = _timed(lambda: choose_arithmetic(weights, images, images, run.folder, lambda _: None))
    opening, networks = _timed(lambda: [open_graph(each, run.folder) for each in (arithmetic.float32, arithmetic.int8)])
    float32, int8 = (_timed(partial(network.run, images))[0] / len(images) for network in networks)
    served = int8 if arithmetic.served == "int8" else float32
    fixed += max(0.0, compared - len(images) * (2 * float32 + int8)) + opening
    train, validation = (len(run.split.rows(part)) for part in ("train", "validation"))
    calibrated = min(CALIBRATION_IMAGES, train)
    each_image = scaling / len(images) + served
    return fixed + calibrated * float32 + validation * (float32 + int8) + len(run.split.table) * each_image


def _written(run: TrainedRun, model: keras.Model) -> NetworkWeights:
    single = to_float32(model, run)
    save_keras(single, run.folder / KERAS_FILE)
    return network_weights(single, run.config)


def baseline_seconds(run: TrainedRun) -> float:
    """Return about how many seconds the shortcut baselines take, by what some images do and one learner on noise."""
    train, test = run.split.rows("train"), run.split.rows("test")
    sample = train[:_SAMPLE]

    def features(row: int) -> list[np.ndarray]:
        return [baseline.features(run.images[row]) for baseline in BASELINES]

    looking, _ = _timed(lambda: list(in_threads(features, sample)))
    thumbnails = np.random.default_rng(0).random((len(train), 128), np.float32)
    with in_threads_where_it_pays(len(train)):
        learning, _ = _timed(lambda: trees().fit(thumbnails, run.split.labels()[train]))
    learners = sum(baseline.classifier is trees for baseline in BASELINES)
    return looking * (len(train) + len(test)) / len(sample) + learners * learning


def _timed(work: Callable[[], _Result]) -> tuple[float, _Result]:
    began = time.monotonic()
    result = work()
    return time.monotonic() - began, result
