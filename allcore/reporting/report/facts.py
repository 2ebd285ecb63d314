"""Everything that a report says of a run, gathered from its folder, its dataset and the caches."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from allcore.config import TrainConfig
from allcore.data.catalog import Catalog, scan
from allcore.data.labels.meanings import ClassMeanings, check_meanings, class_meanings
from allcore.data.labels.versions import label_version
from allcore.data.splits.split import Split
from allcore.errors import InputError, RunError
from allcore.evaluation.predictions.recorded import RecordedPredictions, recorded_predictions
from allcore.evaluation.probes.novelty_check import NoveltyReport, recorded_novelty
from allcore.evaluation.probes.probing import ProbeReport
from allcore.evaluation.scoring.scores import Scores
from allcore.inference.metadata import ServedMetadata
from allcore.inference.predictor import Predictor, load_predictor
from allcore.paper import has_papers_classes
from allcore.reporting.report.baselines_and_probes import cached_baselines, cached_probes
from allcore.reporting.report.known_data import KnownDataset, recognise
from allcore.reporting.report.pictures import ErrorPictures, error_pictures
from allcore.runs.folder.history import History
from allcore.runs.folder.states import in_words
from allcore.runs.folder.status import Status
from allcore.runs.folder.store import Run
from allcore.workspace import Workspace


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run that has succeeded; None is what is not computed, gone or damaged.

    `alone` are the test predictions without twins in train and `alone_scores` theirs, None when no image is left.
    `catalog` is the dataset's where it holds just what the run was made from, `metadata` that of the served model.
    `baselines` are rows of `against_shortcuts`. `config` names folders and files without where they lie.
    """

    run_id: str
    status: Status
    config: TrainConfig
    environment: dict[str, Any]
    split: Split
    history: History
    known: KnownDataset | None
    meanings: ClassMeanings
    catalog: Catalog | None
    metadata: ServedMetadata | None
    test: RecordedPredictions
    scores: Scores
    alone: RecordedPredictions
    alone_scores: Scores | None
    validation: RecordedPredictions
    pictures: ErrorPictures
    baselines: pd.DataFrame | None
    probes: ProbeReport | None
    novelty: NoveltyReport | None

    @property
    def has_papers_classes(self) -> bool:
        """Whether the classes are the paper's."""
        return has_papers_classes(self.split.classes)

    @property
    def are_drawn(self) -> bool:
        """Whether the images are known to be drawn."""
        return self.known is not None and self.known.drawn

    @property
    def beside_paper(self) -> bool:
        """Whether the paper's figures may stand beside the run's: the classes are its own, and the images not drawn."""
        return self.has_papers_classes and not self.are_drawn

    @property
    def dataset(self) -> str:
        """The dataset's name: its folder's, with the variant where the folder holds several."""
        return "/".join(filter(None, (self.config.dataset, self.config.variant)))


def gather(run: Run, workspace: Workspace) -> RunFacts:
    """Return what a report says of `run`; images are taken from the folders alone that `workspace` may read.

    Raises `InputError` when the run has not succeeded, or something of it, or what its classes mean, is damaged.
    """
    status = _succeeded(run)
    test = recorded_predictions(run, "test")
    alone = test.without_twins()
    validation = recorded_predictions(run, "validation")
    model = _open_model(run)
    return RunFacts(
        run_id=run.id,
        status=status,
        config=without_places(run.config),
        environment=run.environment(),
        split=run.split,
        history=run.history(),
        known=recognise(run.split),
        meanings=class_meanings([run.config.dataset], run.split.classes, workspace.classes),
        catalog=_catalog(run, workspace),
        metadata=None if model is None else model.metadata,
        test=test,
        scores=test.score(),
        alone=alone,
        alone_scores=alone.score() if len(alone.table) else None,
        validation=validation,
        pictures=error_pictures(run, test.table, workspace, model),
        baselines=cached_baselines(run, test, workspace),
        probes=cached_probes(run, workspace),
        novelty=recorded_novelty(run.folder),
    )


def check_reportable(run: Run, workspace: Workspace) -> None:
    """Raise `InputError` when no report can be made of `run`, as far as that is known without scoring it."""
    _succeeded(run)
    _ = run.config, run.environment(), run.split
    check_meanings(run.config.dataset, workspace.classes)


def without_places(config: TrainConfig) -> TrainConfig:
    """Return the configuration with the names of its folders and files, without where on this machine they lie."""
    groups = config.split.groups
    split = config.split.model_copy(update={"groups": None if groups is None else Path(groups).name})
    update = {"dataset": Path(config.dataset).name, "weights": Path(config.weights).name, "split": split}
    return config.model_copy(update=update)


def _succeeded(run: Run) -> Status:
    status = run.status()
    if status.state != "succeeded":
        raise RunError(
            f"run {run.id} is {in_words(status.state)}; a report is made of a run that has succeeded: follow it with "
            f"`runs watch {run.id}`, or go on with `runs resume {run.id}` where it has ended"
        )
    return status


def _open_model(run: Run) -> Predictor | None:
    try:
        return load_predictor(run.served_model)
    except InputError:
        return None


def _catalog(run: Run, workspace: Workspace) -> Catalog | None:
    """Return the dataset's catalog where it holds, file by file, what the run was made from."""
    try:
        given = scan(workspace.allowed(Path(run.config.dataset)), workspace.cache)
        catalog = label_version(given, run.config.variant, run.config.labels, workspace.judgements).catalog
        same = catalog.fingerprint(run.config.variant) == run.environment().get("dataset_fingerprint")
    except InputError:
        return None
    return catalog if same else None
