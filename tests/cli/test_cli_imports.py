"""What commands import: no more than they need, since it is what they wait for."""

from __future__ import annotations

import json
import os

import pytest

from allcore.runs.folder.store import RunStore
from tests.copies import copy_without_models

HEAVY = {
    "tensorflow", "keras", "pandas", "pyarrow", "scipy", "sklearn", "onnx", "onnxruntime", "numpy", "cv2", "PIL",
    "rich.console", "rich.progress",
}  # fmt: skip


CALLED_IN_TURN = """
import json, sys
from allcore.cli.main import main
imported = {}
for arguments in json.loads(sys.argv.pop()):
    if arguments[:2] == ["dataset", "audit"]:
        from allcore.evaluation.shortcuts import registry
        registry.TREES = 30
    sys.argv[1:] = arguments
    try:
        main()
    except SystemExit as ended:
        assert not ended.code, arguments
    imported[" ".join(arguments[:2])] = list(sys.modules)
print(json.dumps(imported), file=sys.stderr)
"""


def imported_by(process, workspace, *calls):
    """Return what each command had brought in when it ended, called one after another in one fresh process."""
    outcome = process(workspace, json.dumps(calls), code=CALLED_IN_TURN)
    return {call: set(modules) for call, modules in json.loads(outcome.err.splitlines()[-1]).items()}


def test_help_and_a_list_of_runs_that_wait_start_without_the_heavy_libraries(process, finished_run, tmp_path):
    RunStore(tmp_path / "runs").create(finished_run.config, finished_run.split)
    found = imported_by(process, tmp_path, ["runs", "list"], ["--help"])
    assert (found["runs list"] & HEAVY, found["--help"] & HEAVY) == (set(), {"rich.console"})


def test_the_list_of_commands_is_shown_without_any_of_them(process, tmp_path):
    imported = imported_by(process, tmp_path, ["--help"])["--help"]
    assert not imported & {
        "allcore.config",
        "pydantic",
        *(f"allcore.cli.{name}" for name in ("train", "study", "runs")),
    }


def test_a_list_of_runs_that_were_listed_before_reads_none(process, finished_run, tmp_path):
    copied = copy_without_models(finished_run, tmp_path / "runs" / finished_run.id).folder
    for path in (copied, *copied.rglob("*")):
        os.utime(path, (path.stat().st_mtime - 3600,) * 2)
    first, second = (imported_by(process, tmp_path, ["runs", "list"])["runs list"] for _ in range(2))
    assert "allcore.runs.summarize" in first
    assert {"allcore.runs.summarize", "allcore.config", "filelock", "psutil"} & second == set()


@pytest.fixture(scope="module")
def imported(process, finished, finished_run, smears, tmp_path_factory):
    """Return which modules each command needed, or one before it."""
    copy = tmp_path_factory.mktemp("exported") / "model.onnx"
    image = next((smears / "Pro").iterdir())
    calls = [
        ["predict", "vgg16-150px.onnx", str(image)],
        ["predict", "latest", str(image)],
        ["runs", "list"],
        ["runs", "show", "latest"],
        ["dataset", "list"],
        ["dataset", "info", str(smears)],
        ["dataset", "audit", str(smears)],
        ["evaluate", "latest"],
        ["evaluate", str(finished_run.folder / "model.onnx")],
        ["export", "latest", "--output", str(copy)],
    ]
    return imported_by(process, finished.workspace.root, *calls)


def test_no_command_but_training_brings_in_tensorflow(imported):
    assert len(imported) == 10
    assert set.union(*imported.values()) & {"tensorflow", "keras"} == set()


def test_an_image_is_predicted_and_a_run_shown_without_the_libraries_of_evaluation(imported):
    assert imported["predict latest"] & HEAVY == {"onnxruntime", "numpy", "cv2", "PIL"}
    assert imported["runs show"] & {"scipy", "sklearn"} == set()


def test_a_model_file_is_asked_without_what_runs_and_their_configurations_need(imported):
    needed = imported["predict vgg16-150px.onnx"]
    assert needed & {"allcore.config", "allcore.workspace", "allcore.runs.folder.store", "filelock", "psutil"} == set()
