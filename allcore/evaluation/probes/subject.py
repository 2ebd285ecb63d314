"""What a model is probed with: the test images of its run, its training images, and their counterparts elsewhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from allcore.data.catalog import scan
from allcore.data.folder.layout import find_layout
from allcore.data.intake.images import decode, read_image
from allcore.data.overlap import find_overlap
from allcore.errors import DatasetError, ImageError, InputError
from allcore.evaluation.predictions.score_folder import variant_of
from allcore.inference.predictor import load_predictor
from allcore.progress import Progress
from allcore.runs.folder.store import Run, RunStore
from allcore.runs.named_model import named_model
from allcore.runs.recorded_images import find_images

_COLUMNS = ["path", "sha256", "label", "group", "split"]


@dataclass(frozen=True)
class Subject:
    """A served model and the images of its run: `images` has path, sha256, label, group and split a row.

    `dataset` is the folder that the paths are found below, `variant` the one of its variants that they belong to.
    `scored` names the part whose images are shown to the model, test or validation.
    """

    name: str
    model: Path
    dataset: Path
    variant: str | None
    images: pd.DataFrame
    scored: str = "test"

    @cached_property
    def content(self) -> str:
        """A text that subjects of the same images, labels, groups and parts share."""
        return self.images.sort_values("path").to_csv(index=False)

    def part(self, split: str) -> pd.DataFrame:
        """Return the images of one split, renumbered from 0."""
        return self.images[self.images["split"] == split].reset_index(drop=True)


@dataclass(frozen=True)
class ImageFile:
    """An image's file, and the SHA-256 of what it held when it was looked at first."""

    path: Path
    sha256: str

    def decoded(self) -> np.ndarray:
        """Return its pixels, uint8 (H, W, 3). Raises `DatasetError` when it is gone, or holds something else now."""
        data = _read(self.path)
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise DatasetError(f"{self.path} has changed meanwhile; put it back as it was")
        try:
            return decode(data, self.path.name)
        except ImageError as error:
            raise _unusable(self.path, error) from None


@dataclass(frozen=True)
class SubjectFiles:
    """Where the images of a subject lie: `root` is what their paths are relative to, `variant` '' without variants."""

    root: Path
    variant: str

    def of(self, paths: pd.Series, variant: str | None = None) -> list[Path]:
        """Return the files of images, or of those with the same names in the sibling folder called `variant`.

        Raises `DatasetError` when there is no such folder, or one of the files is missing there.
        """
        if variant is None:
            return [self.root / path for path in paths]
        own = self.root / self.variant
        if own.name == variant:
            raise DatasetError(f"the model was made with the variant {variant} itself")
        sibling = own.parent / variant
        if not sibling.is_dir():
            raise DatasetError(f"the dataset has no variant {variant}")
        files = [sibling / Path(path).relative_to(self.variant) for path in paths]
        missing = [file for file in files if not file.is_file()]
        if missing:
            raise DatasetError(f"{len(missing)} of {len(files)} images have no file of the same name in {variant}")
        return files

    def images(self, rows: pd.DataFrame, variant: str | None = None) -> list[ImageFile]:
        """Return the files of rows of images as the run recorded them, or those of a `variant` as they are now.

        Raises `DatasetError` as `of` does, and when one of a variant cannot be read.
        """
        files = self.of(rows["path"], variant)
        if variant is None:
            return list(map(ImageFile, files, rows["sha256"]))
        return [ImageFile(file, hashlib.sha256(_read(file)).hexdigest()) for file in files]


def find_subject(
    model: str, store: RunStore, cache: Path, data: Path | None = None, on_progress: Progress | None = None
) -> Subject:
    """Return what to probe: `model` is a run's id or folder, or an .onnx file.

    The images of a file outside a run's folder are known by their content among those of the labelled folder `data`,
    and grouped by the fields that they share; `on_progress` hears of that search, which is done once for a folder.
    Raises `InputError` when the model, or the folder that it needs, will not do, or `data` is not a run's own dataset.
    """
    named = named_model(model, store)
    if named.run is None and data is not None:
        return _subject_of_file(named.path, data, cache, on_progress)
    return _with_own_images(named.own_run, data)


def subject_of_run(run: Run) -> Subject:
    """Return a run's model and images. Raises `RunError` while there is no model, or when the run is damaged."""
    config = run.config
    return Subject(run.id, run.served_model, Path(config.dataset), config.variant, run.split.table[_COLUMNS])


def locate(subject: Subject, cache: Path) -> SubjectFiles:
    """Return where the subject's images lie. Raises `DatasetError` when one is gone, or has changed since the run."""
    what = f"images of {subject.name}"
    catalog, _ = find_images(subject.images, subject.dataset, subject.variant, cache, what)
    return SubjectFiles(catalog.root, catalog.variant(subject.variant))


def _read(file: Path) -> bytes:
    try:
        return read_image(file)
    except ImageError as error:
        raise _unusable(file, error) from None


def _unusable(file: Path, error: ImageError) -> DatasetError:
    return DatasetError(f"{file} cannot be used: {error}")


def _with_own_images(run: Run, data: Path | None) -> Subject:
    """Return a run's model and images. Raises `InputError` where `data` is a folder of others."""
    dataset = Path(run.config.dataset).resolve()
    own = (dataset, dataset / (run.config.variant or ""))
    if data is not None and find_layout(data).root.resolve() not in own:
        raise InputError(
            f"data: {data} is not the dataset of run {run.id}, whose own images are taken ({run.config.dataset}); "
            f"leave --data out, or score the model on other images with: evaluate {run.id} --data DIR"
        )
    return subject_of_run(run)


def _subject_of_file(path: Path, data: Path, cache: Path, on_progress: Progress | None) -> Subject:
    metadata = load_predictor(path).metadata
    catalog = scan(data, cache)
    variant = variant_of(catalog, metadata)
    rows = catalog.images(variant)
    rows["split"] = [metadata.split_of(digest) or "" for digest in rows["sha256"]]
    for split in ("train", "test"):
        if not (rows["split"] == split).any():
            raise DatasetError(f"{data} holds none of the {split} images of {path.name}; give the folder that does")
    rows["group"] = [f"g{number:05d}" for number in find_overlap(catalog.root, rows, cache, on_progress).groups]
    return Subject(path.name, path, data, variant, rows.loc[rows["split"] != "", _COLUMNS])
