"""What is published of the datasets that a run's file names give away.

A folder of images says nothing of where they come from. The names of the ALL images and of the drawn smears are their
own, so the report can say whose they are; it says as well that it goes by the names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from allcore.data.known_images import known_images
from allcore.data.splits.split import Split
from allcore.paper import IMAGES, PATIENTS
from allcore.reporting.report.rendering.blocks import Inline, Link


@dataclass(frozen=True)
class KnownDataset:
    """What is published of one dataset: `facts` answer items of the checklist, `missing` are those left open.

    `credit` says whose it is, `licence` how it may be had and passed on.
    """

    name: str
    credit: tuple[Inline, ...]
    licence: str
    facts: Mapping[int, str]
    missing: Mapping[int, str] = field(default_factory=dict)
    drawn: bool = False


ALL_IMAGES = KnownDataset(
    name="Acute Lymphoblastic Leukemia (ALL) image dataset",
    credit=(
        "M. Aria, M. Ghaderzadeh, D. Bashash, H. Abolghasemi, F. Asadi, A. Hosseini: Acute Lymphoblastic Leukemia "
        "(ALL) image dataset, Kaggle, 2021, ",
        Link("doi 10.34740/KAGGLE/DSV/2175623", "https://doi.org/10.34740/KAGGLE/DSV/2175623"),
        "; their paper: International Journal of Intelligent Systems, 2022, ",
        Link("doi 10.1002/int.22753", "https://doi.org/10.1002/int.22753"),
        ".",
    ),
    licence="The dataset's licence is not stated by its publishers, so no image is passed on with the model.",
    facts={
        7: f"The published set has {sum(IMAGES.values()):,} images of peripheral blood smears of {PATIENTS} patients "
        "suspected of ALL (25 with benign hematogones, 64 with ALL), from the bone marrow laboratory of "
        "Taleqani Hospital, Tehran.",
        13: "Smears stained by the laboratory's staff, photographed with a Zeiss camera on a microscope at "
        "100× magnification, kept as JPEG; the files are 224×224 pixels.",
        14: "Type and subtype of each case determined with flow cytometry.",
        16: "A specialist, from flow cytometry; how many and how trained is not said.",
    },
    missing={
        8: "by which rules the publishers chose patients and fields",
        11: "how the publishers took out what identifies patients (the files carry no names, dates or patient numbers)",
        15: "why flow cytometry was chosen, and whether every image was looked at",
        18: "agreement between observers; the published labels come without it",
        36: "age, sex and state of disease of the patients, and which image is of which patient",
    },
)

_DRAWN_SMEARS = KnownDataset(
    name="smears drawn by ALLscope",
    credit=("Drawn by ALLscope: they show no patient, and a score on them says nothing about real smears.",),
    licence="They are drawn anew by the command dataset synthesize.",
    facts={
        7: "A program drew them from a seed.",
        11: "Nothing to take out: there are no patients.",
        13: "None: nothing was photographed.",
        14: "The class is the one that the program was told to draw.",
        15: "It is right by construction.",
        16: "The program that drew the image.",
        18: "None: nobody judged the images.",
        36: "None: there are no patients.",
    },
    drawn=True,
)

_UNKNOWN: Mapping[int, str] = {
    7: "where, when and of whom the images were taken",
    11: "how the images were de-identified",
    13: "stain, microscope, magnification and camera",
    14: "how the class of an image was determined",
    15: "why the reference standard was chosen",
    16: "who gave the images their classes, and with which training",
    18: "agreement between observers",
    36: "age, sex and state of disease of the patients",
}
"""What is lacking of a dataset that is not recognised."""


def recognise(split: Split) -> KnownDataset | None:
    """Return the dataset whose way of naming files every path of the split follows, or None."""
    known = known_images(split.table["path"])
    return None if known is None else {"ALL": ALL_IMAGES, "drawn": _DRAWN_SMEARS}[known]


def given(known: KnownDataset | None, *items: int) -> tuple[int, ...]:
    """Return those of `items` of the checklist that something is published of."""
    return tuple(item for item in items if known is not None and item in known.facts)


def lacking(known: KnownDataset | None, *items: int) -> dict[int, str]:
    """Return what is lacking of those `items` that are open, in full or in part."""
    open_items = _UNKNOWN if known is None else known.missing
    return {item: open_items[item] for item in items if item in open_items}
