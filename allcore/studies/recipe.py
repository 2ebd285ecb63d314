"""A study's plan as it is passed on: the command that makes it, and its varied values without where files lie."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from allcore.config_fields import config_values
from allcore.recipe import FILES, command_of
from allcore.studies.plan import Place, StudyPlan, value_text


def study_command(plan: StudyPlan) -> str:
    """Return the command that makes a study of this plan, as `train_command` does for a run."""
    every = tuple(range(1, (plan.config.split.folds or 0) + 1))
    more = [["--name", plan.name]]
    more += [
        ["--vary", f"{path}={','.join(_typed(plan, path, value) for value in values)}"]
        for path, values in plan.vary.items()
    ]
    more += [["--seeds", ",".join(map(str, plan.seeds))]]
    more += [["--only-folds", ",".join(map(str, plan.folds))]] if plan.folds != every else []
    more += [] if plan.keep_models else [["--no-keep-models"]]
    return command_of(plan.config, "study run", more, plan.of_places)


def shown_value(plan: StudyPlan, path: str, value: object) -> str:
    """Return a value of a varied field as `value_text` does, a file by its name alone.

    Where files of the field have one name, the folders before it that tell them apart stand there too.
    """
    shown = value_text(value)
    return _by_name(shown, [value_text(other) for other in plan.vary[path]]) if path in FILES else shown


def shown_values(plan: StudyPlan, place: Place, paths: Sequence[str]) -> list[str]:
    """Return what a member has of some of the varied fields, each as `image_size=64`."""
    values = config_values(place.config)
    return [f"{path}={shown_value(plan, path, values[path])}" for path in paths]


def shown_place(plan: StudyPlan, place: Place) -> str:
    """Return the name of a place with `shown_values`."""
    return " ".join(shown_values(plan, place, list(plan.vary))) + place.name.removeprefix(place.setting)


def _by_name(file: str, files: Sequence[str]) -> str:
    for count in range(1, len(Path(file).parts)):
        name = _end(file, count)
        if [_end(other, count) for other in files].count(name) <= 1:
            return name
    return file


def _end(file: str, count: int) -> str:
    return str(Path(*Path(file).parts[-count:]))


def _typed(plan: StudyPlan, path: str, value: object) -> str:
    """Return a varied value as `parse_vary` reads it."""
    if isinstance(value, tuple | list):
        return " ".join(map(value_text, value))
    return shown_value(plan, path, value)
