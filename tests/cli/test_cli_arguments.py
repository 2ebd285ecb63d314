"""How runs and models are named is said in one text, wherever a command takes one."""

import pytest
from typer.testing import CliRunner

from allcore.cli.main import app

A_RUN = "a run (its id, an unambiguous part of it, its folder, or `latest`)"
A_MODEL = f"{A_RUN}, or an .onnx file (of a released model its name alone)"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        *((name, A_MODEL) for name in ("predict", "evaluate", "probe", "map", "novelty")),
        *((name, A_RUN) for name in ("runs show", "runs delete", "report", "export", "baselines", "runs note")),
    ],
)
def test_help_says_how_a_run_or_a_model_is_named(words, said):
    shown = CliRunner().invoke(app, [*words.split(), "--help"], env={"COLUMNS": "400"}).output
    assert f" {said} " in " ".join(shown.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("study report", "two settings count as the same if two one-sided tests show their accuracies to be less than"),
        ("evaluate", "its train images (with --data, or of the file model.onnx in the run's folder)"),
    ],
)
def test_help_says_on_which_condition_an_option_has_its_effect(words, said):
    shown = CliRunner().invoke(app, [*words.split(), "--help"], env={"COLUMNS": "400"}).output
    assert said in " ".join(shown.split())
