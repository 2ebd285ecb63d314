"""Scoring a model on labelled images: those of its own run, or any folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from allcore.config import AS_GIVEN
from allcore.data.catalog import Catalog, scan
from allcore.data.folder.parts import PARTS
from allcore.data.labels.judgements import read_judgements
from allcore.errors import DatasetError, InputError, RunError
from allcore.evaluation.predictions.evaluation import Evaluation, labelled_predictions, twin_notes
from allcore.evaluation.predictions.recorded import RecordedPredictions, recorded_predictions
from allcore.evaluation.predictions.relabelled import labels_note, relabelled
from allcore.evaluation.predictions.score_folder import ScoringRequest, digests_of, score_folder
from allcore.inference.cached_predictions import predict_catalogued
from allcore.inference.predictor import Predictor, load_predictor
from allcore.progress import Progress
from allcore.runs.folder.store import Run, RunStore
from allcore.runs.named_model import named_model
from allcore.runs.recorded_images import images_of_run


def evaluate_model(
    model: str,
    store: RunStore,
    cache: Path,
    data: Path | None = None,
    split: str | None = None,
    variant: str | None = None,
    mapping: Mapping[str, str] | None = None,
    on_progress: Progress | None = None,
    labels: str | None = None,
    judgements: Path | None = None,
    of: RecordedPredictions | None = None,
) -> Evaluation:
    """Score `model` (a run's id or folder, or an .onnx file) on a labelled folder, or on the images of its own run.

    Without `data`, a run is scored by its recorded predictions, and the `model.onnx` of a run folder by predicting
    that run's images anew. `split` restricts the images to those that the model's run trained on, validated with or
    tested, known by their content; `variant` is that of the model's run when unset, where the folder has it; `mapping`
    names the model's class for classes of the folder that it does not know. `labels` is the version of the labels that
    counts, by `judgements` (the file of what was judged); unset, a run is scored by those that it was made with, and
    a folder by its own. `of` are another model's predictions of a `split` of `data`: then these very images are scored.
    Raises `InputError` when the model, the folder, the split or the labels will not do.
    """
    if split is not None and split not in PARTS:
        raise InputError(f"split: unknown (received {split!r}); expected one of {', '.join(PARTS)}")
    if variant is not None and data is None:
        raise InputError("variant: it chooses among the variants of --data; give --data DIR as well")
    if mapping and data is None:
        raise InputError("map: it names the classes of --data; give --data DIR as well")
    named, part = named_model(model, store), split or "test"
    if data is None and named.file is None:
        recorded = evaluate_run(named.own_run, part)
        return _with_labels(recorded, named.own_run, part, labels, cache, judgements)
    predictor = load_predictor(named.path)
    if data is None:
        anew = _evaluate_own_images(named.own_run, predictor, named.path, part, cache, on_progress)
        return _with_labels(anew, named.own_run, part, labels, cache, judgements)
    asked = ScoringRequest(
        folder=data,
        variant=variant,
        split=split,
        digests=None if of is None or split is None else digests_of(of),
        mapping=dict(mapping or {}),
        labels=labels or AS_GIVEN,
    )
    return score_folder(predictor, named.path, asked, cache, on_progress, judgements).evaluation


def evaluate_run(run: Run, split: str) -> Evaluation:
    """Score a run by its recorded predictions for validation or test."""
    if split == "train":
        raise InputError("predictions are recorded for validation and test; give --data to score the train images")
    predictions = recorded_predictions(run, split)
    return _on_own_images(run, split, predictions, run.id, f"its {split} split")


def _evaluate_own_images(
    run: Run, predictor: Predictor, path: Path, split: str, cache: Path, on_progress: Progress | None
) -> Evaluation:
    wanted = run.split.table[run.split.table["split"] == split]
    catalog, rows = images_of_run(run, cache, split)
    said = predict_catalogued(predictor, path, catalog.root, rows, cache, on_progress)
    wanted = wanted.assign(twin=run.split.twins_in_train()[wanted.index], trained=split == "train")
    predictions = labelled_predictions(wanted, said, predictor.classes)
    return _on_own_images(run, split, predictions, str(path), f"the {split} split of {run.id}")


def _on_own_images(run: Run, split: str, predictions: RecordedPredictions, model: str, data: str) -> Evaluation:
    return Evaluation(
        model=model,
        data=data,
        predictions=predictions,
        notes=_twin_notes(predictions, split),
        datasets=(run.config.dataset,),
        validation=_others(run) if split == "test" else None,
    )


def _with_labels(
    evaluation: Evaluation, run: Run, split: str, labels: str | None, cache: Path, judgements: Path | None
) -> Evaluation:
    """Return an evaluation of a run's images against a version of their labels; without one, with a note of its own."""
    if labels is None:
        note = "" if judgements is None else _labels_note(run, cache, judgements)
        return replace(evaluation, notes=(*evaluation.notes, note)) if note else evaluation
    now, *other = (
        relabelled(each, run.config, labels, cache, judgements)
        for each in (evaluation.predictions, evaluation.validation)
        if each is not None
    )
    validation = other[0].predictions if other else None
    notes = (*_twin_notes(now.predictions, split), now.in_words())
    return replace(evaluation, predictions=now.predictions, validation=validation, notes=notes)


def _labels_note(run: Run, cache: Path, judgements: Path) -> str:
    """Return the note on the labels that a run was made with; its dataset is looked at where that can say something."""
    try:
        judged = read_judgements(judgements)
    except DatasetError as error:  # the run is scored all the same
        return str(error)
    if run.config.labels == AS_GIVEN and not judged.every:
        return ""
    return labels_note(run.config, _catalog_of_run(run, cache), judged)


def _catalog_of_run(run: Run, cache: Path) -> Catalog | None:
    """Return the catalog of a run's dataset; None where that, or the run's variant of it, is gone."""
    try:
        catalog = scan(Path(run.config.dataset), cache)
        catalog.variant(run.config.variant)
    except DatasetError:
        return None
    return catalog


def _others(run: Run) -> RecordedPredictions | None:
    try:
        validation = recorded_predictions(run, "validation")
    except RunError:  # a model whose run has no predictions is scored all the same
        return None
    return validation if len(validation.table) else None


def _twin_notes(predictions: RecordedPredictions, split: str) -> tuple[str, ...]:
    return twin_notes(predictions, f"{split} images", "an image in train")
