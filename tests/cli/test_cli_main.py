"""What holds for every command: exit status, where output goes, what is imported."""

import errno
import os
import subprocess
import sys
from io import StringIO

import pytest
import typer
from rich.console import Console

from allcore.cli import main
from allcore.cli.kit.output import progress_bar
from allcore.cli.main import app
from allcore.installation import PROJECT

EVERYTHING = typer.main.get_command(app)


def groups(group, *before):
    """Yield every group of commands by the words that lead to it, however deep it lies."""
    yield " ".join(before), group
    for name, each in group.commands.items():
        if hasattr(each, "commands"):
            yield from groups(each, *before, name)


GROUPS = dict(groups(EVERYTHING))
INTERNAL = {"worker", "study-runner", "measure", "follow"}  # ALLscope calls these itself
BAD_INPUT = [
    (["nonsense"], "No such command 'nonsense'; see"),
    (["dataset"], "Missing command; see"),
    (["train"], "Missing option '--data'; see"),
    (["train", "--data", "x", "--epochs", "many"], "'--epochs': 'many' is not a valid int"),
    (["train", "--data", "nowhere"], "no dataset at 'nowhere'"),
    (["runs", "show", "nothing"], "there is no run 'nothing'"),
    (["evaluate", "nothing"], "there is no run 'nothing'"),
    (["evaluate", "vgg16-150px"], "the released model is vgg16-150px.onnx"),
    (["predict", "missing.onnx", "image.png"], "missing.onnx cannot be used: it does not exist"),
    (["export", "nothing"], "there is no run 'nothing'"),
    (["dataset", "info", "nowhere"], "no dataset at 'nowhere'"),
    (["dataset", "audit", "nowhere"], "no dataset at 'nowhere'"),
    (["dataset", "fetch", "zip", "missing.zip"], "there is no such file"),
]


@pytest.mark.parametrize("group", GROUPS)
def test_help_names_every_command_and_says_what_it_does(command, group):
    outcome = command(*group.split(), "--help")
    assert outcome.code == 0
    shown = " ".join(outcome.out.replace("│", " ").split())
    for name, each in GROUPS[group].commands.items():
        if name not in INTERNAL:
            assert each.help
            assert f" {name} {each.get_short_help_str(1000)}" in shown


@pytest.mark.parametrize("group", GROUPS)
def test_help_of_every_command_can_be_had(command, group):
    for name in GROUPS[group].commands:
        assert command(*group.split(), name, "--help").code == 0, name


def test_without_arguments_the_help_is_shown(command):
    assert command() == command("--help")


@pytest.mark.parametrize(("arguments", "message"), BAD_INPUT, ids=lambda value: " ".join(value)[:40])
def test_bad_input_is_one_line_on_standard_error_and_exit_status_2(command, arguments, message):
    outcome = command(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: ")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


def test_bad_input_is_one_line_and_exit_status_2_of_the_process_too(process, tmp_path):
    outcome = process(tmp_path, "dataset", "info", tmp_path / "nowhere")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: no dataset at")
    assert outcome.err.count("\n") == 1


BROKEN = "import allcore.workspace; allcore.workspace.open_workspace = None; import allcore.cli.main as m; m.main()"


def test_fault_is_one_line_on_standard_error_and_exit_status_1(process, tmp_path):
    outcome = process(tmp_path, "runs", "list", code=BROKEN)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("fault: TypeError: ")
    assert outcome.err.count("\n") == 1


def test_fault_shows_where_when_asked(process, tmp_path):
    assert "Traceback" in process(tmp_path, "runs", "list", code=BROKEN, ALLCORE_DEBUG="1").err


def test_reader_that_goes_away_is_no_fault(start, tmp_path):
    with start(tmp_path, "--help") as child:
        child.stdout.close()
        assert "Traceback" not in (said := child.stderr.read())
        assert "fault" not in said
    assert child.returncode != 0


@pytest.mark.process
@pytest.mark.parametrize("arguments", [["tradeoff", "--example"], ["--help"]])
def test_output_that_nobody_reads_any_more_ends_the_command_quietly(tmp_path, arguments):
    reader, writer = os.pipe()
    os.close(reader)
    environment = {**os.environ, "ALLCORE_WORKSPACE": str(tmp_path)}
    asked = [sys.executable, "-m", "allcore", *arguments]
    done = subprocess.run(asked, cwd=PROJECT, env=environment, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_the_home_folder_is_found_where_the_shell_leaves_it_to_the_program(command, smears, monkeypatch):
    monkeypatch.setenv("HOME", str(smears.parent))
    assert command("dataset", "info", f"~/{smears.name}").out == command("dataset", "info", smears).out
    assert f"no dataset at '{smears.parent / 'none'}'" in command("train", "--data=~/none").err


def test_what_may_not_be_written_is_bad_input(command, monkeypatch):
    def forbidden(*_):
        raise PermissionError(errno.EACCES, "Permission denied", "/locked/runs")

    monkeypatch.setattr("allcore.runs.listing.run_names", forbidden)
    outcome = command("runs", "list")
    assert outcome.code == 2
    assert outcome.err.startswith("error: /locked/runs: access is not permitted (Permission denied); change the perm")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "the disk is full (No space left on device); free some space"),
        (
            errno.EDQUOT,
            "your quota on the disk is used up (Disk quota exceeded); free some space of your own",
        ),
        (errno.EROFS, "the disk is read-only (Read-only file system); make it writable, or move the workspace"),
        (
            errno.EIO,
            "the disk is failing (Input/output error); have it checked, or move the workspace (ALLCORE_WORKSPACE) to",
        ),
        (errno.ESTALE, "the disk is gone (Stale file handle); connect it again, or move the workspace"),
    ],
)
def test_a_disk_that_refuses_is_named_with_what_to_do(command, monkeypatch, number, said):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("allcore.runs.listing.run_names", refuse)
    outcome = command("runs", "list")
    assert outcome.code == 2
    assert outcome.err.startswith(f"error: {said}")


