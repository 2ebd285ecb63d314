"""Scoring a model on labelled images: those of its own run, or any folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from allcore.data.catalog import Catalog, scan
from allcore.data.intake import decode
from allcore.data.overlap import find_overlap
from allcore.data.split import SPLITS
from allcore.errors import DatasetError, InputError, RunError
from allcore.evaluation.predictions.recorded import RecordedPredictions, recorded_predictions
from allcore.evaluation.scoring.scores import Scores
from allcore.inference.metadata import DIGEST_LENGTH, ServedMetadata
from allcore.inference.predictor import Predictor, load_predictor
from allcore.progress import Count, Progress
from allcore.runs.images import images_of_run
from allcore.runs.store import Run, RunStore, dataset_of, named_model_file, run_of_model


@dataclass(frozen=True)
class Evaluation:
    """Predictions of labelled images, what predicted which, and what a reader should know about it.

    `datasets` are the folders that may say what the classes mean, the first one first. `validation` are the run's
    predictions of other images, on which a threshold for these may be chosen, where there are such.
    """

    model: str
    data: str
    predictions: RecordedPredictions
    notes: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    validation: RecordedPredictions | None = None

    @cached_property
    def scores(self) -> Scores:
        """What the predictions are worth. Raises `InputError` when there is no image."""
        return self.predictions.score()

    @cached_property
    def without_twins(self) -> Scores | None:
        """Scores of the images that share their group with none in train; None where every image does, or none."""
        alone = self.predictions.without_twins()
        return alone.score() if 0 < len(alone.table) < len(self.predictions.table) else None


def evaluate_model(
    model: str,
    store: RunStore,
    cache: Path,
    data: Path | None = None,
    split: str | None = None,
    variant: str | None = None,
    on_progress: Progress | None = None,
) -> Evaluation:
    """Score `model` (a run's id or folder, or an .onnx file) on a labelled folder, or on the images of its own run.

    Without `data`, a run is scored by its recorded predictions, and the `model.onnx` of a run folder by predicting
    that run's images anew. `split` restricts the images to those that the model's run trained on, validated with or
    tested, known by their content; `variant` is that of the model's run when unset, where the folder has it. Raises
    `InputError` when the model, the folder or the split will not do.
    """
    if split is not None and split not in SPLITS:
        raise InputError(f"split: unknown (received {split!r}); expected one of {', '.join(SPLITS)}")
    if variant is not None and data is None:
        raise InputError("variant: it chooses among the variants of --data; give --data DIR as well")
    file = named_model_file(model)
    if data is None and file is None:
        return evaluate_run(store.find(model), split or "test")
    path = store.find(model).served_model if file is None else file.resolve()
    predictor = load_predictor(path)
    if data is None:
        return _evaluate_own_images(predictor, path, split or "test", cache, on_progress)
    return _evaluate_folder(predictor, str(path), data, split, variant, cache, on_progress)


def evaluate_run(run: Run, split: str) -> Evaluation:
    """Score a run by its recorded predictions for validation or test."""
    if split == "train":
        raise InputError("predictions are recorded for validation and test; give --data to score the train images")
    return Evaluation(
        model=run.id,
        data=f"its {split} split",
        predictions=recorded_predictions(run, split),
        notes=_twin_notes(run, split),
        datasets=(run.config.dataset,),
        validation=_others(run) if split == "test" else None,
    )


def predict_labelled(
    predictor: Predictor, root: Path, images: pd.DataFrame, on_progress: Progress | None = None
) -> np.ndarray:
    """Return calibrated probabilities (N, C) for catalog rows below `root`."""
    count = Count(on_progress, len(images))
    return predictor.predict((decode(root / path) for path in images["path"]), count.add).probabilities


def _evaluate_own_images(
    predictor: Predictor, path: Path, split: str, cache: Path, on_progress: Progress | None
) -> Evaluation:
    run = run_of_model(path)
    if run is None:
        raise InputError(f"{path} does not lie in a run's folder, so its test images are not known; give --data DIR")
    wanted = run.split.table[run.split.table["split"] == split]
    catalog, rows = images_of_run(run, cache, split)
    probabilities = predict_labelled(predictor, catalog.root, rows, on_progress)
    return Evaluation(
        model=str(path),
        data=f"the {split} split of {run.id}",
        predictions=_predictions(
            wanted.assign(twin=run.split.twins_in_train()[wanted.index]), probabilities, predictor.classes
        ),
        notes=_twin_notes(run, split),
        datasets=(run.config.dataset,),
        validation=_others(run) if split == "test" else None,
    )


def _evaluate_folder(
    predictor: Predictor,
    model: str,
    data: Path,
    split: str | None,
    variant: str | None,
    cache: Path,
    on_progress: Progress | None,
) -> Evaluation:
    catalog = scan(data, cache)
    own_variant = predictor.metadata.config.get("variant")
    if variant is None and own_variant in catalog.variants:
        variant = own_variant
    rows = catalog.images(variant)
    unknown = sorted(set(rows["label"]) - set(predictor.classes))
    if unknown:
        raise DatasetError(
            f"{data} has classes that the model does not know ({', '.join(unknown)}); "
            f"it knows {', '.join(predictor.classes)}"
        )
    if not rows.empty:
        rows = rows.assign(group=find_overlap(catalog.root, rows, cache).groups)
        rows["twin"] = _twins_of_trained(rows, predictor.metadata)
    if split is not None:
        rows = _images_of_split(rows, predictor.metadata.split_digests.get(split, ()))
    if rows.empty:
        raise DatasetError(
            f"{data} has no usable image{f' of the {split} split' if split else ''} of the model's classes"
        )
    probabilities = predict_labelled(predictor, catalog.root, rows, on_progress)
    return Evaluation(
        model=model,
        data=f"{data / catalog.variant(variant)}{f', {split} split' if split else ''}",
        predictions=_predictions(rows, probabilities, predictor.classes),
        notes=(*_parts_note(rows), *_folder_notes(rows, predictor.metadata, split, _unusable(catalog, variant))),
        datasets=tuple(filter(None, (str(catalog.root), dataset_of(Path(model))))),
    )


def _others(run: Run) -> RecordedPredictions | None:
    try:
        validation = recorded_predictions(run, "validation")
    except RunError:  # a model whose run has no predictions is scored all the same
        return None
    return validation if len(validation.table) else None


def _predictions(rows: pd.DataFrame, probabilities: np.ndarray, classes: tuple[str, ...]) -> RecordedPredictions:
    """Put rows with path, sha256, label, group and twin together with their probabilities (N, C)."""
    table = rows[["path", "sha256", "label", "group", "twin"]].reset_index(drop=True)
    for name, of_class in zip(classes, probabilities.T, strict=True):
        table[f"probability_{name}"] = of_class
    return RecordedPredictions(classes, table)


def _images_of_split(rows: pd.DataFrame, digests: tuple[str, ...]) -> pd.DataFrame:
    """Return the rows whose content is in the split, of equal files only as many as the split has."""
    contents = rows["sha256"].str[:DIGEST_LENGTH]
    copies = Counter(digests)
    return rows[contents.groupby(contents).cumcount() < contents.map(copies)]


def _twins_of_trained(rows: pd.DataFrame, metadata: ServedMetadata) -> np.ndarray:
    """Return for each row whether the model was not trained on it, but on an image of its group, bool (N,)."""
    trained = np.array([metadata.split_of(digest) == "train" for digest in rows["sha256"]], bool)
    return np.asarray(rows["group"].isin(set(rows.loc[trained, "group"])) & ~trained)


def _unusable(catalog: Catalog, variant: str | None) -> int:
    return int((catalog.problems()["variant"] == catalog.variant(variant)).sum())


def _twin_notes(run: Run, split: str) -> tuple[str, ...]:
    in_split = (run.split.table["split"] == split).to_numpy()
    twins = int((run.split.twins_in_train() & in_split).sum())
    if twins == 0:
        return ()
    return (_flatters(twins, int(in_split.sum()), f"{split} images", "an image in train"),)


def _flatters(twins: int, count: int, images: str, with_what: str) -> str:
    return f"{twins} of {count} {images} share a group with {with_what}; the score flatters"


def _parts_note(rows: pd.DataFrame) -> tuple[str, ...]:
    parts = [f"{count} of {part}" for part in SPLITS if (count := int((rows["part"] == part).sum()))]
    if len(parts) < 2:
        return ()
    return (
        f"the folder's parts are scored together ({', '.join(parts)}); give the folder of one part to score it alone",
    )


def _folder_notes(rows: pd.DataFrame, metadata: ServedMetadata, split: str | None, unusable: int) -> tuple[str, ...]:
    notes = []
    trained_on = sum(metadata.split_of(digest) == "train" for digest in rows["sha256"])
    if trained_on and split != "train":
        advice = "" if split else "; --split test scores those that it was not"
        notes.append(f"{trained_on} of {len(rows)} images are ones that the model was trained on{advice}")
    twins = int(rows["twin"].sum())
    if twins:
        notes.append(_flatters(twins, len(rows), "images", "one that the model was trained on"))
    if unusable:
        notes.append(f"{unusable} files of the folder cannot be used and were left out; `dataset info` names them")
    return tuple(notes)
