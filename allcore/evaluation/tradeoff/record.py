"""What several runs cost and are worth, and which of them differ, as one record that needs no run beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from allcore.errors import FileError, RunError
from allcore.evaluation.comparing.comparison import compare_all
from allcore.evaluation.comparing.verdict import SettingDifference
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.evaluation.shortcuts import cached_shortcuts_of_run
from allcore.evaluation.tradeoff.points import TradeoffPoint, measured_latency, point_names, tradeoff_point
from allcore.json_text import fields_of, of_another_schema, read_json
from allcore.recipe import train_command
from allcore.runs.folder.run_form import DEVICES_JOINED
from allcore.runs.folder.store import Run

SCHEMA = 1
ROUNDS = 5
_LARGEST_BYTES = 64 * 2**20
EXAMPLE = Path(__file__).with_name("example.json")
"""A trade-off on real images, so that there is one to look at before the first is trained."""


class TradeoffRecord(BaseModel):
    """Runs as points by image size, with the tests of `compare_all` between every two of them.

    `devices` and `commands` say where and how the runs were made. `shortcuts` are the baselines' test accuracies by
    name, on the split that the runs share; None where they share none, or the baselines are not computed. `differences`
    are those of a study with folds, its settings called as in `tests`: they say as well what is the same.
    """

    model_config = ConfigDict(frozen=True)

    schema_number: int = SCHEMA
    devices: tuple[str, ...]
    commands: tuple[str, ...]
    points: tuple[TradeoffPoint, ...]
    tests: tuple[dict[str, Any], ...]
    shortcuts: dict[str, float] | None
    differences: tuple[SettingDifference, ...] = ()

    @property
    def pairs(self) -> pd.DataFrame:
        """The tests as `compare_all` returns them, the runs called by `point_names`."""
        return pd.DataFrame(self.tests)


def record_tradeoff(
    runs: Sequence[Run],
    cache: Path,
    model_of: Callable[[Run], Path | None] = lambda run: run.kept_model,
    name_of: Callable[[Run], str] = lambda run: run.id,
    *,
    timed: bool,
) -> TradeoffRecord:
    """Return the record of succeeded runs, latencies of the models that `model_of` gives measured here where `timed`
    and it gives one.

    `name_of` gives each run a name of its own. `cache` is where shortcut baselines are kept. Raises `RunError` when
    something of a run is missing or damaged.
    """
    by_size = sorted(runs, key=lambda run: (run.config.image_size, name_of(run)))
    points = tuple(replace(tradeoff_point(run), run=name_of(run)) for run in by_size)
    if timed:
        points = _timed_in_turn(points, [model_of(run) for run in by_size])
    called = point_names(points)
    pairs = compare_all({called[name_of(run)]: recorded_predictions(run, "test") for run in by_size})
    return TradeoffRecord(
        devices=tuple(dict.fromkeys(each for run in by_size for each in run.status().device.split(DEVICES_JOINED))),
        commands=tuple(train_command(run.config) for run in by_size),
        points=points,
        tests=tuple(json.loads(pairs.to_json(orient="records", double_precision=15))),
        shortcuts=_shortcuts(by_size, cache),
    )


def read_tradeoff(path: Path) -> TradeoffRecord:
    """Read a record from its JSON file. Raises `RunError` when it is missing or damaged, or of another schema."""
    try:
        fields = read_json(path, _LARGEST_BYTES)
    except FileError as error:
        raise RunError(f"{path.name} cannot be read ({error})") from None
    schema = fields.get("schema_number", SCHEMA) if isinstance(fields, dict) else SCHEMA
    if schema != SCHEMA:
        raise RunError(of_another_schema(path.name, schema, SCHEMA))
    try:
        return TradeoffRecord.model_validate(fields)
    except ValidationError as error:
        raise RunError(f"{path.name} is damaged ({fields_of(error)}); expected what `tradeoff --json` prints") from None


def _timed_in_turn(points: Sequence[TradeoffPoint], models: Sequence[Path | None]) -> tuple[TradeoffPoint, ...]:
    """Return points with the latency of each one's served model, the median of rounds in which they take turns.

    Each model is opened anew in each round, for those of many runs may not fit into memory together.
    """
    of_each: list[list[float]] = [[] for _ in points]
    for _ in range(ROUNDS):
        for point, model, seconds in zip(points, models, of_each, strict=True):
            if (measured := measured_latency(point, model).latency_seconds) is not None:
                seconds.append(measured)
    return tuple(
        replace(point, latency_seconds=median(seconds) if seconds else None)
        for point, seconds in zip(points, of_each, strict=True)
    )


def _shortcuts(runs: Sequence[Run], cache: Path) -> dict[str, float] | None:
    if len({run.split.content for run in runs}) != 1:
        return None
    kept = cached_shortcuts_of_run(runs[0], cache)
    if kept is None:
        return None
    return {result.name: result.scores.accuracy for result in kept if not result.baseline.sees_cells}
