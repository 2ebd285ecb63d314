"""What each run costs and what it is worth, one point a run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from allcore.data.known_images import Known, known_images
from allcore.errors import RunError
from allcore.evaluation.predictions.recorded import RecordedPredictions, recorded_predictions
from allcore.evaluation.scoring.scores import Scores
from allcore.inference.latency import latency
from allcore.inference.network import open_network
from allcore.paper import NATIVE_SIZE
from allcore.result_cache import short_digest
from allcore.runs.folder.store import Run


@dataclass(frozen=True)
class TradeoffPoint:
    """A succeeded run: `image_size` in pixels a side, test accuracy in fractions with its 95 % interval.

    `training_seconds` is the sum over its `epochs`, `memory_bytes` the most in use while training, `latency_seconds`
    one image through the served model, `images` whose the images are; `None` where it is not known.
    `beside_paper` says whether the paper's figures may stand beside it, `tested` is a text that runs share which were
    tested on the same images under the same labels, '' where that is not known.
    """

    run: str
    dataset: str
    split: str
    image_size: int
    epochs: int
    test_images: int
    accuracy: float
    accuracy_low: float | None
    accuracy_high: float | None
    training_seconds: float | None
    memory_bytes: int | None
    parameters: int
    latency_seconds: float | None = None
    network: str = "VGG16"
    images: Known | None = None
    beside_paper: bool = False
    tested: str = ""

    @property
    def up_sampled(self) -> bool | None:
        """Whether the network saw the ALL images larger than they are; None of others, whose sizes are not recorded."""
        return self.image_size > NATIVE_SIZE if self.images == "ALL" else None


def tradeoff_point(run: Run, scores: Scores | None = None) -> TradeoffPoint:
    """Return the point of a succeeded run; `scores` are those of its test images, where they are at hand.

    Raises `RunError` when something of it is missing or damaged.
    """
    test = recorded_predictions(run, "test")
    if scores is None:
        scores = test.score()
    config, history = run.config, run.history()
    low, high = scores.intervals["accuracy"]
    return TradeoffPoint(
        run=run.id,
        dataset=dataset_name(run),
        split=config.split.protocol,
        image_size=config.image_size,
        epochs=len(history.epochs),
        test_images=scores.n,
        accuracy=scores.accuracy,
        accuracy_low=low,
        accuracy_high=high,
        training_seconds=history.training_seconds,
        memory_bytes=history.most_memory,
        parameters=config.parameter_count(len(scores.classes)),
        network=config.trunk.title,
        images=known_images(run.split.table["path"]),
        beside_paper=test.beside_paper,
        tested=_content(test),
    )


def dataset_name(run: Run) -> str:
    """Return what a run's dataset is called now, with the variant. Raises `RunError` where that cannot be read."""
    return "/".join(filter(None, (Path(run.config.dataset).name, run.config.variant)))


def measured_latency(point: TradeoffPoint, model: Path | None) -> TradeoffPoint:
    """Return the point with the latency of a served model of its setting on this machine; as it is without a model."""
    return point if model is None else replace(point, latency_seconds=latency(open_network(model)))


def point_names(points: Sequence[TradeoffPoint]) -> dict[str, str]:
    """Return what to call each run: its image size, with its network where they are several.

    Where others are called the same, the last part of its id stands behind it, or all.
    """
    several = len({point.network for point in points}) > 1
    forms = {}
    for point in points:
        name = f"{point.network}, {point.image_size} px" if several else f"{point.image_size} px"
        forms[point.run] = [f"{name}{more}" for more in ("", f" ({_last_part(point.run)})", f" ({point.run})")]
    taken = Counter(form for of_run in forms.values() for form in of_run)
    return {run: next(form for form in of_run if taken[form] == 1) for run, of_run in forms.items()}


def runs_of_studies(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Return the runs of each study by its name, in the order of `runs`; damaged runs are left out."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        try:
            name = run.config.study
        except RunError:
            continue
        if name is not None:
            found.setdefault(name, []).append(run)
    return found


def pareto_front(costs: Sequence[float], gains: Sequence[float]) -> npt.NDArray[np.bool_]:
    """Return for each point (N,) whether no other costs as little and gains as much while doing better in one."""
    cost, gain = np.asarray(costs, np.float64), np.asarray(gains, np.float64)
    no_worse = (cost[None] <= cost[:, None]) & (gain[None] >= gain[:, None])
    better = (cost[None] < cost[:, None]) | (gain[None] > gain[:, None])
    return np.asarray(~(no_worse & better).any(axis=1))


def tradeoff_table(points: Sequence[TradeoffPoint]) -> pd.DataFrame:
    """Return one row a point, by image size. What is not known is None or nan."""
    rows = [
        {
            "network": point.network,
            "image_size_px": point.image_size,
            "up_sampled": point.up_sampled,
            "epochs": point.epochs,
            "accuracy": point.accuracy,
            "accuracy_low": point.accuracy_low,
            "accuracy_high": point.accuracy_high,
            "training_minutes": _scaled(point.training_seconds, 1 / 60),
            "latency_ms": _scaled(point.latency_seconds, 1e3),
            "memory_gb": _scaled(point.memory_bytes, 1e-9),
            "parameters_millions": point.parameters / 1e6,
            "test_images": point.test_images,
            "dataset": point.dataset,
            "split": point.split,
            "run": point.run,
            "beside_paper": point.beside_paper,
        }
        for point in points
    ]
    return pd.DataFrame(rows).sort_values(["image_size_px", "run"], ignore_index=True)


def _content(test: RecordedPredictions) -> str:
    return short_digest(repr(sorted(zip(test.table["sha256"], test.table["label"], strict=True))))


def _last_part(run: str) -> str:
    return re.split("[ -]", run)[-1]


def on_front(table: pd.DataFrame, cost: str) -> pd.Series:
    """Return for each row of `tradeoff_table` whether no other is as accurate at as low a cost, one of its columns.

    Rows whose cost is not known are not on the front, and keep no other from it.
    """
    known = table[table[cost].notna()]
    front = pareto_front(known[cost].to_list(), known["accuracy"].to_list())
    return pd.Series(front, known.index, dtype=bool).reindex(table.index, fill_value=False)


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
