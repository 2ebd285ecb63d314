"""The command line's commands, and what becomes of their errors.

Exit status: 0 done, 2 bad input (one line on standard error), 1 a fault. Commands import what they need when they run,
so that each starts as fast as it can.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from allcore.cli import dataset, evaluate, export, predict, runs, train
from allcore.errors import InputError

app = typer.Typer(
    help="ALLscope: the modified VGG16 on blood smears, and what its scores are worth. Research and education only.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(dataset.app, name="dataset")
app.add_typer(runs.app, name="runs")
app.command("train")(train.train)
app.command("sweep")(train.sweep)
app.command("evaluate")(evaluate.evaluate)
app.command("predict")(predict.predict)
app.command("export")(export.export)


@app.command("worker", hidden=True)
def worker(folder: Annotated[Path, typer.Argument(help="the run's folder")]) -> None:
    """Carry out the run in a folder; the app and `train` start this."""
    from allcore.training.worker import run_worker

    raise typer.Exit(run_worker(folder.resolve()))


def main() -> None:
    """Run the command line and exit."""
    try:
        app()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("ALLCORE_DEBUG"):
            traceback.print_exc()
        print(f"fault: {type(error).__name__}: {error} (ALLCORE_DEBUG=1 shows where)", file=sys.stderr)
        sys.exit(1)
