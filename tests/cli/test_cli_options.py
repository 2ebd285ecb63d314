"""Every field of the configuration is an option, with its description and the value that it has by default."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from allcore.cli.kit.options import config_from, presets_help, with_config_options
from allcore.config import TrainConfig, make_config
from allcore.config_fields import config_values
from allcore.config_parts import AugmentConfig, SplitConfig
from allcore.errors import ConfigError
from allcore.paper import READ, STATED
from allcore.presets import PRESETS

# path of the field: what is typed, the value that it becomes, the default as the help shows it
OPTIONS = {
    "variant": ("--variant Segmented", "Segmented", "none"),
    "labels": ("--labels corrected", "corrected", "as_given"),
    "image_size": ("--image-size 96", 96, "300"),
    "epochs": ("--epochs 7", 7, "25"),
    "batch_size": ("--batch-size 16", 16, "32"),
    "learning_rate": ("--learning-rate 0.001", 0.001, "1e-5"),
    "learning_rate_schedule": ("--learning-rate-schedule cosine", "cosine", "constant"),
    "warmup_epochs": ("--warmup-epochs 1", 1, "0"),
    "clip_norm": ("--clip-norm 0.5", 0.5, "none"),
    "optimizer": ("--optimizer sgd", "sgd", "adam"),
    "early_stopping": ("--early-stopping 5", 5, "none"),
    "keep": ("--keep last", "last", "best"),
    "class_weights": ("--class-weights balanced", "balanced", "none"),
    "network": ("--network resnet50", "resnet50", "vgg16"),
    "weights": ("--weights random", "random", "imagenet"),
    "trainable_from": ("--trainable-from block2_conv1", "block2_conv1", "block1_conv1"),
    "trainable_to": ("--trainable-to block5_conv3", "block5_conv3", "block4_conv3"),
    "head": ("--head gap", "gap", "flatten"),
    "dense_units": ("--dense-units 64", 64, "1024"),
    "dropout": ("--dropout 0.5", 0.5, "0.25"),
    "seed": ("--seed 3", 3, "0"),
    "device": ("--device cpu", "cpu", "auto"),
    "devices": ("--devices 2", 2, 1),
    "precision": ("--precision float32", "float32", "auto"),
    "micro_batch_size": ("--micro-batch-size 4", 4, "none"),
    "checkpoint_minutes": ("--checkpoint-minutes 0.5", 0.5, "5"),
    "split.protocol": ("--split grouped", "grouped", "random"),
    "split.train": ("--train-fraction 0.7", 0.7, "0.8"),
    "split.validation": ("--validation-fraction 0.2", 0.2, "0.1"),
    "split.test": ("--test-fraction 0.2", 0.2, "0.1"),
    "split.folds": ("--folds 5", 5, "none"),
    "split.fold": ("--fold 1", 1, "1"),
    "split.seed": ("--split-seed 4", 4, "0"),
    "split.groups": ("--groups patients.csv", "patients.csv", "none"),
    "augment.brightness": ("--brightness 0.5 1.5", (0.5, 1.5), "0.8 to 1.2"),
    "augment.degrees": ("--degrees 45", 45.0, "20"),
    "augment.horizontal_flip": ("--no-horizontal-flip", False, "on"),
    "augment.vertical_flip": ("--no-vertical-flip", False, "on"),
    "augment.border": ("--border white", "white", "reflect"),
    "augment.stain_jitter": ("--stain-jitter 0.1", 0.1, "0"),
    "augment.grey": ("--grey 0.2", 0.2, "0"),
    "augment.hide_scale_bar": ("--hide-scale-bar 0.3", 0.3, "0"),
    "augment.scale": ("--scale 0.8 1.25", (0.8, 1.25), "1 to 1"),
    "augment.transplant": ("--transplant 0.5", 0.5, "0"),
    "augment.plain_field": ("--plain-field 0.1", 0.1, "0"),
    "augment.recolour": ("--recolour 0.4", 0.4, "0"),
    "augment.recolour_strength": ("--recolour-strength 0.9", 0.9, "1"),
}


def fields_of(typed):
    """Return the fields that a command with the configuration's options is given for what was typed."""
    app, given = typer.Typer(), {}

    @app.command()
    @with_config_options()
    def command(fields: dict) -> None:
        given.update(fields)

    result = CliRunner().invoke(app, typed.split())
    assert result.exit_code == 0, result.output
    return given


