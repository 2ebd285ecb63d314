"""A configuration as a command: what it asks for is the configuration again."""

import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from allcore.cli.kit.options import config_from, with_config_options
from allcore.config import TrainConfig, make_config
from allcore.recipe import train_command


def configuration(command: str) -> TrainConfig:
    """Return what the command line makes of a command; a shell joins lines that end with a backslash."""
    app = typer.Typer()
    made = []

    @app.command()
    @with_config_options()
    def train(data: Path = typer.Option(...), *, fields: dict) -> None:  # noqa: B008 - as Typer has it
        made.append(config_from(data, "paper", fields))

    words = shlex.split(command.replace("\\\n", ""))
    assert words[:4] == ["python", "-m", "allcore", "train"]
    result = CliRunner().invoke(app, words[4:])
    assert result.exit_code == 0, result.output
    return made[0]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"image_size": 96, "epochs": 8, "learning_rate": 5e-5, "learning_rate_schedule": "cosine"},
        {"variant": "Original", "early_stopping": 3, "class_weights": "balanced", "head": "gap", "seed": 7},
        {"network": "resnet50", "trainable_to": "conv5"},
        {"split": {"protocol": "grouped", "train": 0.6, "validation": 0.2, "test": 0.2, "seed": 3}},
        {"split": {"protocol": "patient", "groups": "patients.csv"}, "weights": "vgg16.weights.h5"},
        {"augment": {"brightness": (0.5, 1.0), "horizontal_flip": False, "stain_jitter": 0.2, "border": "white"}},
    ],
)
def test_command_asks_for_the_configuration(fields):
    config = make_config(dataset="smears", **fields)
    assert configuration(train_command(config)) == config


def test_papers_configuration_needs_no_option_but_the_split_that_a_datasets_folders_would_take_the_place_of():
    assert train_command(make_config(dataset="smears")) == "python -m allcore train --data smears --split random"


def test_places_are_left_out_and_names_are_quoted():
    config = make_config(dataset="/data/my smears", weights="/data/$(w).weights.h5")
    command = "python -m allcore train --data 'my smears' --weights '$(w).weights.h5' --split random"
    assert train_command(config) == command


def test_long_commands_go_on_over_lines_that_fit():
    config = make_config(
        dataset="smears", image_size=96, learning_rate_schedule="cosine", class_weights="balanced", optimizer="adamw"
    )
    assert all(len(line) <= 92 for line in train_command(config).splitlines())
