"""The commands by their names. A command's module is imported when it is called, and to list them all none is."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

_COMMANDS: Final = {
    "dataset": (
        "dataset.group",
        "Datasets: list, show, rename, delete, inspect, count cells, get, draw, audit, judge labels.",
    ),
    "runs": ("runs.group", "Runs: list, show, compare, name, note, tag, hide, watch, stop, resume, delete, prune."),
    "study": ("study.group", "Studies: one configuration over folds, seeds and any setting, as one piece of work."),
    "app": ("start", "Start the app in your browser; options are Streamlit's, such as --server.port 8600."),
    "train": (
        "train",
        "Train a network in a worker process and show how it goes; the defaults are the paper's modified VGG16.",
    ),
    "evaluate": (
        "evaluate",
        "Score a model on the test split of its run, or on any labelled folder; with --against, compare two.",
    ),
    "baselines": (
        "baselines",
        "Compare a run with the shortcut baselines and, if asked, with hybrids of frozen features, on the same images.",
    ),
    "predict": ("predict", "Predict images; a file that cannot be read is named with the reason and the others go on."),
    "probe": (
        "probe",
        "Score a model on its test images as they are and without the field, the cells, colour, scale bar, and more.",
    ),
    "map": (
        "image_map",
        "Map images by a model's features, and say how often an image's nearest ones have its class and its stain.",
    ),
    "labels": (
        "labels",
        "List suspicious labels: those that runs, or a cross-validated colour classifier, contradict on unseen images.",
    ),
    "novelty": (
        "novelty",
        "Measure how well novelty separates other images, say of another laboratory, from the model's own test images.",
    ),
    "export": ("export", "Write a run's model in another form, and check that it predicts the same for ten images."),
    "report": (
        "report",
        "Write a run's report as one HTML file in the order of the CLAIM checklist, or its model card as Markdown.",
    ),
    "tradeoff": (
        "tradeoff",
        "Print accuracy, training time, time for one image, memory and parameters of runs, and which of them differ.",
    ),
    "mlflow": ("mlflow", "MLflow: mirror runs to the server that MLFLOW_TRACKING_URI names."),
    "augment": (
        "augment",
        "Write what each epoch makes of images: of a dataset by any settings, or of a run as its network saw them.",
    ),
    "benchmark": (
        "benchmark",
        "Measure ALLscope against what people use today: [NAME ...] [--data DIR] [--drawn N] [--rounds N] [--json] "
        "[--list].",
    ),
}
"""The module of each command, and its line of help.

A module holds a group of commands, `app`, or one as a function of the module's own name.
"""
_PASSES_ON: Final = ("app", "benchmark")
"""What takes options that it hands to another program as they are."""


class Commands(TyperGroup):
    """The group of all commands: those of `_COMMANDS`, and after them those that it was given."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - whatever Typer makes a group of
        super().__init__(**given)
        listed: dict[str, Any] = {name: _Listed(name, line) for name, (_, line) in _COMMANDS.items()}
        self.commands = {**listed, **self.commands}


class _Listed:
    """A command with what a list of commands shows of it; for whatever else is asked of it, it is imported."""

    hidden = deprecated = False
    short_help = rich_help_panel = None

    def __init__(self, name: str, line: str) -> None:
        self.name, self.help = name, line

    def __getattr__(self, asked: str) -> Any:  # noqa: ANN401 - of a command, whose type Typer keeps to itself
        return getattr(_imported(self.name), asked)


@cache
def _imported(name: str) -> Any:  # noqa: ANN401
    """Return the command of a module."""
    of, line = _COMMANDS[name]
    module = import_module(f"allcore.cli.{of}")
    alone = typer.Typer()
    alone.callback()(lambda: None)  # what keeps a single command of a Typer from being taken for all of it
    if hasattr(module, "app"):
        alone.add_typer(module.app, name=name, help=line)
    else:
        more = {"allow_extra_args": True, "ignore_unknown_options": True} if name in _PASSES_ON else {}
        alone.command(name, help=line, context_settings=more)(getattr(module, of))
    return typer.main.get_group(alone).commands[name]
