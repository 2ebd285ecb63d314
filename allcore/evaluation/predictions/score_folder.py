"""Scoring a model on any folder of labelled images, whose classes may have other names than the model's."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from allcore.config import AS_GIVEN
from allcore.data.catalog import Catalog, scan
from allcore.data.class_names import class_name
from allcore.data.folder.parts import PARTS
from allcore.data.labels.versions import compared_images, label_version
from allcore.data.overlap import find_overlap
from allcore.errors import DatasetError
from allcore.evaluation.predictions.evaluation import Evaluation, labelled_predictions, twin_notes
from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.inference.cached_predictions import predict_catalogued
from allcore.inference.metadata import DIGEST_LENGTH, NOT_SAID, ServedMetadata
from allcore.inference.predictor import Predictor
from allcore.progress import Progress
from allcore.runs.folder.store import dataset_of_model
from allcore.text import counted

LEFT_OUT = ""
"""Stands in a mapping for the model's class where the images of a folder's class are left out."""
NEVER_SEEN = "none of these files is one that the model was trained on (a copy that was saved anew is not recognised)"


class ScoringRequest(BaseModel):
    """Which labelled images are scored: a folder, its variant, and perhaps those of one part of the model's run alone.

    Without `variant`, it is that of the model's run where the folder has it. `digests`, as of `digests_of`, are the
    images of the part called `split` where it is that of another model's run. `mapping` gives, for a class of the
    folder, the model's class that it is, or `LEFT_OUT`. `labels` is the version of the labels that counts.
    """

    model_config = ConfigDict(frozen=True)

    folder: Path
    variant: str | None = None
    split: str | None = None
    digests: tuple[str, ...] | None = None
    mapping: dict[str, str] = {}
    labels: str = AS_GIVEN

    @property
    def own_split(self) -> str | None:
        """The part of the scored model's own run; None where all images are scored, or a part of another's."""
        return self.split if self.digests is None else None

    @property
    def classes_left_out(self) -> tuple[str, ...]:
        """The folder's classes whose images are left out."""
        return tuple(class_name(name) for name, ours in self.mapping.items() if ours == LEFT_OUT)


class FolderFacts(BaseModel):
    """What a reader should know of a scored folder: of its `images`, how many the model was trained on, and tested on.

    `says_training` tells whether the model's file says what it was trained on at all. `left_out` are of classes
    that `mapping` leaves out, `unusable` cannot be used; `parts` are the images of each part that the folder's own
    subfolders make, where there are several.
    """

    model_config = ConfigDict(frozen=True)

    images: int
    trained_on: int
    tested_on: int
    says_training: bool
    left_out: int
    unusable: int
    parts: dict[str, int]

    def notes(self, of: ScoringRequest) -> tuple[str, ...]:
        """Return in words which images they are, for the command line; `of` is what was asked to be scored."""
        notes = []
        if len(self.parts) > 1:
            parts = ", ".join(f"{count} of {part}" for part, count in self.parts.items())
            one = "give the folder of one part to score it alone"
            notes.append(f"the folder's parts are scored together ({parts}); {one}")
        if self.trained_on and of.own_split != "train":
            advice = "; --split test scores those that it was not" if self.tested_on and not of.split else ""
            seen = f"{self.trained_on:,} of {self.images:,} images"
            notes.append(f"{seen} are ones that the model was trained on{advice}")
        if not self.trained_on and of.own_split is None:
            notes.append(NEVER_SEEN if self.says_training else NOT_SAID)
        if self.left_out:
            left_out = counted(self.left_out, "image was", "images were")
            notes.append(f"{left_out} left out as asked: {', '.join(of.classes_left_out)}")
        if self.unusable:
            unusable = counted(self.unusable, "file was", "files were")
            notes.append(f"{unusable} left out that cannot be used; `dataset info` says which and why")
        return tuple(notes)


@dataclass(frozen=True)
class FolderEvaluation:
    """What scoring a folder came to: `catalog` is that of the folder as it was scored, with the labels that count.

    `trained` are those of the variant's images that the model was trained on and that were not scored (path, sha256,
    label, group).
    """

    evaluation: Evaluation
    facts: FolderFacts
    catalog: Catalog
    variant: str
    trained: pd.DataFrame


def score_folder(
    predictor: Predictor, model: Path, of: ScoringRequest, cache: Path, on_progress: Progress | None = None,
    judgements: Path | None = None,
) -> FolderEvaluation:  # fmt: skip
    """Score the `predictor` of the file `model` on a labelled folder, with what `cache` holds.

    `on_progress` hears of the search for shared fields, where the images were not searched before, and then of the
    images predicted. `judgements` is the file of what was judged of labels. Raises `DatasetError` when the folder, its
    classes, its labels or the mapping will not do.
    """
    metadata, given = predictor.metadata, scan(of.folder, cache)
    variant = variant_of(given, metadata, of.variant)
    version = label_version(given, variant, of.labels, judgements)
    catalog = version.catalog
    compared = compared_images(catalog, variant)
    usable = _renamed(compared[compared["problem"] == ""], catalog.labels[variant], of, predictor.classes)
    _of_part(usable, of, metadata)  # refuses what will not do before a search that may take minutes
    # among all images: one that is not scored has its twins all the same
    compared["group"] = [f"g{n:05d}" for n in find_overlap(catalog.root, compared, cache, on_progress).groups]
    compared["twin"] = _twins_of_trained(compared, metadata)
    every = usable.join(compared[["group", "twin"]])
    rows = _of_part(every, of, metadata)
    rows = rows.assign(trained=_trained_on(rows, metadata), stain="")
    said = predict_catalogued(predictor, model, catalog.root, rows, cache, on_progress)
    facts = FolderFacts(
        images=len(rows),
        trained_on=int(rows["trained"].sum()),
        tested_on=len(_images_of_split(rows, metadata.split_digests.get("test", ()))),
        says_training=metadata.says_training,
        left_out=len(catalog.images(variant)) - len(every),
        unusable=int((given.problems()["variant"] == variant).sum()),
        parts={part: count for part in PARTS if (count := int((rows["part"] == part).sum()))},
    )
    predictions = labelled_predictions(rows, said, predictor.classes)
    evaluation = Evaluation(
        model=str(model),
        data=f"{of.folder / variant}{f', {of.split} split' if of.split else ''}"
        f"{f', labels {version.name}' if of.labels != AS_GIVEN else ''}",
        predictions=predictions,
        notes=(*twin_notes(predictions, "images", "one that the model was trained on"), *facts.notes(of)),
        datasets=naming_datasets(catalog.root, model),
    )
    trained = _images_of_split(every, metadata.split_digests.get("train", ()))
    return FolderEvaluation(evaluation, facts, catalog, variant, trained[~trained["path"].isin(rows["path"])])


