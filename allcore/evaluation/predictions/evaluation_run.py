"""A model's predictions of a labelled folder in the form of a run's folder, so that they open like a run's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd
from pydantic import BaseModel, ConfigDict

from allcore import __version__
from allcore.config import make_config
from allcore.data.catalog import Catalog
from allcore.data.intake.images import INTAKE_VERSION
from allcore.data.labels.versions import compared_images
from allcore.data.shared_fields.search import SEARCH_VERSION
from allcore.errors import RunError
from allcore.evaluation.predictions.score_folder import (
    FolderEvaluation,
    FolderFacts,
    ScoringRequest,
    naming_datasets,
    score_folder,
)
from allcore.files import file_sha256
from allcore.inference.predictor import Predictor
from allcore.progress import Progress
from allcore.result_cache import read_cached, short_digest
from allcore.runs.folder.files import SERVED_FILE
from allcore.runs.folder.run_form import write_run_form
from allcore.runs.folder.store import Run, run_of_model
from allcore.writing import folder_written_whole, make_folder, write_whole

RECORD_FILE: Final = "evaluation.json"
FOLDER: Final = "evaluations"
_FORM: Final = 5
"""Raise it when what is written changes."""


class EvaluationRecord(BaseModel):
    """Which model's file was scored on what, and what a reader should know about it."""

    model_config = ConfigDict(frozen=True)

    model: Path
    of: ScoringRequest
    facts: FolderFacts

    @property
    def datasets(self) -> tuple[str, ...]:
        """The folders that may say what the classes mean, the first one first."""
        return naming_datasets(self.of.folder, self.model)

    @property
    def name(self) -> str:
        """What the model is called: its run's id, or its file's name."""
        run = run_of_model(self.model)
        return self.model.name if run is None else run.id


def evaluation_record(run: Run) -> EvaluationRecord | None:
    """Return what a folder says it is the scoring of; None where it is a run of its own."""
    return read_cached(run.folder / RECORD_FILE, EvaluationRecord)


def evaluation_place(model: Path, catalog: Catalog, variant: str, of: ScoringRequest, cache: Path) -> Run:
    """Return where the scoring of a model on these very images stands, be it there yet or not.

    What an older reader of images, or an older search for shared fields, had a part in stands elsewhere: its groups and
    probabilities may be others.
    """
    # what a version of the labels excludes has a part in the groups
    images = compared_images(catalog, variant)[["path", "label", "sha256", "problem"]].to_csv(index=False)
    unusable = int((catalog.problems()["variant"] == variant).sum())  # a reader is told how many there are
    asked = (
        _FORM,
        INTAKE_VERSION,
        SEARCH_VERSION,
        __version__,
        str(model),
        file_sha256(model),
        str(catalog.root),
        variant,
        of.split if of.digests is None else (of.split, of.digests),
        sorted(of.mapping.items()),
        images,
        unusable,
    )
    return Run(cache / FOLDER / short_digest(repr(asked)))


def evaluation_run(
    predictor: Predictor, model: Path, of: ScoringRequest, cache: Path,
    on_progress: Progress | None = None, judgements: Path | None = None,
) -> Run:  # fmt: skip
    """Score a model on a labelled folder and return it in the form of a run.

    The run's test images are the scored ones, as the folder has them now; its training images are those of the folder
    that the model was trained on and that are not scored. Raises `DatasetError` as `score_folder` does, `RunError` when
    the disk refuses.
    """
    scored = score_folder(predictor, model, of, cache, on_progress, judgements)
    run = evaluation_place(model, scored.catalog, scored.variant, of, cache)
    try:
        make_folder(run.folder.parent)
        with folder_written_whole(run.folder) as unfinished:
            _write(unfinished, scored, of, predictor, model)
    except OSError as error:
        raise RunError(f"the predictions cannot be written below {cache} ({error.strerror})") from None
    return run


def _write(folder: Path, scored: FolderEvaluation, of: ScoringRequest, predictor: Predictor, model: Path) -> None:
    tested = scored.evaluation.predictions.table.assign(split="test")
    every = pd.concat([tested, scored.trained.assign(split="train")], ignore_index=True).assign(stain="")
    config = make_config(
        dataset=str(scored.catalog.root), variant=scored.variant or None, image_size=predictor.metadata.image_size
    )
    write_run_form(folder, config, every, tested)
    (folder / SERVED_FILE).symlink_to(model.resolve())
    record = EvaluationRecord(model=model, of=of, facts=scored.facts)
    write_whole(folder / RECORD_FILE, record.model_dump_json())
