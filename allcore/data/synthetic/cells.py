"""What the cells of each class look like, as data. Lengths are pixels of a field 224 pixels wide."""

from dataclasses import dataclass
from typing import NamedTuple

CLASSES = ("Benign", "Early", "Pre", "Pro")


@dataclass(frozen=True)
class CellKind:
    """How one kind of nucleated cell (or fragment) is drawn."""

    diameter: float
    diameter_sd: float
    irregularity: float  # relative depth of the outline's bumps, 0 is an ellipse
    nucleus: float  # nuclear diameter over cell diameter
    density: float  # chromatin, in units of the slide's nuclear stain
    clumping: float  # relative contrast of the chromatin's grain
    cytoplasm: float  # in units of the slide's cytoplasmic stain
    lobes: int = 1
    nucleoli: int = 0  # at most; each cell has between one and this many


_HEMATOGONE = CellKind(15.5, 1.6, 0.02, 0.93, 1.3, 0.08, 0.9)
_GRANULOCYTE = CellKind(28, 2.5, 0.04, 0.48, 1.0, 0.18, 0.4, lobes=3)
_EARLY_BLAST = CellKind(23.5, 2.0, 0.035, 0.92, 1.0, 0.11, 0.9)
_PRE_BLAST = CellKind(27.5, 3.2, 0.025, 0.84, 0.85, 0.16, 0.6, nucleoli=3)
_PRO_BLAST = CellKind(31, 2.6, 0.07, 0.90, 0.70, 0.13, 0.8, nucleoli=1)
SMUDGE = CellKind(36, 6.0, 0.16, 0.98, 0.24, 0.45, 0.1)
PLATELET = CellKind(5.0, 1.3, 0.14, 0.70, 0.55, 0.25, 0.8)


class Population(NamedTuple):
    """How many cells of one kind lie in one field: uniform between the two, below 0 as 0."""

    kind: CellKind
    fewest: int
    most: int


POPULATIONS: dict[str, tuple[Population, ...]] = {
    "Benign": (Population(_HEMATOGONE, 3, 9), Population(_GRANULOCYTE, 0, 2), Population(PLATELET, 1, 5)),
    "Early": (Population(_EARLY_BLAST, 4, 9), Population(SMUDGE, -3, 1), Population(PLATELET, 1, 6)),
    "Pre": (Population(_PRE_BLAST, 11, 22), Population(SMUDGE, -1, 2), Population(PLATELET, 0, 4)),
    "Pro": (Population(_PRO_BLAST, 2, 6), Population(SMUDGE, -3, 1), Population(PLATELET, 1, 4)),
}
