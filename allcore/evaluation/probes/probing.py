"""What probes show of a trained model: its accuracy on changed test images beside that on the images as they are.

Results are cached by content (the model's file, the images, what the probes do) and after every probe: work that was
broken off goes on where it stopped, and a second look is instant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from allcore import __version__
from allcore.cells.finder import WORK as FINDER_WORK
from allcore.cells.found_once import finder_that_remembers
from allcore.cells.maps import are_smears
from allcore.data.intake.images import INTAKE_VERSION
from allcore.data.stain.normalise import StainLevels, mean_stain, stain_levels
from allcore.errors import DatasetError
from allcore.evaluation.comparing.comparison import accuracy_difference
from allcore.evaluation.probes.evidence_share import (
    EvidenceGrid,
    EvidenceShare,
    cell_weights,
    corner_weights,
    evidence_grid,
    evidence_share,
)
from allcore.evaluation.probes.registry import AS_IT_IS, PROBES, WORK, Probe, Sample
from allcore.evaluation.probes.subject import ImageFile, Subject, SubjectFiles, locate
from allcore.evaluation.scoring.scores import Interval, Scores, score
from allcore.files import file_sha256
from allcore.inference.predictor import BATCH, Predictions, Predictor, load_predictor
from allcore.processors import processors
from allcore.progress import Progress, ProgressCounter
from allcore.result_cache import cache_text, cached_file, read_cached

SEED = 0
"""Seed of which training image of another class lends each image its field or colours."""


class ProbeResult(BaseModel):
    """What one probe showed: the class number that each test image was given, `predicted` (N,), and the scores.

    `change` is the accuracy less that of the images as they are, in fractions, with its paired interval;
    `decisions_changed` counts the images that are given another class. Where another class's image lends something,
    `followed_other` is the part of the images that are called that class, `followed_neither` the part called neither
    class. `skipped` says why a probe was not made. Where a probe shows images of another variant, `shown` is their
    SHA-256; it is '' for all other probes, and in reports of earlier versions, which did not record it.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    skipped: str = ""
    predicted: tuple[int, ...] = ()
    scores: Scores | None = None
    change: float | None = None
    change_interval: Interval = (None, None)
    decisions_changed: int | None = None
    followed_other: float | None = None
    followed_neither: float | None = None
    shown: str = ""


class ProbeReport(BaseModel):
    """The results of all probes so far, in the order of `PROBES`; `stain` is what they normalise images towards.

    `corner` and `cells` are the evidence in the scale-bar corner and inside nucleated cells, `cells_by_class` that of
    the images of each class; no cells where few of the images hold any.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    stain: StainLevels
    corner: EvidenceShare | None = None
    cells: EvidenceShare | None = None
    cells_by_class: dict[str, EvidenceShare] = {}
    results: tuple[ProbeResult, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every probe has been made or skipped."""
        return all(self.result(probe.name) for probe in PROBES)

    def result(self, name: str) -> ProbeResult | None:
        """Return the result of one probe; None when it has not been made."""
        return next((result for result in self.results if result.name == name), None)

    def to_make(self) -> list[Probe]:
        """Return the probes that have not been made, those that were skipped among them.

        One that was skipped because the images hold no cells is not: these images never will.
        """
        results = ((probe, self.result(probe.name)) for probe in PROBES)
        return [probe for probe, result in results if result is None or (result.skipped and not probe.needs_cells)]

    def with_result(self, result: ProbeResult) -> ProbeReport:
        """Return the report with a result added or replaced."""
        known = {each.name: each for each in self.results} | {result.name: result}
        return self.model_copy(update={"results": tuple(known[p.name] for p in PROBES if p.name in known)})


def cached_report(subject: Subject, cache: Path) -> ProbeReport | None:
    """Return what is cached below `cache` of the subject's probes, perhaps not complete; None when there is nothing."""
    return _read_report(_report_file(subject, cache), subject.name)


