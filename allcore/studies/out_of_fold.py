"""Out-of-fold predictions as a run's folder: every image by the member that had not seen it, opened like a run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from zlib import crc32

import pandas as pd

from allcore.data.class_names import probability_columns
from allcore.errors import FileError, RunError
from allcore.json_text import read_json
from allcore.runs.folder.files import METRICS_FILE
from allcore.runs.folder.run_form import DEVICES_JOINED, write_run_form
from allcore.runs.folder.store import Run
from allcore.studies.costs import first_model, training_costs
from allcore.studies.plan import StudyPlan
from allcore.studies.results import FinishedMember, finished_members, out_of_fold
from allcore.studies.store import Study
from allcore.writing import folder_written_whole, make_folder, write_whole

FOLDER = "out-of-fold"
_LONGEST: Final = 200
_MEMBERS_FILE = "members.json"
_FORM: Final = 3
"""Raise it when what is written changes."""
_LARGEST = 2**20
_COLUMNS = ("path", "sha256", "group", "split", "label")
_MORE = ("predicted", "correct", "novelty", "novel", "twin", "run")


class UnwrittenError(RunError):
    """Raised where the disk refuses out-of-fold predictions, which are known all the same."""


def out_of_fold_name(setting: str, seed: int) -> str:
    """Return what the table of a setting and a seed is called: that of its place, without a fold."""
    return " ".join(filter(None, [setting, f"seed={seed}"]))


def is_out_of_fold(run: Run) -> bool:
    """Return whether a folder holds a study's out-of-fold predictions and was no run of its own."""
    return (run.folder / _MEMBERS_FILE).is_file()


def full_name(run: Run) -> str:
    """Return what no other run of any study is called: its id, or of out-of-fold predictions their study and place."""
    return f"{run.config.study}: {run.config.place}" if is_out_of_fold(run) else run.id


def folder_name(name: str) -> str:
    """Return a name that any folder can have, another one for each: what is changed or cut ends with a digest."""
    plain = re.sub(r"[^\w.=+ -]", "_", name)
    return plain if plain == name and len(name) <= _LONGEST else f"{plain[: _LONGEST - 9]} {crc32(name.encode()):08x}"


def out_of_fold_place(study: Study, setting: str, seed: int) -> Run:
    """Return where the out-of-fold predictions of a setting and a seed are, whether they are there or not."""
    return Run(study.folder / FOLDER / folder_name(out_of_fold_name(setting, seed)))


def out_of_fold_run(study: Study, finished: list[FinishedMember], setting: str, seed: int) -> Run:
    """Return the out-of-fold predictions of a setting and a seed in the form of a run that has test images alone.

    It is written where it is not there yet, is of an older form, or other members have succeeded since. Raises
    `RunError` when none has, `UnwrittenError` when the disk refuses.
    """
    members = [each for each in finished if (each.place.setting, each.place.seed) == (setting, seed)]
    name, run = out_of_fold_name(setting, seed), out_of_fold_place(study, setting, seed)
    ids = [each.run.id for each in members]
    if members and _written_of(run.folder) == (_FORM, ids):
        return run
    predictions = out_of_fold(finished, setting, seed)
    probabilities = probability_columns(predictions.classes)
    table = predictions.table.assign(split="test")
    config = members[0].place.config.model_copy(update={"place": name})
    try:
        make_folder(run.folder.parent)
        with folder_written_whole(run.folder) as unfinished:
            recorded = table[[*_COLUMNS, *probabilities, *_MORE]]
            write_run_form(unfinished, config, table, recorded, _devices(members))
            write_whole(unfinished / METRICS_FILE, _mean_history(members))
            write_whole(unfinished / _MEMBERS_FILE, json.dumps({"form": _FORM, "runs": ids}))
    except OSError as error:
        if members and _written_of(run.folder)[1] == ids:  # of an older form, whose predictions are the same
            return run
        raise UnwrittenError(
            f"the out-of-fold predictions of study {study.name} cannot be written ({error.strerror})"
        ) from None
    return run


def model_of(run: Run, runs: Path) -> Path | None:
    """Return a served model of a run's setting: its own, or, of out-of-fold predictions, the first that a member keeps.

    `runs` is the folder of all runs; None where no model is kept.
    """
    return (
        first_model(Run(runs / name) for name in _written_of(run.folder)[1]) if is_out_of_fold(run) else run.kept_model
    )


def comparable_runs(study: Study, plan: StudyPlan, members: Mapping[str, Run]) -> list[Run]:
    """Return what of a study can be compared: its members, or, where it has folds, its out-of-fold predictions.

    Members of different folds share no test image; the out-of-fold predictions of two settings are of all images.
    Raises `RunError` when a member is damaged.
    """
    if not plan.folds:
        return list(members.values())
    finished = finished_members(plan, members)
    of = dict.fromkeys((each.place.setting, each.place.seed) for each in finished)
    return [out_of_fold_run(study, finished, setting, seed) for setting, seed in of]


def _devices(members: list[FinishedMember]) -> str:
    return DEVICES_JOINED.join(filter(None, dict.fromkeys(each.run.status().device for each in members)))


def _mean_history(members: list[FinishedMember]) -> str:
    """Return the epochs' records as a mean member has them, but seconds that sum up to what the median member took.

    Memory is in each epoch the most that a member took.
    """
    epochs = pd.concat([each.run.history().epochs for each in members])
    by_epoch = epochs.drop(columns=["kind", "time"], errors="ignore").groupby("epoch")
    seconds = by_epoch["seconds"].sum() / epochs["seconds"].sum()
    costs = training_costs([each.run for each in members])
    mean = by_epoch.mean().assign(kind="epoch", seconds=seconds * costs["training_seconds"])
    if costs["memory_bytes"] is not None:
        mean["memory_bytes"] = costs["memory_bytes"]
    return mean.reset_index().astype({"step": int}).to_json(orient="records", lines=True)


def _written_of(folder: Path) -> tuple[int, list[str]]:
    """Return the form of what is written and the runs it was written of; the first form was their list alone."""
    try:
        members = read_json(folder / _MEMBERS_FILE, _LARGEST)
    except FileError:
        return 0, []
    if isinstance(members, list):
        return 1, members
    return (members.get("form", 0), members.get("runs", [])) if isinstance(members, dict) else (0, [])
