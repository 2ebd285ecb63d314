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

from allcore.cli import dataset, evaluate, export, labels, novelty, predict, probe, report, runs, tradeoff, train
from allcore.cli.output import print_what_the_terminal_has, say
from allcore.errors import InputError

app = typer.Typer(
    help="ALLscope: the modified VGG16 on blood smears, and what its scores are worth. Research and education only.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(dataset.app, name="dataset")
app.add_typer(runs.app, name="runs")
app.command("train")(train.train)
app.command("sweep")(train.sweep)
app.command("evaluate")(evaluate.evaluate)
app.command("predict")(predict.predict)
app.command("probe")(probe.probe)
app.command("labels")(labels.labels)
app.command("novelty")(novelty.novelty)
app.command("export")(export.export)
app.command("report")(report.report)
app.command("tradeoff")(tradeoff.tradeoff)


@app.command("worker", hidden=True)
def worker(folder: Annotated[Path, typer.Argument(help="the run's folder")]) -> None:
    """Carry out the run in a folder; the app and `train` start this."""
    from allcore.training.worker import run_worker

    raise typer.Exit(run_worker(folder.resolve()))


@app.command("measure", hidden=True)
def measure(config: Annotated[Path, typer.Argument(help="a configuration as JSON")]) -> None:
    """Time a few training steps and print the result as JSON; the app starts this."""
    from allcore.config import read_config
    from allcore.training.measure import measure_steps

    say(measure_steps(read_config(config)).to_json())


def main() -> None:
    """Run the command line and exit."""
    print_what_the_terminal_has()
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], standalone_mode=False))
    except typer.TyperException as error:  # an option or argument that is not as declared
        context = getattr(error, "ctx", None)
        more = f"; see {context.command_path} --help" if context else ""
        _complain("error", error.format_message().rstrip(".") + more)
        sys.exit(2)
    except InputError as error:
        _complain("error", str(error))
        sys.exit(2)
    except Exception as error:
        if os.environ.get("ALLCORE_DEBUG"):
            traceback.print_exc()
        _complain("fault", f"{type(error).__name__}: {error} (ALLCORE_DEBUG=1 shows where)")
        sys.exit(1)


def _complain(kind: str, message: str) -> None:
    """Print one line, whatever an exception's text holds."""
    say(f"{kind}: {' '.join(message.split())}", err=True)