def test_a_command_that_needs_tensorflow_says_how_to_add_it(command, monkeypatch, smears):
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # as where it is not installed
    outcome = command("train", "--data", smears, "--weights", "random")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error: training needs tensorflow, which is not installed; add it with: pip install -r requirements.txt\n"
    )


def test_the_app_is_started_with_streamlits_own_options(command, monkeypatch):
    started = []
    monkeypatch.setattr(os, "execv", lambda file, words: started.append(words))
    assert command("app", "--server.port", "8600").code == 0
    ((_, *words),) = started
    assert words == ["-m", "streamlit", "run", str(PROJECT / "streamlit_app.py"), "--server.port", "8600"]


@pytest.mark.parametrize(("settings", "told"), [(".streamlit/config.toml", True), (".streamlit/secrets.toml", False)])
def test_whose_own_settings_have_no_effect_is_told_so(command, monkeypatch, tmp_path, settings, told):
    monkeypatch.setattr(os, "execv", lambda file, words: None)
    monkeypatch.chdir(PROJECT)
    assert command("app").err == ""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / settings).touch()
    assert ("give options instead, such as --server.allowedHosts HOST" in command("app").err) == told


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ModuleNotFoundError("No module named 'elsewhere'", name="elsewhere"), 1, "fault: ModuleNotFoundError"),
        (ModuleNotFoundError("No module named 'keras'", name="keras"), 2, "error: No module named 'keras'"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "error: "),
        (ValueError("of ours"), 1, "fault: ValueError: of ours (ALLCORE_DEBUG=1 shows where)"),
    ],
)
def test_what_ends_a_command_is_one_line_and_a_status(monkeypatch, capsys, error, status, said):
    def end(*arguments, **options):
        raise error

    monkeypatch.setattr(main, "app", end)
    with pytest.raises(SystemExit) as ended:
        main.main()
    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.code == status
    assert line.startswith(said)


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (KeyboardInterrupt(), 130, ""),
        (EOFError("it ends early"), 1, "fault: EOFError: it ends early (ALLCORE_DEBUG=1 shows where)"),
    ],
)
def test_ctrl_c_ends_a_command_silently_and_a_file_that_ends_is_named(command, monkeypatch, error, status, said):
    def end(*_):
        raise error

    monkeypatch.setattr("allcore.runs.listing.run_names", end)
    outcome = command("runs", "list")
    assert (outcome.code, outcome.out, outcome.err.strip()) == (status, "", said)


def test_a_bar_is_drawn_on_a_terminal_alone(monkeypatch):
    drawn = StringIO()
    monkeypatch.setattr("allcore.cli.kit.output.terminal", lambda: Console(file=drawn, force_terminal=True))
    for shown in (False, True):
        monkeypatch.setattr("sys.stderr.isatty", lambda shown=shown: shown)
        with progress_bar("reading images") as progress:
            progress(3, 10)
        assert ("reading images" in drawn.getvalue()) is shown


LONG = "a" * 300


@pytest.mark.parametrize(
    "arguments",
    [
        ("runs", "show", f"/{LONG}"), ("dataset", "show", LONG), ("predict", f"{LONG}.onnx", "1.png"),
        ("predict", f"/{LONG}", "1.png"), ("predict", "vgg16-150px.onnx", LONG),
    ],
    ids=["run", "dataset", "model", "model's run", "image"],
)  # fmt: skip
def test_a_name_that_is_too_long_for_a_file_is_bad_input(command, arguments):
    outcome = command(*arguments)
    assert outcome.code == 2
    assert "fault" not in outcome.err
