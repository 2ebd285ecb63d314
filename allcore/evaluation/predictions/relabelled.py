"""A run's recorded predictions against another version of the labels, and whether there is one since it was made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from allcore.config import AS_GIVEN, TrainConfig
from allcore.data.catalog import Catalog
from allcore.data.labels.judgements import Judgements
from allcore.data.labels.versions import label_changes, label_version, version_name
from allcore.errors import DatasetError
from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.runs.recorded_images import find_images
from allcore.text import counted


@dataclass(frozen=True)
class Relabelled:
    """Predictions with the labels of the version `name`: of the recorded ones, so many `moved` and `excluded`."""

    name: str
    predictions: RecordedPredictions
    moved: int
    excluded: int

    def in_words(self) -> str:
        """Return what the version changes of the recorded labels, in a sentence."""
        count = len(self.predictions.table) + self.excluded
        other = f"{self.moved:,} of {count:,} images have another class than the run recorded"
        return f"scored against the labels {self.name}: {other}, {counted(self.excluded, 'is', 'are')} left out"


def relabelled(
    predictions: RecordedPredictions, config: TrainConfig, labels: str, cache: Path, judgements: Path | None
) -> Relabelled:
    """Return a run's predictions with the labels of a version of its dataset, without the images that it excludes.

    Raises `DatasetError` when the version cannot be had, an image is gone or has changed, none is left, or one has a
    class that was not predicted.
    """
    table = predictions.table
    catalog, _ = find_images(table, Path(config.dataset), config.variant, cache, "images of the run")
    version = label_version(catalog, config.variant, labels, judgements)
    now = version.catalog.images(config.variant).set_index("path")["label"]
    told = now.reindex(table["path"]).set_axis(table.index)
    kept = told.notna()
    if foreign := sorted(set(told[kept]) - set(predictions.classes)):
        raise DatasetError(
            f"labels: {version.name} has images of class {foreign[0]}, which the model does not know; it knows "
            f"{', '.join(predictions.classes)}"
        )
    if not kept.any():
        raise DatasetError(f"labels: {version.name} leaves none of these images")
    changed = table[kept].assign(label=told[kept]).reset_index(drop=True)
    changed["correct"] = changed["predicted"] == changed["label"]
    moved = int((table.loc[kept, "label"] != told[kept]).sum())
    return Relabelled(version.name, replace(predictions, table=changed), moved, int((~kept).sum()))


def labels_note(config: TrainConfig, catalog: Catalog | None, judged: Judgements) -> str:
    """Return with which labels a run was made, and whether the judgements make others by now; '' where they are those
    of the folders, and the judgements change none. `catalog` is that of its dataset, None where its images are gone."""
    now = None if catalog is None else version_name(label_changes(catalog, catalog.variant(config.variant), judged))
    if config.labels == AS_GIVEN:
        judged_now = f"the run was made with the labels of the folders; as they were judged, they would be {now} now"
        return "" if now in (None, AS_GIVEN) else judged_now
    made = f"the run was made with the labels {config.labels}"
    if now is None:
        return f"{made}; its images are not there, so whether they were judged anew since cannot be told"
    return made if now == config.labels else f"{made}; they were judged anew since, and would be {now} now"
