"""What `pip install` brings: the files of the wheel, the declared packages, and one sentence where training is not."""

import ast
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from allcore import __version__
from allcore.config import make_config
from allcore.errors import InputError
from allcore.inference.model_file import named_model_file
from allcore.installation import PROJECT
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.measure import measure
from allcore.workspace import Workspace, open_workspace

DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {"serve", "train", "gpu", "cluster", "sign-in", "benchmarks", "dev"}
INSTALLED = packages_distributions()
TRAINING_FOLDERS = ("allcore/model", "allcore/training")
AS_INSTALLED = """
import importlib.abc, json, sys

class NotInstalled(importlib.abc.MetaPathFinder):
    lacking = set(json.loads(sys.argv.pop(1)))

    def find_spec(self, name, path=None, target=None):
        if name in self.lacking:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NotInstalled())
from allcore.cli.main import main
main()
"""
"""The wheel's command with the packages alone that it brings: no others can be imported."""


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(each).name) for each in requirements}


def imported(file: Path) -> set[str]:
    """Return the packages that a file imports, at its top or later, by the names under which they are installed."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.split(".")[0])
    foreign = found - sys.stdlib_module_names - {"allcore", "pages"}
    return {canonicalize_name(INSTALLED[name][0]) if name in INSTALLED else name for name in foreign}


def brought(requirements: list[str]) -> set[str]:
    """Return the names of the packages that requirements bring, of those that these need in turn too."""
    wanted = [(Requirement(each), "") for each in requirements]
    found: set[tuple[str, str]] = set()
    while wanted:
        requirement, extra = wanted.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for each in {"", *requirement.extras}:
            if (name, each) not in found:
                found.add((name, each))
                with suppress(PackageNotFoundError):  # of another system
                    wanted += [(Requirement(needed), each) for needed in requires(name) or []]
    return {name for name, _ in found}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    (file,) = WheelBuilder(str(PROJECT)).build(directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"])
    return zipfile.ZipFile(file)


@pytest.mark.parametrize("folder", ["allcore", "pages"])
def test_every_package_that_is_imported_is_declared(folder):
    default, training = names(DECLARED["dependencies"]), names(DECLARED["optional-dependencies"]["train"])
    for file in (PROJECT / folder).rglob("*.py"):
        path = file.relative_to(PROJECT).as_posix()
        allowed = default | training if path.startswith(TRAINING_FOLDERS) else default
        assert imported(file) <= allowed, path


@pytest.mark.slow
def test_the_wheel_holds_the_core_and_the_app_and_nothing_else(wheel):
    held = set(wheel.namelist())
    for source, target in {"allcore": "allcore", "pages": "allscope/pages", "models": "allscope/models"}.items():
        for file in (PROJECT / source).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                assert f"{target}/{file.relative_to(PROJECT / source).as_posix()}" in held
    assert {"allscope/streamlit_app.py", "allscope/.streamlit/config.toml"} <= held
    assert {name.split("/")[0] for name in held} == {"allcore", "allscope", f"allscope-{__version__}.dist-info"}
    assert not [name for name in held if name.endswith(".pyc")]


def test_the_wheel_needs_tensorflow_for_training_alone(wheel):
    (metadata,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    lines = wheel.read(metadata).decode().splitlines()
    needed = [Requirement(line.partition(": ")[2]) for line in lines if line.startswith("Requires-Dist: ")]
    by_default = {each.name for each in needed if each.marker is None}
    assert {"streamlit", "onnxruntime"} <= by_default
    assert not by_default & {"tensorflow", "keras", "onnx", "h5py", "tensorboard"}
    assert set(DECLARED["optional-dependencies"]) == EXTRAS


def test_every_extra_is_named_where_installing_is_told():
    told = (PROJECT / "docs/first-steps.md").read_text(encoding="utf-8")
    assert [extra for extra in sorted(EXTRAS) if f"`{extra}`" not in told and f"'.[{extra}]'" not in told] == []


def test_the_extra_for_clusters_brings_the_ray_that_runs_are_tried_on():
    lines = (PROJECT / "requirements-cluster.txt").read_text(encoding="utf-8").splitlines()
    tried = [Requirement(found) for line in lines if (found := line.partition("#")[0].strip())]
    assert tried == [Requirement(each) for each in DECLARED["optional-dependencies"]["cluster"]]


def test_the_wheel_brings_the_command(wheel):
    (entries,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    assert "allscope = allcore.cli.main:main" in wheel.read(entries).decode()


@pytest.mark.slow
def test_what_is_installed_by_default_predicts_without_tensorflow(wheel, smears, tmp_path):
    wheel.extractall(tmp_path / "installed")
    by_default = brought(DECLARED["dependencies"])
    lacking = [name for name, by in INSTALLED.items() if not {canonicalize_name(each) for each in by} & by_default]
    assert {"tensorflow", "keras", "h5py", "tensorboard", "pytest"} <= set(lacking)
    image = next(smears.rglob("*.jpg"))
    done = subprocess.run(
        [sys.executable, "-c", AS_INSTALLED, json.dumps(lacking), "predict", "vgg16-150px.onnx", str(image), "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (answer,) = json.loads(done.stdout)
    assert answer["label"] in answer["probabilities"]


@pytest.mark.parametrize("lacking", ["tensorflow", "h5py"])
def test_without_tensorflow_training_is_refused_in_one_sentence_before_anything_is_written(
    lacking, monkeypatch, tmp_path
):
    monkeypatch.setitem(sys.modules, lacking, None)  # as where it is not installed
    workspace, config = Workspace(tmp_path / "workspace"), make_config(dataset=str(tmp_path), weights="random")
    sentence = f"training needs {lacking}, which is not installed; add it with: pip install -r requirements.txt"
    for ask in (lambda: LocalExecutor(workspace).submit(config), lambda: measure(config, workspace)):
        with pytest.raises(InputError, match=sentence):
            ask()
    assert not workspace.root.exists()


def test_a_released_model_is_found_by_its_name_alone_from_any_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (released, *_) = open_workspace().list_models()
    assert named_model_file(released.name) == released
    assert named_model_file(f"elsewhere/{released.name}") == Path("elsewhere", released.name)
    assert named_model_file("latest") is None
    (tmp_path / released.name).touch()
    assert named_model_file(released.name) == Path(released.name)