def description(path):
    group, _, name = path.rpartition(".")
    model = {"": TrainConfig, "split": SplitConfig, "augment": AugmentConfig}[group]
    return model.model_fields[name].description


@pytest.fixture(scope="module")
def train_help():
    """Return the help of `train` as one line, so that no description is broken."""
    from allcore.cli.main import app

    result = CliRunner().invoke(app, ["train", "--help"], env={"COLUMNS": "400"})
    return " ".join(result.output.split())


def test_every_field_is_an_option():
    own = {name for name in TrainConfig.model_fields if name not in ("dataset", "study", "place", "split", "augment")}
    split = {f"split.{name}" for name in SplitConfig.model_fields}
    augment = {f"augment.{name}" for name in AugmentConfig.model_fields}
    assert set(OPTIONS) == own | split | augment


@pytest.mark.parametrize("path", OPTIONS)
def test_option_sets_its_field_and_no_other(path):
    typed, value, _ = OPTIONS[path]
    assert fields_of(typed) == {path: value}


@pytest.mark.parametrize("path", OPTIONS)
def test_help_gives_an_options_description_and_default_and_says_which_is_the_papers(train_help, path):
    typed, _, default = OPTIONS[path]
    said = f"paper: {default}" if path in STATED else f"default: {default}"
    said = f"paper: not stated; read as {default}" if path in READ else said
    assert f"{typed.split()[0].replace('--no-', '--')} " in train_help
    assert f"{description(path)} ({said})" in train_help


def test_help_names_every_preset(train_help):
    assert presets_help() in train_help


def test_nothing_typed_is_the_papers_configuration():
    assert config_from(Path("smears"), "paper", fields_of("")) == make_config(dataset="smears")


def test_what_is_typed_goes_before_the_preset():
    config = config_from(Path("smears"), "quick", {"epochs": 2, "split.seed": 5})
    assert (config.image_size, config.epochs, config.split.seed) == (96, 2, 5)


@pytest.mark.parametrize(
    ("typed", "preset"),
    [
        ("--clip-norm none", "cells"),
        ("--early-stopping none", "quick"),
        ("--folds none --micro-batch-size none", "quick"),
    ],
)
def test_what_may_be_none_can_be_made_so(typed, preset):
    fields = fields_of(typed)
    assert set(fields.values()) == {None}
    values = config_values(config_from(Path("smears"), preset, fields))
    assert all(values[path] is None for path in fields)


def test_a_preset_that_clips_gradients_trains_on_two_devices_without():
    with pytest.raises(ConfigError, match="clip_norm needs the whole batch on one device"):
        config_from(Path("smears"), "cells", fields_of("--devices 2"))
    assert config_from(Path("smears"), "cells", fields_of("--devices 2 --clip-norm none")).devices == 2


@pytest.mark.parametrize(
    ("typed", "said"), [("--clip-norm many", "'many' is neither a valid float nor none"), ("--folds 2.5", "valid int")]
)
def test_what_is_no_number_is_refused(command, smears, typed, said):
    outcome = command("train", "--data", smears, *typed.split())
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


def test_unknown_preset_is_refused():
    with pytest.raises(ConfigError, match=r"preset: unknown \(received 'fast'\); expected one of paper, quick"):
        config_from(Path("smears"), "fast", {})


def test_every_preset_is_named_with_what_it_does():
    said = presets_help().split(" | ")
    for name, preset in zip(PRESETS, said, strict=True):
        config = config_from(Path(), name, {})
        assert preset == f"{name} ({config.image_size} px, {config.epochs} epochs)"


def test_options_change_a_preset_for_one_command_alone():
    for transplant in (0.3, None):
        fields = {} if transplant is None else {"augment.transplant": transplant}
        config = config_from(Path("smears"), "cells", fields)
        assert config.augment.transplant == (transplant or 0.5)
        assert (config.augment.recolour, config.warmup_epochs) == (0.5, 2)
