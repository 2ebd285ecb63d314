"""The shortcut baselines: classifiers that see too little to judge a cell. A new one is a few lines here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from allcore.arrays import ImageArray
from allcore.cells.morphology import morphology
from allcore.data.scale_bar import SCALE_BAR_CORNER
from allcore.data.stain.colour_moments import colour_moments

SEED = 0
TREES = 300
THUMBNAIL = (32, 32)
CORNER = (18, 16)
"""Width and height in pixels, as OpenCV has them: half those of the corner at 224 px."""


class Classifier(Protocol):
    """What scikit-learn's classifiers offer."""

    classes_: npt.NDArray[np.int64]

    def fit(self, features: np.ndarray, labels: np.ndarray) -> object:
        """Learn from `features` (N, F) and class numbers `labels` (N,)."""

    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        """Return probabilities (N, C) of the classes in `classes_`."""


@dataclass(frozen=True)
class Baseline:
    """A classifier by what it may see: `features` turns an image, uint8 (H, W, 3) RGB of any size, into a vector.

    `what` says in a sentence what it knows and does not know, `classifier` makes a new, seeded one. One that
    `sees_cells` stands beside the others without being a shortcut: a network that it equals may well look at cells.
    `weights` returns the SHA-256 of the file that the features are made with, '' without one on this machine.
    """

    name: str
    what: str
    features: Callable[[ImageArray], np.ndarray]
    classifier: Callable[[], Classifier]
    sees_cells: bool = False
    weights: Callable[[], str] = str


# scikit-learn takes long to import, and whoever looks at cached results needs none of it.
def commonest_class() -> Classifier:
    """Return a classifier that gives every image the shares of the classes in train."""
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")


def trees() -> Classifier:
    """Return extremely randomised trees (Geurts et al. 2006): nothing to tune, and one image a class is enough."""
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(n_estimators=TREES, random_state=SEED)


def no_features(image: ImageArray) -> np.ndarray:
    """Return a vector (1,) that is the same for every image."""
    return np.zeros(1, np.float32)


def colour_histogram(image: ImageArray) -> np.ndarray:
    """Return the share of pixels in 30 bins of hue, 32 of saturation and 32 of brightness: float32 (94,)."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    bins = ((0, 30, 180), (1, 32, 256), (2, 32, 256))  # OpenCV's hue ends at 180
    counts = [cv2.calcHist([hsv], [channel], None, [count], [0, end]).ravel() for channel, count, end in bins]
    return np.concatenate(counts) / (hsv.shape[0] * hsv.shape[1])


def scale_bar_corner(image: ImageArray) -> np.ndarray:
    """Return the lower right corner in grey, averaged to 16 rows of 18: uint8 (288,)."""
    rows, columns = (max(1, round(side * part)) for side, part in zip(image.shape, SCALE_BAR_CORNER, strict=False))
    corner = cv2.cvtColor(image[-rows:, -columns:], cv2.COLOR_RGB2GRAY)
    return cv2.resize(corner, CORNER, interpolation=cv2.INTER_AREA).ravel()


def grey_thumbnail(image: ImageArray) -> np.ndarray:
    """Return the image in grey, averaged to 32 × 32 pixels: uint8 (1024,)."""
    return cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), THUMBNAIL, interpolation=cv2.INTER_AREA).ravel()


BASELINES = (
    Baseline(
        "majority",
        "Sees nothing of the image, and always answers the commonest class of the training images.",
        no_features,
        commonest_class,
    ),
    Baseline(
        "nine colour numbers",
        "Sees the mean, the deviation and the skewness of red, green and blue over the whole image.",
        colour_moments,
        trees,
    ),
    Baseline(
        "colour histogram",
        "Sees how often each hue, saturation and brightness occurs, and not where.",
        colour_histogram,
        trees,
    ),
    Baseline(
        "scale-bar corner",
        "Sees in grey the lower right corner alone, where the scale bar is burnt in.",
        scale_bar_corner,
        trees,
    ),
    Baseline(
        "grey thumbnail",
        "Sees the image in grey at 32 × 32 pixels: no colour, and hardly the inside of a cell.",
        grey_thumbnail,
        trees,
    ),
    Baseline(
        "pathologist's cell morphology",
        "The one baseline that a pathologist would accept: sees how many nucleated cells there are, their size, shape, "
        "nucleus and texture; no colour, no background.",
        morphology,
        trees,
        sees_cells=True,
    ),
)
