"""How runs and models are named is said in one text, wherever a command takes one."""

import pytest
from typer.testing import CliRunner

from allcore.cli.main import app

A_RUN = "a run (its id, an unambiguous part of it, its folder, or `latest`)"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        *((name, f"{A_RUN}, or an .onnx file") for name in ("predict", "evaluate", "probe", "map", "novelty")),
        *((name, A_RUN) for name in ("runs show", "runs delete", "report", "export", "baselines", "runs note")),
    ],
)
def test_help_says_how_a_run_or_a_model_is_named(words, said):
    shown = CliRunner().invoke(app, [*words.split(), "--help"], env={"COLUMNS": "400"}).output
    assert f" {said} " in " ".join(shown.split())
