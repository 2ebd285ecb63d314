"""A folder of class folders with drawn fields, and the pairs that were planted in it."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from allcore.data.synthetic.cells import CLASSES
from allcore.data.synthetic.field import Field, check_field, draw_field, draw_twins
from allcore.data.synthetic.scale_bar import burn_scale_bar
from allcore.data.synthetic.slide import SLIDES_PER_CLASS
from allcore.errors import ConfigError, DatasetError
from allcore.progress import Progress
from allcore.writing import make_folder, new_folder_written_whole

_FEWEST_IMAGES = 3
_JPEG_QUALITY = 92


@dataclass(frozen=True)
class SyntheticSpec:
    """What a synthetic dataset contains; the same spec always gives the same bytes."""

    images_per_class: int = 60
    """3 or more. Asking for more adds images and changes none."""
    image_size: int = 224
    """Pixels a side, 32 to 4,096."""
    seed: int = 0
    """0 or more."""
    twins: float = 0.0
    """Share (0 to 1) of each class's images that show the same region as another, shifted by up to half a frame."""
    scale_bars: bool = False
    """Burn a scale bar into the lower right corner, in a style that mostly follows the class."""
    stain_by_class: bool = True
    """Each class has its own slides; otherwise all share one pool, and only morphology separates them."""
    classes: tuple[str, ...] = CLASSES
    """Two or more of Benign, Early, Pre and Pro."""


def write_dataset(folder: Path, spec: SyntheticSpec, on_progress: Progress | None = None) -> list[tuple[str, str]]:
    """Writes `folder/<Class>/<class>-0001.jpg` and so on, whole or not at all.

    `on_progress` is called with the images written and their total. Returns the pairs of images that show the same
    region of a slide, as paths relative to `folder` with forward slashes; none when `spec.twins` is 0. Raises
    ConfigError for a spec out of range, DatasetError for a folder that is in use or cannot be written.
    """
    _check(folder, spec)
    pairs: list[tuple[str, str]] = []
    written, total = 0, spec.images_per_class * len(spec.classes)
    try:
        make_folder(folder.parent)
        with new_folder_written_whole(folder) as unfinished:
            for label in spec.classes:
                (unfinished / label).mkdir()
                for first in range(0, spec.images_per_class, 2):
                    last = min(first + 2, spec.images_per_class)
                    neighbours = [f"{label}/{label.lower()}-{i:04d}.jpg" for i in range(first + 1, last + 1)]
                    if len(neighbours) == 2 and _are_twins(first, spec):
                        pairs.append((neighbours[0], neighbours[1]))
                    # The second is drawn even where it is not asked for: more images must change none.
                    for name, field in zip(neighbours, _draw_neighbours(label, first, spec), strict=False):
                        Image.fromarray(field).save(unfinished / name, quality=_JPEG_QUALITY)
                        written += 1
                        if on_progress is not None:
                            on_progress(written, total)
    except OSError as error:
        if isinstance(error, FileExistsError) and folder.exists():
            raise _in_use(folder) from None
        raise DatasetError(
            f"The smears could not be written to {folder}: {error.strerror or error}. "
            "Choose a folder that can be written to, with space left."
        ) from error
    return pairs


def _draw_neighbours(label: str, first: int, spec: SyntheticSpec) -> tuple[Field, Field]:
    """The images with indices `first` and `first + 1` of a class."""
    seeds = [[spec.seed, CLASSES.index(label), first + i] for i in range(2)]
    slides = SLIDES_PER_CLASS * (1 if spec.stain_by_class else len(CLASSES))
    one, other = (np.random.default_rng(seed) for seed in seeds)
    slide = int(one.integers(slides))
    if _are_twins(first, spec):
        fields = draw_twins(label, one, spec.image_size, slide=slide, stain_by_class=spec.stain_by_class)
    else:
        fields = (
            draw_field(label, one, spec.image_size, slide=slide, stain_by_class=spec.stain_by_class),
            draw_field(
                label,
                other,
                spec.image_size,
                slide=int(other.integers(slides)),
                stain_by_class=spec.stain_by_class,
            ),
        )
    if spec.scale_bars:
        for field, seed in zip(fields, seeds, strict=True):
            burn_scale_bar(field, label, np.random.default_rng([*seed, 1]))
    return fields


def _are_twins(first: int, spec: SyntheticSpec) -> bool:
    """Whether the images `first` (even) and `first + 1` are twins, such that every prefix has about its share."""
    before = first // 2
    # Rounding keeps shares like 0.1, which have no exact binary form, from adding a pair.
    return math.ceil(round(spec.twins * (before + 1), 9)) > math.ceil(round(spec.twins * before, 9))


def _check(folder: Path, spec: SyntheticSpec) -> None:
    if spec.images_per_class < _FEWEST_IMAGES:
        raise ConfigError(
            f"Expected at least {_FEWEST_IMAGES} images a class, one for each of train, validation and test. "
            f"Received: images_per_class={spec.images_per_class}."
        )
    if spec.seed < 0:
        raise ConfigError(f"Expected a seed of 0 or more. Received: seed={spec.seed}.")
    if not 0 <= spec.twins <= 1:
        raise ConfigError(f"Expected a share of twins from 0 to 1. Received: twins={spec.twins}.")
    if len(spec.classes) < 2 or len(set(spec.classes)) < len(spec.classes):
        raise ConfigError(
            f"Expected two or more different classes of {', '.join(CLASSES)}. Received: classes={spec.classes}."
        )
    for label in spec.classes:
        check_field(label, spec.image_size)
    if folder.exists() and not (folder.is_dir() and next(folder.iterdir(), None) is None):
        raise _in_use(folder)


def _in_use(folder: Path) -> DatasetError:
    return DatasetError(f"Expected a new or empty folder. {folder} is in use: choose another name.")