def scored_images(catalog: Catalog, variant: str, of: ScoringRequest, metadata: ServedMetadata) -> pd.DataFrame:
    """Return the rows of `catalog` that `score_folder` scores, with the model's names for their classes.

    `catalog` is that of the folder, with the labels that count. Raises `DatasetError` where the classes, the mapping or
    the part will not do.
    """
    usable = _renamed(catalog.images(variant), catalog.labels[variant], of, metadata.classes)
    return _of_part(usable, of, metadata)


def digests_of(predictions: RecordedPredictions) -> tuple[str, ...]:
    """Return what `ScoringRequest` names these very images by, in order."""
    return tuple(sorted(predictions.table["sha256"].str[:DIGEST_LENGTH]))


def naming_datasets(folder: Path, model: Path) -> tuple[str, ...]:
    """Return the folders that may say what a scored folder's classes mean: itself, then that of the model's run."""
    return tuple(filter(None, (str(folder), dataset_of_model(model))))


def variant_of(catalog: Catalog, metadata: ServedMetadata, wanted: str | None = None) -> str:
    """Return the variant that is scored: the one that is wanted, that of the model's run, or the first."""
    own = metadata.config.get("variant")
    return catalog.variant(own if wanted is None and own in catalog.variants else wanted)


def parts_of_run(images: pd.DataFrame, metadata: ServedMetadata) -> dict[str, int]:
    """Return how many of catalog rows each part of the model's run had, known by their content; those with any."""
    counts = {part: len(_images_of_split(images, metadata.split_digests.get(part, ()))) for part in PARTS}
    return {part: count for part, count in counts.items() if count}


def _renamed(rows: pd.DataFrame, theirs: tuple[str, ...], of: ScoringRequest, classes: tuple[str, ...]) -> pd.DataFrame:
    """Return usable catalog rows with the model's names for their classes, those that are left out left out.

    `theirs` are the folder's classes; those without a usable image need not be known to the model.
    """
    mapping = {class_name(name): ours for name, ours in of.mapping.items()}
    if foreign := sorted(set(mapping) - set(theirs)):
        raise DatasetError(f"map: {of.folder} has no class {foreign[0]!r}; it has {', '.join(theirs)}")
    if wrong := sorted(set(mapping.values()) - {*classes, LEFT_OUT}):
        raise DatasetError(f"map: the model knows no class {wrong[0]!r}; it knows {', '.join(classes)}")
    ours = {name: mapping.get(name, name) for name in sorted(set(rows["label"]))}
    if unknown := [name for name in ours if ours[name] not in (*classes, LEFT_OUT)]:
        same, none = (shlex.quote(f"{unknown[0]}={name}") for name in (classes[0], LEFT_OUT))
        raise DatasetError(
            f"{of.folder} has classes that the model does not know ({', '.join(unknown)}); it knows "
            f"{', '.join(classes)}; say which of these each is (--map {same}), or leave it out (--map {none})"
        )
    renamed = rows.assign(label=rows["label"].map(ours))
    return renamed[renamed["label"] != LEFT_OUT]


def _of_part(rows: pd.DataFrame, of: ScoringRequest, metadata: ServedMetadata) -> pd.DataFrame:
    """Return the rows of the part that is asked for; `metadata` is that of the scored model. Raises `DatasetError`."""
    if of.split is not None:
        own = metadata.split_digests.get(of.split, ())
        rows = _images_of_split(rows, own if of.digests is None else of.digests)
    if rows.empty:
        of_split = f" of the {of.split} split" if of.split else ""
        raise DatasetError(f"{of.folder} has no usable image{of_split} of the model's classes")
    return rows


def _images_of_split(rows: pd.DataFrame, digests: tuple[str, ...]) -> pd.DataFrame:
    """Return the rows whose content is in the split, of equal files only as many as the split has."""
    contents = rows["sha256"].str[:DIGEST_LENGTH]
    copies = Counter(digests)
    return rows[contents.groupby(contents).cumcount() < contents.map(copies)]


def _twins_of_trained(rows: pd.DataFrame, metadata: ServedMetadata) -> np.ndarray:
    """Return for each row whether the model was not trained on it, but on an image of its group, bool (N,)."""
    trained = _trained_on(rows, metadata)
    return np.asarray(rows["group"].isin(set(rows.loc[trained, "group"])) & ~trained)


def _trained_on(rows: pd.DataFrame, metadata: ServedMetadata) -> np.ndarray:
    """Return for each row whether the model was trained on a file of the same content, bool (N,)."""
    return np.array([metadata.split_of(digest) == "train" for digest in rows["sha256"]], bool)
