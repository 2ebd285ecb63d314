"""The command line's commands, and what becomes of their errors.

Exit status: 0 done; 2 bad input (one line on standard error); 1 a fault, or not done: a run or study that failed or
was stopped, a deletion that was not confirmed, an MLflow server that did not take everything;
130 when Ctrl-C ended it, silently, but where a run or study is followed, which it stops (1) or leaves going on (0);
141 when whoever read the output has gone, as in `| head`. (Shells give 130 and 141 to their own tools.) A command is
imported when it is called, and imports what it needs when it runs, so that each starts as fast as it can.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from threading import Thread
from typing import Annotated, NoReturn

import typer

from allcore.cli.commands import Commands
from allcore.cli.kit.output import print_what_the_terminal_has, say
from allcore.errors import InputError
from allcore.refusals import refusal, what_went_wrong

_UNREAD = 141
"""Exit status where whoever read the output has gone."""

app = typer.Typer(
    cls=Commands,
    help="ALLscope: the modified VGG16 on blood smears, and what its scores are worth. Research and education only.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command("worker", hidden=True)
def worker(
    folder: Annotated[Path, typer.Argument(help="the run's folder")],
    launch: Annotated[int | None, typer.Option("--launch", help="the number of the launch that started this")] = None,
) -> None:
    """Carry out the run in a folder; the app and `train` start this."""
    from allcore.training.worker import run_worker

    raise typer.Exit(run_worker(folder.resolve(), launch))


@app.command("study-runner", hidden=True)
def study_runner(
    folder: Annotated[Path, typer.Argument(help="the study's folder")],
    launch: Annotated[int | None, typer.Option("--launch", help="the number of the launch that started this")] = None,
) -> None:
    """Carry out the study in a folder; the app and `study run` start this."""
    from allcore.runs.execution.choose_executor import open_executor
    from allcore.studies.runner import run_study
    from allcore.workspace import open_workspace

    raise typer.Exit(run_study(folder.resolve(), open_executor(open_workspace()), launch))


@app.command("measure", hidden=True)
def measure(config: Annotated[Path, typer.Argument(help="a configuration as JSON")]) -> None:
    """Time a few training steps and print the result as JSON; it ends when its standard input does.

    The app starts this, and holds the other end for as long as the result is wanted.
    """
    from allcore.config import read_config
    from allcore.training.measure import measure_steps

    Thread(target=_end_with_standard_input, daemon=True).start()
    say(measure_steps(read_config(config)).to_json())


def _end_with_standard_input() -> None:
    while os.read(0, 1):  # not through sys.stdin, which Python could not close at its end while a thread reads
        pass
    os._exit(1)


def main() -> None:
    """Run the command line and exit."""
    print_what_the_terminal_has()
    try:
        status = app([_at_home(word) for word in sys.argv[1:]] or ["--help"], standalone_mode=False)
        sys.stdout.flush()
        sys.exit(status)
    except BrokenPipeError:
        _end_unread()
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # Typer's and rich's answer to it is status 1
            _end_unread()
        raise
    except typer.TyperException as error:  # an option or argument that is not as declared
        context = getattr(error, "ctx", None)
        more = f"; see {context.command_path} --help" if context else ""
        _complain("error", error.format_message().rstrip(".") + more)
        sys.exit(2)
    except InputError as error:
        _complain("error", str(error))
        sys.exit(2)
    except ModuleNotFoundError as error:
        from allcore.runs.execution.preflight import TRAINING_PACKAGES, training_missing

        if error.name not in TRAINING_PACKAGES:
            _fault(error)
        _complain("error", training_missing() or str(error))  # it may be installed by now
        sys.exit(2)
    except OSError as error:
        if refusal(error) is None:
            _fault(error)
        _complain("error", what_went_wrong(error))
        sys.exit(2)
    except typer.Abort as error:  # Typer's answer to an EOFError
        _fault(error.__cause__ or error)
    except Exception as error:
        _fault(error)


def _at_home(word: str) -> str:
    """Return a word of the command line with its `~`, alone or after an option's `=`, as the home folder.

    A shell leaves one that is quoted, or stands after an `=`.
    """
    option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    return f"{option}{equals}{os.path.expanduser(value)}"  # noqa: PTH111 - Path's own raises where there is no home


def _end_unread() -> NoReturn:
    """End quietly; what is still to be written at the end goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(_UNREAD)


def _fault(error: BaseException) -> NoReturn:
    if os.environ.get("ALLCORE_DEBUG"):
        traceback.print_exc()
    _complain("fault", f"{type(error).__name__}: {error} (ALLCORE_DEBUG=1 shows where)")
    sys.exit(1)


def _complain(kind: str, message: str) -> None:
    """Print one line, whatever an exception's text holds."""
    say(f"{kind}: {' '.join(message.split())}", err=True)
