"""A configuration as the command that asks for it."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from allcore.config import TrainConfig
from allcore.config_fields import config_fields, config_values

_NAMES = {
    "split.protocol": "--split",
    "split.train": "--train-fraction",
    "split.validation": "--validation-fraction",
    "split.test": "--test-fraction",
    "split.folds": "--folds",
    "split.fold": "--fold",
    "split.seed": "--split-seed",
    "split.groups": "--groups",
}
_NOT_OPTIONS = {"dataset", "study", "place"}
FILES = {"weights", "split.groups"}
"""The fields whose values are files; a file is passed on by its name alone."""
_ALWAYS_SAID = {"split.protocol"}
"""Without it, a dataset whose folders make a split is divided by them and not by the protocol that is the default."""
_COLUMNS = 88


def option_name(path: str) -> str:
    """Return the command line's option for a field of `TrainConfig`, given by its path (`split.seed`)."""
    return _NAMES.get(path, "--" + path.removeprefix("augment.").replace(".", "-").replace("_", "-"))


def train_command(config: TrainConfig) -> str:
    """Return the command that trains by `config`, for a shell: the split, and what departs from the defaults.

    Folders and files stand with their names alone, for where they lie is another place on another machine. A long
    command goes on over several lines.
    """
    return command_of(config, "train")


def command_of(
    config: TrainConfig, command: str, more: Sequence[Sequence[str]] = (), without: Collection[str] = ()
) -> str:
    """Return a command that takes the options of `train`, as `train_command` does.

    `more` are further options, the first after the dataset; `without` names fields, by their paths, that it says
    otherwise.
    """
    lines = [f"python -m allcore {command} {shlex.join(['--data', Path(config.dataset).name])}"]
    departures = (
        _option(path, Path(value).name if path in FILES else value)
        for path, value in _departures(config)
        if path not in without
    )
    for words in (*more, *departures):
        option = shlex.join(words)
        if len(lines[-1]) + len(option) < _COLUMNS:
            lines[-1] += f" {option}"
        else:
            lines.append(f"    {option}")
    return " \\\n".join(lines)


def _departures(config: TrainConfig) -> Iterator[tuple[str, Any]]:
    fields, values = config_fields(), config_values(config)
    for path in sorted(fields, key=lambda path: "." in path):
        if path in _ALWAYS_SAID or (path not in _NOT_OPTIONS and values[path] not in (fields[path].default, "")):
            yield path, values[path]


def _option(path: str, value: Any) -> list[str]:  # noqa: ANN401 - whatever type a field has
    name = option_name(path)
    if isinstance(value, bool):
        return [name if value else f"--no-{name.removeprefix('--')}"]
    return [name, *(map(str, value) if isinstance(value, tuple) else [str(value)])]