def probe_model(subject: Subject, cache: Path, on_progress: Progress | None = None) -> ProbeReport:
    """Make the probes that are not cached below `cache` yet, and return what all of them show.

    One that showed a variant is made again where that variant's images are others now, one that was skipped is tried
    again where the run's images are there. `on_progress` hears of images done and in all. Raises `DatasetError` when an
    image that a probe needs is gone or has changed, or the training images are of one class alone, `ModelFileError`
    when the model is damaged.
    """
    report_file = _report_file(subject, cache)
    report = _read_report(report_file, subject.name)
    missing = list(PROBES) if report is None else [*report.to_make(), *_outdated(report, subject, cache)]
    if report is not None and not missing:
        return report
    try:
        files = locate(subject, cache)
    except DatasetError:
        if report is None or not report.complete:
            raise
        return report  # what was skipped cannot be made now either
    scored, train = subject.part(subject.scored), subject.part("train") if report is None else subject.images[:0]
    count = ProgressCounter(on_progress, len(train) + len(missing) * len(scored))
    work = _Work(subject, files, scored, count)
    if report is None:
        report = ProbeReport(model=subject.name, stain=_mean_stain(files.images(train), count.add))
    for probe in missing:
        report = _with_probe(report, probe, work)
        cache_text(report_file, report.model_dump_json())
    return report


def lenders_of(subject: Subject) -> pd.DataFrame:
    """Return, for each image that is scored, the training image of another class that lends it field or colours.

    The rows are those of the subject's images; which they are depends on the subject's images alone. Raises
    `DatasetError` when the training images are of one class alone.
    """
    train, scored = subject.part("train"), subject.part(subject.scored)
    if len(classes := train["label"].unique()) < 2:
        raise DatasetError(
            f"the training images of {subject.name} in {subject.dataset} are of the classes: "
            f"{', '.join(classes) or 'none'}; expected two or more, as a probe shows an image with the field or the "
            "colours of another class; give the folder that holds all training images"
        )
    rows = [
        np.random.default_rng([SEED, number]).choice(np.flatnonzero(train["label"] != label))
        for number, label in enumerate(scored["label"])
    ]
    return train.iloc[rows].reset_index(drop=True)


class _Work:
    """What making probes needs: the scored images and their files, the predictor once it is wanted, and a count."""

    def __init__(self, subject: Subject, files: SubjectFiles, scored: pd.DataFrame, count: ProgressCounter) -> None:
        self.subject, self.files, self.scored = subject, files, scored
        self.count, self.find = count, finder_that_remembers()
        self.others = lenders_of(subject)

    @cached_property
    def predictor(self) -> Predictor:
        return load_predictor(self.subject.model)

    @property
    def grid(self) -> EvidenceGrid:
        metadata = self.predictor.metadata
        return evidence_grid(metadata.trunk, metadata.image_size)

    @cached_property
    def other_images(self) -> list[ImageFile]:
        return self.files.images(self.others)

    @cached_property
    def cells_at_evidence(self) -> np.ndarray | None:
        """Which part of each square of each evidence map lies in nucleated cells; None where few images hold any."""
        counts, weights = [], []
        for image in self.files.images(self.scored):
            cells = self.find(image.decoded())
            counts.append(int(cells.max(initial=0)))
            weights.append(cell_weights(cells, self.grid))
        return np.stack(weights) if are_smears(np.array(counts)) else None

    def sample(self, image: ImageFile, number: int, stain: StainLevels) -> Sample:
        return Sample(image.decoded(), stain, lambda: self.other_images[number].decoded(), self.find)


