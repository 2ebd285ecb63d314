"""The labels of a dataset reviewed: which are most suspicious, by whose word, and what speaks for another class.

Only probabilities that were predicted out of sample count, that is by a classifier that was fitted neither to the
image's own label nor to that of another image of its overlap group:

- runs: the recorded predictions of validation and test, averaged over the runs, without the images that have a twin in
  the run's train part; of a study's out-of-fold predictions, in that of the member that predicted them. (Validation
  chose the epoch and one temperature, which hardly bears on a single image.)
- colour: for the images that no run covers, a classifier of nine colour numbers, cross-validated over overlap groups.

A run's features are no source: the network that computes them was fitted to the labels of its train images, so that a
classifier on top of them has seen those labels, however it is cross-validated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from allcore.arrays import FloatArray, IntArray
from allcore.data.class_names import in_order, probability_columns
from allcore.data.decoded import decoded_images
from allcore.data.labels.judgements import Judgements
from allcore.data.relations import Relations
from allcore.data.stain.colour_moments import colour_moments
from allcore.errors import RunError
from allcore.evaluation.labels.quality import cross_validated_probabilities, label_quality
from allcore.evaluation.predictions.recorded import recorded_at
from allcore.progress import Progress
from allcore.runs.folder.store import Run
from allcore.threads import in_threads

RUNS = "runs"
COLOUR = "colour"
SEPARATOR = "; "
"""Stands between several runs or paths in one cell of a table."""
_SOURCES = ["source", "images", "twins", "agreeing", "note"]


@dataclass(frozen=True)
class LabelReview:
    """What out-of-sample probabilities say of the labels of a dataset's images.

    `table` has one row an image that a source covers, the most suspicious first: path, label, suggestion (the class
    that is suggested instead), suspicious (whether the probabilities, or a twin, contradict the label),
    probability_label, probability_suggestion, margin (0 to 1; below a half, another class is more probable), source
    ("runs" or "colour"), runs (their ids), group, stain, contradicted_by (paths of the same group with other labels),
    sha256.

    `sources` has one row a run and one for colour: source, images (predicted out of sample), twins (left out, as a twin
    is in the run's train part), agreeing (how many of `images` get their label as the most probable class), and note
    (why it was not used, if so).
    """

    classes: tuple[str, ...]
    table: pd.DataFrame
    sources: pd.DataFrame

    @property
    def suspicious(self) -> pd.DataFrame:
        """The rows of `table` whose label the probabilities or a twin contradict."""
        return self.table[self.table["suspicious"]]

    def listed(self, judgements: Judgements) -> pd.DataFrame:
        """Return the columns of `table` that are for people, with what people judged of each label (`judged`)."""
        listed = self.table.drop(columns="sha256")
        listed.insert(3, "judged", [judgements.in_words(content) for content in self.table["sha256"]])
        return listed


def review_dataset(
    root: Path,
    images: pd.DataFrame,
    relations: Relations,
    runs: Sequence[Run],
    cache: Path,
    on_progress: Progress | None = None,
) -> LabelReview:
    """Review the labels of usable catalog rows below `root` by those of `runs` that are on them, and by colour.

    Twins are what `relations` know. `on_progress` hears of images decoded, where `cache` does not hold them yet. Raises
    `DatasetError` when an image changed since it was catalogued.
    """
    decoded = decoded_images(root, images, cache, on_progress)
    moments = list(in_threads(lambda row: colour_moments(decoded[row]), range(len(decoded))))
    colours = np.array(moments, np.float64)
    groups = [f"g{number:05d}" for number in relations.groups]
    known = images[["path", "label", "sha256"]].assign(group=groups, stain=relations.stains)
    return review_labels(known, runs_on(known, runs), colours)


def review_labels(images: pd.DataFrame, runs: Sequence[Run], colours: FloatArray | None = None) -> LabelReview:
    """Review the labels of `images`: path, label, sha256, group and, if known, stain.

    `runs` are finished runs on some of these images, known by their content (`runs_on` finds them); damaged ones and
    those with other classes are left out with a note. `colours` (N, 9) are the images' colour moments; without them
    only the images that the runs cover are reviewed.
    """
    images = images.reset_index(drop=True)
    classes = in_order(images["label"])
    labels = pd.Categorical(images["label"], categories=list(classes)).codes.astype(np.int64)
    by_run = [_from_run(run, images, classes, labels) for run in runs]
    probabilities, names = _averaged([opinion for opinion in by_run if opinion.images], len(images), len(classes))
    judged = _judged(images, labels, probabilities, classes, RUNS)
    judged["runs"] = names[judged.index]
    opinions = by_run
    if colours is not None:
        by_colour = cross_validated_probabilities(colours, labels, images["group"].to_numpy())
        opinions = [*by_run, _Opinion(COLOUR, by_colour, labels)]
        uncovered = np.where(np.isnan(probabilities), by_colour, np.nan)
        judged = pd.concat([judged, _judged(images, labels, uncovered, classes, COLOUR)]).fillna({"runs": ""})
    table = _with_twins(judged, images).sort_values(
        ["suspicious", "margin", "path"], ascending=[False, True, True], ignore_index=True
    )
    return LabelReview(classes, table, pd.DataFrame([opinion.summary() for opinion in opinions], columns=_SOURCES))


def runs_on(images: pd.DataFrame, runs: Sequence[Run]) -> list[Run]:
    """Return those of `runs` that recorded predictions and have some of `images` (sha256) in their split."""
    wanted = set(images["sha256"])
    return [run for run in runs if recorded_at(run) and _contents(run) & wanted]


@dataclass(frozen=True)
class _Opinion:
    """Probabilities (N, C) of one source, nan where it has none, beside the class numbers `labels` (N,)."""

    source: str
    probabilities: FloatArray
    labels: IntArray
    twins: int = 0
    note: str = ""

    @property
    def covered(self) -> np.ndarray:
        return ~np.isnan(self.probabilities.sum(axis=1))

    @property
    def images(self) -> int:
        return int(self.covered.sum())

    def summary(self) -> tuple[str, int, int, int, str]:
        agreeing = self.probabilities[self.covered].argmax(axis=1) == self.labels[self.covered]
        return self.source, self.images, self.twins, int(agreeing.sum()), self.note


def _contents(run: Run) -> set[str]:
    try:
        return set(run.split.table["sha256"])
    except RunError:
        return set()


def _from_run(run: Run, images: pd.DataFrame, classes: tuple[str, ...], labels: IntArray) -> _Opinion:
    """Return the recorded predictions of a run of those images that have no twin in its train part."""
    probabilities = np.full((len(images), len(classes)), np.nan)
    try:
        recorded, split = run.predictions(), run.split
    except RunError as error:
        return _Opinion(run.id, probabilities, labels, note=str(error))
    columns = probability_columns(classes)
    if split.classes != classes or not {"sha256", *columns} <= set(recorded.columns):
        note = f"left out: its classes are {', '.join(split.classes)}, expected {', '.join(classes)}"
        return _Opinion(run.id, probabilities, labels, note=note)
    by_content = recorded.drop_duplicates("sha256").set_index("sha256")[columns]
    rows = by_content.index.get_indexer(pd.Index(images["sha256"]))
    # Twins by the groups that are known now, and by those that the run knew: a twin in train may have been deleted, or
    # be in the train part of a member, as of out-of-fold predictions, whose split has no train images.
    trained_on = images["sha256"].isin(split.table.loc[split.table["split"] == "train", "sha256"])
    twins_then = set(split.table.loc[split.twins_in_train(), "sha256"])
    if "twin" in recorded:
        twins_then |= set(recorded.loc[recorded["twin"].astype(bool), "sha256"])
    twin = (images["group"].isin(images.loc[trained_on, "group"]) | images["sha256"].isin(twins_then)).to_numpy()
    used = (rows >= 0) & ~twin
    probabilities[used] = by_content.to_numpy(np.float64)[rows[used]]
    return _Opinion(run.id, probabilities, labels, twins=int(((rows >= 0) & twin).sum()))


def _averaged(opinions: list[_Opinion], count: int, classes: int) -> tuple[FloatArray, np.ndarray]:
    """Return the mean probabilities (N, C), nan where no run has any, and which runs they are of (N,)."""
    sums, members = np.zeros((count, classes)), np.zeros(count)
    names = np.full(count, "", object)
    for opinion in opinions:
        covered = opinion.covered
        sums[covered] += opinion.probabilities[covered]
        members += covered
        names[covered] = [f"{name}{SEPARATOR}{opinion.source}" if name else opinion.source for name in names[covered]]
    return np.divide(sums, members[:, None], out=np.full_like(sums, np.nan), where=members[:, None] > 0), names


def _judged(
    images: pd.DataFrame, labels: IntArray, probabilities: FloatArray, classes: tuple[str, ...], source: str
) -> pd.DataFrame:
    """Return the images that have probabilities, with what those say; thresholds are of these images alone."""
    rows = np.flatnonzero(~np.isnan(probabilities.sum(axis=1)))
    quality = label_quality(labels[rows], probabilities[rows])
    table = images.loc[rows, ["path", "label"]].assign(
        suggestion=np.array(classes, object)[quality.suggestion],
        suspicious=quality.suspicious,
        probability_label=probabilities[rows, labels[rows]],
        probability_suggestion=probabilities[rows, quality.suggestion],
        margin=quality.margin,
        source=source,
        runs="",
        group=images.loc[rows, "group"],
        stain=images["stain"][rows] if "stain" in images else "",
    )
    return table.assign(contradicted_by="", sha256=images.loc[rows, "sha256"])


def _with_twins(judged: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
    """Fill in which images of the same group have another label; such a label is suspicious, whatever its margin."""
    mixed = images.groupby("group")["label"].transform("nunique") > 1
    for row in judged.index[mixed[judged.index]]:
        others = images[(images["group"] == images["group"][row]) & (images["label"] != images["label"][row])]
        judged.loc[row, "contradicted_by"] = SEPARATOR.join(others["path"])
    judged["suspicious"] |= judged["contradicted_by"] != ""
    return judged
