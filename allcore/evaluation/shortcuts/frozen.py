"""Classifiers on the features of a frozen ImageNet network: the hybrids of the paper's related work.

VGG16 as it comes from ImageNet, never trained on a smear, turns each image into the mean of each of its 512 last
channels; principal components of the training images' features that hold 99 % of their variance; a classifier on those.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from allcore.arrays import ImageArray
from allcore.errors import WeightsError
from allcore.evaluation.shortcuts.registry import SEED, Baseline, Classifier
from allcore.files import Stamp, file_sha256, stamp
from allcore.model.weights_files import keras_weights_file, weights_file
from allcore.networks.vgg16 import VGG16
from allcore.paper import NATIVE_SIZE

if TYPE_CHECKING:
    from allcore.model.frozen import FrozenTrunk

_VARIANCE = 0.99


FEWEST = 3
"""Training images a class: the support vector machine's probabilities are fitted by threefold cross-validation."""


def frozen_vgg16(image: ImageArray) -> np.ndarray:
    """Return what VGG16 sees in an image at the dataset's own size: float32 (512,). Raises `WeightsError`."""
    weights = frozen_weights()
    return _opened(weights, stamp(weights)).features(image)


def frozen_weights() -> Path:
    """Return the file of VGG16's ImageNet weights. Raises `WeightsError` where this machine has none."""
    file = weights_file("imagenet", VGG16) or keras_weights_file(VGG16)
    if not file.is_file():
        raise WeightsError(
            f"VGG16's ImageNet weights are not on this machine; set {VGG16.weights_variable} to their .h5 file, or "
            "train once with --weights imagenet and a network connection"
        )
    return file


def _frozen_digest() -> str:
    """Return the SHA-256 of VGG16's ImageNet weights, worked out once for a file; '' where this machine has none."""
    try:
        return file_sha256(frozen_weights())
    except (WeightsError, OSError):
        return ""


def regression() -> Classifier:
    """Return logistic regression on the principal components."""
    from sklearn.linear_model import LogisticRegression

    return _on_components(LogisticRegression(max_iter=2000))


def _vector_machine() -> Classifier:
    """Return a support vector machine with a Gaussian kernel on the principal components."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import SVC

    return _on_components(CalibratedClassifierCV(SVC(random_state=SEED), cv=FEWEST, ensemble=False))


def _on_components(classifier: Any) -> Classifier:  # noqa: ANN401 - whatever scikit-learn's classifiers are
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    made: Classifier = make_pipeline(StandardScaler(), PCA(_VARIANCE, svd_solver="full"), classifier)
    return made


@lru_cache(maxsize=1)
def _opened(weights: Path, version: Stamp) -> FrozenTrunk:
    from allcore.model.frozen import open_frozen  # onnx takes long to import

    return open_frozen(VGG16, weights, NATIVE_SIZE)


_SEEN = "Sees the mean of each of the 512 last channels of VGG16 as it comes from ImageNet, never trained on a smear;"
FROZEN = (
    Baseline(
        "frozen VGG16, logistic regression",
        f"{_SEEN} principal components and logistic regression.",
        frozen_vgg16,
        regression,
        sees_cells=True,
        weights=_frozen_digest,
    ),
    Baseline(
        "frozen VGG16, support vector machine",
        f"{_SEEN} principal components and a support vector machine.",
        frozen_vgg16,
        _vector_machine,
        sees_cells=True,
        weights=_frozen_digest,
    ),
)
"""The hybrids: they train in seconds, and need VGG16's ImageNet weights at hand."""
