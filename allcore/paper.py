"""The paper, as data: what it states, where, and how each open point is read.

Source: *Acute Lymphoblastic Leukemia Classification Using Modified VGG16 Architecture*, Najjar et al., Iraqi Journal
of Science. All scores are fractions, times are seconds on the authors' 8 GB laptop GPU.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

TITLE = "Acute Lymphoblastic Leukemia Classification Using Modified VGG16 Architecture"
AUTHORS = "Najjar et al."
JOURNAL = "Iraqi Journal of Science"

BENIGN = "Benign"
CLASSES = (BENIGN, "Early", "Pre", "Pro")
MEANINGS = {
    BENIGN: "hematogones, never “healthy”",
    "Early": "early pre-B ALL",
    "Pre": "pre-B ALL",
    "Pro": "pro-B ALL",
}
IMAGES = {"Benign": 504, "Early": 985, "Pre": 963, "Pro": 804}
PATIENTS = 89
NATIVE_SIZE = 224

HEADLINE = {
    "accuracy": 0.9659,
    "precision_weighted": 0.9661,
    "recall_weighted": 0.9659,
    "f1_weighted": 0.9658,
    "mcc": 0.9535,
}
"""Test scores at 300×300 (results section). The averages are support-weighted: sensitivity equals accuracy."""

BENIGN_TEST_IMAGES = 89
BENIGN_TEST_RIGHT = 81


@dataclass(frozen=True)
class SizeResult:
    """One row of Table 1: image side in pixels, training time in seconds, test accuracy."""

    image_size: int
    training_seconds: int
    accuracy: float


TABLE_1 = (
    SizeResult(300, 12_024, 0.9659),
    SizeResult(250, 10_928, 0.9631),
    SizeResult(200, 9_237, 0.9588),
    SizeResult(150, 8_024, 0.9511),
)

TABLE_2 = (
    ("Tusar and Anik 2022", (0.9613,)),
    ("Mahdi et al. 2021", (0.9440,)),
    ("Kadhim et al. 2023", (0.9815, 0.9600, 0.9468, 0.9524)),
    ("Proposed (modified VGG16)", (0.9659,)),
)
"""Accuracy of earlier work as the paper's Table 2 gives it."""


@dataclass(frozen=True)
class OpenReading:
    """A point that the paper leaves open: what it says, and what is done here by default."""

    topic: str
    paper: str
    here: str


OPEN_READINGS = (
    OpenReading(
        "Initial weights",
        "Both 'pre-trained' and 'training from the beginning, instead of using pre-existing weights'.",
        "ImageNet weights; random initialisation is an option.",
    ),
    OpenReading(
        "Fine-tuned layers",
        "'block1_conv1 to block4_conv3'.",
        "Taken literally: the three convolutions of block 5 stay frozen.",
    ),
    OpenReading("Dropout", "'Sealant layer, leakage rate 0.25'.", "A dropout layer with rate 0.25."),
    OpenReading(
        "Optimizer, rotation, border, averaging",
        "Not stated.",
        "Adam, rotation within ±20°, reflected border. Sensitivity equals accuracy in the paper, so its averages are "
        "support-weighted; macro averages stand beside them.",
    ),
    OpenReading("F1", "The printed formula lacks its brackets and its product.", "2PR/(P + R)."),
    OpenReading(
        "Test split",
        f"{BENIGN_TEST_IMAGES} benign test images, which is more than 10 % of the {IMAGES['Benign']} benign images.",
        "The paper's split was not stratified or not 10 %; by default it is stratified and 10 %.",
    ),
    OpenReading(
        "Image size",
        "Images of 300 and 250 pixels.",
        "The published images are 224×224; larger sizes are up-sampled and labelled so.",
    ),
)

STATED = frozenset(
    {
        "network", "image_size", "epochs", "batch_size", "learning_rate", "trainable_from", "trainable_to", "head",
        "dense_units", "dropout", "split.train", "split.validation", "split.test", "augment.brightness",
        "augment.horizontal_flip", "augment.vertical_flip",
    }
)  # fmt: skip
"""The settings that the paper states."""
READ = frozenset({"weights", "optimizer", "split.protocol", "augment.degrees", "augment.border"})
"""The settings that belong to what the paper does, and that it does not state: the default is how it is read."""


def has_papers_classes(classes: Collection[str]) -> bool:
    """Return whether classes, in any order, are the paper's, so that its figures may stand beside theirs."""
    return {*classes} == {*CLASSES}


def says_of_setting(name: str, default: str) -> str:
    """Return what the paper says of a setting whose default, in words, is its own; empty where it is none of its."""
    if name in STATED:
        return default
    return f"not stated; read as {default}" if name in READ else ""


AUGMENTATION = {
    "brightness": "0.8 to 1.2",
    "degrees": "rotation, its range not stated; read as ±20°",
    "horizontal_flip": "on",
    "vertical_flip": "on",
    "border": "not stated; read as reflect",
}
"""What the paper says of each field of the augmentation; a field that is not here is none of its operations."""