def _with_probe(report: ProbeReport, probe: Probe, work: _Work) -> ProbeReport:
    if probe.needs_cells and work.cells_at_evidence is None:
        work.count.add(len(work.scored))
        return report.with_result(ProbeResult(name=probe.name, skipped="few of the images hold nucleated cells"))
    try:
        images = work.files.images(work.scored, probe.variant)
        predictions = _predict(probe, images, report.stain, work)
    except DatasetError as error:
        if probe.variant is None:
            raise
        work.count.add(len(work.scored))
        return report.with_result(ProbeResult(name=probe.name, skipped=str(error)))
    classes, groups = work.predictor.classes, list(work.scored["group"])
    labels = pd.Categorical(work.scored["label"], categories=list(classes)).codes
    scores = score(list(work.scored["label"]), predictions.probabilities, classes, groups)
    predicted = predictions.predicted
    result = ProbeResult(
        name=probe.name, predicted=tuple(predicted.tolist()), scores=scores, shown=_shown(probe, images)
    )
    if probe.name == AS_IT_IS:
        maps = predictions.evidence[np.arange(len(predicted)), predicted]
        return report.model_copy(update=_evidence(maps, work)).with_result(result)
    plain = report.result(AS_IT_IS)
    assert plain is not None
    before = np.array(plain.predicted)
    change, interval = accuracy_difference(predicted == labels, before == labels, groups)
    compared = {"change": change, "change_interval": interval, "decisions_changed": int((predicted != before).sum())}
    if probe.borrows:
        lent = pd.Categorical(work.others["label"], categories=list(classes)).codes
        followed = float((predicted == lent).mean())
        compared |= {"followed_other": followed, "followed_neither": float((predicted != labels).mean()) - followed}
    return report.with_result(result.model_copy(update=compared))


def _outdated(report: ProbeReport, subject: Subject, cache: Path) -> list[Probe]:
    """Return the probes that showed other images of a variant than it has now, none where that cannot be said."""
    known = [(probe, result.shown) for probe in PROBES if (result := report.result(probe.name)) and result.shown]
    if not known:
        return []
    try:
        files, scored = locate(subject, cache), subject.part(subject.scored)
        return [probe for probe, shown in known if _shown(probe, files.images(scored, probe.variant)) != shown]
    except DatasetError:
        return []


def _shown(probe: Probe, images: Sequence[ImageFile]) -> str:
    """Return the SHA-256 of all images of a probe's variant together, '' without one."""
    if probe.variant is None:
        return ""
    return hashlib.sha256(b"".join(bytes.fromhex(image.sha256) for image in images)).hexdigest()


def _evidence(maps: np.ndarray, work: _Work) -> dict[str, object]:
    """Return what a report says of the evidence for the predicted classes, maps (N, h, w)."""
    groups, labels = work.scored["group"].to_numpy(), work.scored["label"].to_numpy()
    said: dict[str, object] = {"corner": evidence_share(maps, corner_weights(work.grid), list(groups))}
    if (cells := work.cells_at_evidence) is not None:
        said["cells"] = evidence_share(maps, cells, list(groups))
        said["cells_by_class"] = {
            name: evidence_share(maps[of_class], cells[of_class], list(groups[of_class]))
            for name in work.predictor.classes
            if (of_class := labels == name).any()
        }
    return said


def _predict(probe: Probe, images: Sequence[ImageFile], stain: StainLevels, work: _Work) -> Predictions:
    changed = (probe.change(work.sample(image, row, stain)) for row, image in enumerate(images))
    return work.predictor.predict(changed, work.count.add)


def _mean_stain(images: Sequence[ImageFile], count: Callable[[int], None]) -> StainLevels:
    levels: list[StainLevels] = []
    with ThreadPoolExecutor(max_workers=processors()) as pool:
        for start in range(0, len(images), BATCH):
            levels += pool.map(lambda image: stain_levels(image.decoded()), images[start : start + BATCH])
            count(len(images[start : start + BATCH]))
    return mean_stain(levels)


def _report_file(subject: Subject, cache: Path) -> Path:
    content = repr(
        (file_sha256(subject.model), subject.content, subject.scored, WORK, FINDER_WORK, INTAKE_VERSION, __version__)
    )
    return cached_file(cache, "probes", content, ".json")


def _read_report(file: Path, model: str) -> ProbeReport | None:
    report = read_cached(file, ProbeReport)
    return None if report is None else report.model_copy(update={"model": model})
