"""Whether a model calls images of other laboratories novel, and the test images of its own run not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from allcore.arrays import FloatArray
from allcore.data.folder.listing import images_below
from allcore.data.intake.images import read_image
from allcore.errors import DatasetError, ImageError, InputError
from allcore.evaluation.probes.subject import Subject, locate
from allcore.evaluation.scoring.intervals import auroc_interval, bootstrap_interval, farther
from allcore.evaluation.scoring.metrics import ranking_areas
from allcore.evaluation.scoring.scores import Interval, fraction
from allcore.inference.predictor import Predictor, load_predictor
from allcore.progress import Progress, ProgressCounter
from allcore.result_cache import read_cached
from allcore.runs.folder.files import NOVELTY_FILE
from allcore.runs.folder.store import run_of_model
from allcore.runs.recorded_images import read_recorded_image
from allcore.writing import write_whole

FORM = 2
"""Raise it when what is recorded says something else. In the first, an AUROC of 1 had an interval without width."""


class OtherImages(BaseModel):
    """A folder of images that the model should call novel: its name, how many could be read, and how many it did.

    `auroc` is that of novelty for these images against the test images, with its 95 % interval: a bootstrap over
    overlap groups, no narrower than `auroc_interval` with these groups as trials.
    """

    model_config = ConfigDict(frozen=True)

    folder: str
    images: int
    unreadable: int
    called_novel: int
    auroc: float
    interval: Interval


class NoveltyReport(BaseModel):
    """How many of the `images` of the test split are called novel, which they are not, and what becomes of others."""

    model_config = ConfigDict(frozen=True)

    form: int = 1
    model: str
    images: int
    called_novel: int
    threshold: float
    others: tuple[OtherImages, ...]


def check_novelty(
    subject: Subject, folders: Sequence[Path], cache: Path, on_progress: Progress | None = None
) -> NoveltyReport:
    """Compare the novelty of the subject's test images with that of the images below each of `folders`.

    A run keeps the report beside its model, where its model card finds it. Raises `InputError` when a folder holds no
    readable image, `DatasetError` when a test image is gone or has changed.
    """
    files = [images_below(folder) for folder in folders]
    test = subject.part("test")
    own_files = locate(subject, cache).of(test["path"])
    predictor = load_predictor(subject.model)
    count = ProgressCounter(on_progress, len(own_files) + sum(map(len, files)))
    recorded = dict(zip(own_files, test["sha256"], strict=True))
    own = _novelty(predictor, own_files, count, lambda file: read_recorded_image(file, recorded[file]))
    if len(lost := np.flatnonzero(np.isnan(own))):
        raise DatasetError(f"{own_files[lost[0]]} cannot be read, or has changed since the run; put it back as it was")
    others = [_novelty(predictor, of_folder, count) for of_folder in files]
    threshold = predictor.metadata.novelty.threshold
    report = NoveltyReport(
        form=FORM,
        model=subject.name,
        images=len(own),
        called_novel=int((own > threshold).sum()),
        threshold=threshold,
        others=tuple(
            _compared(folder, own, test["group"], novelty, threshold).model_copy(update={"folder": name})
            for folder, name, novelty in zip(folders, _names(folders), others, strict=True)
        ),
    )
    _record(subject, report)
    return report


def recorded_novelty(folder: Path) -> NoveltyReport | None:
    """Return the report that stands in a run's folder; None when there is none, or it is damaged."""
    return read_cached(folder / NOVELTY_FILE, NoveltyReport)


def _novelty(
    predictor: Predictor, files: Sequence[Path], count: ProgressCounter, read: Callable[[Path], bytes] = read_image
) -> FloatArray:
    """Return each file's novelty (N,), nan where `read` refuses it, or it cannot be decoded."""
    found = []
    for _, prediction in predictor.predict_files(files, read):
        found.append(np.nan if isinstance(prediction, ImageError) else prediction.novelty)
        count.add()
    return np.array(found, np.float64)


def _names(folders: Sequence[Path]) -> list[str]:
    """Return what folders are called: their names, with as many of those above them as tell all apart."""
    places = [folder.resolve() for folder in folders]
    different = set(places)
    depth = 1
    while len({place.parts[-depth:] for place in different}) < len(different):
        depth += 1
    return [Path(*place.parts[-depth:]).as_posix() for place in places]


def _compared(folder: Path, own: FloatArray, groups: pd.Series, novelty: FloatArray, threshold: float) -> OtherImages:
    readable = novelty[~np.isnan(novelty)]
    if not len(readable):
        raise InputError(f"none of the {len(novelty)} image files of {folder} can be read; `predict` says why")
    is_other = np.repeat([0, 1], [len(own), len(readable)])
    values = np.concatenate([own, readable])[:, None]
    together = [*groups, *(f"other {number}" for number in range(len(readable)))]

    def area(multiplicity: FloatArray | None) -> FloatArray:
        return ranking_areas(1 - is_other, values, multiplicity).auroc[..., 0]

    found = float(area(None))
    by_theory = auroc_interval(found, len(readable), groups.nunique())
    low, high = farther(by_theory, bootstrap_interval(area, len(values), together))
    return OtherImages(
        folder=folder.name,
        images=len(readable),
        unreadable=len(novelty) - len(readable),
        called_novel=int((readable > threshold).sum()),
        auroc=found,
        interval=(fraction(low), fraction(high)),
    )


def _record(subject: Subject, report: NoveltyReport) -> None:
    run = run_of_model(subject.model)
    if run is not None:
        write_whole(run.folder / NOVELTY_FILE, report.model_dump_json(indent=2))
