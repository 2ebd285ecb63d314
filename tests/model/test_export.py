"""An exported model says what the served one says, or is not written."""

import json
import shutil
import zipfile

import keras
import pytest

from allcore.errors import InputError, ModelFileError, RunError
from allcore.inference.network import open_network
from allcore.model.export import SUFFIXES, export_run
from allcore.model.vgg16 import build_vgg16
from allcore.runs.store import Run, RunStore


@pytest.fixture
def copied_run(finished_run, workspace):
    """Return a copy of the finished run that a test may damage; its served model is only linked."""
    folder = workspace.runs / finished_run.id
    shutil.copytree(finished_run.folder, folder, ignore=shutil.ignore_patterns("*.onnx", "*.keras", "checkpoints"))
    (folder / "model.onnx").symlink_to(finished_run.served_model)
    return Run(folder)


def files_in(folder):
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("form", SUFFIXES)
def test_exported_model_agrees_with_the_served_one_and_nothing_else_is_left(finished_run, tmp_path, form):
    path, difference = export_run(finished_run, form, tmp_path / f"model{SUFFIXES[form]}")
    assert 0.0 <= difference < 1e-5
    assert files_in(tmp_path) == [path.name]
    assert path.stat().st_size > 50_000_000


def test_exported_onnx_is_complete(finished_run, tmp_path):
    path, _ = export_run(finished_run, "onnx", tmp_path / "model.onnx")
    assert open_network(path).properties == open_network(finished_run.served_model).properties


def test_unset_output_is_named_after_the_run(finished_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, _ = export_run(finished_run, "onnx")
    assert files_in(tmp_path) == [str(path)] == [f"{finished_run.id}.onnx"]


def test_images_that_are_gone_are_no_hindrance(copied_run, tmp_path):
    config = json.loads((copied_run.folder / "config.json").read_text())
    (copied_run.folder / "config.json").write_text(json.dumps(config | {"dataset": str(tmp_path / "gone")}))
    assert export_run(copied_run, "onnx", tmp_path / "model.onnx")[1] == 0.0


def test_unknown_form_is_refused(finished_run, tmp_path):
    with pytest.raises(InputError, match=r"format: unknown \(received 'docx'\); expected one of onnx, litert, keras"):
        export_run(finished_run, "docx", tmp_path / "model.docx")


def test_existing_file_is_not_overwritten(finished_run, tmp_path):
    (tmp_path / "model.onnx").write_text("mine")
    with pytest.raises(InputError, match=r"model\.onnx exists; give another --output"):
        export_run(finished_run, "onnx", tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_text() == "mine"


def test_folder_that_is_not_there_is_refused(finished_run, tmp_path):
    with pytest.raises(InputError, match=r"model\.onnx cannot be written \(No such file or directory\)"):
        export_run(finished_run, "onnx", tmp_path / "gone" / "model.onnx")


@pytest.mark.parametrize(
    ("form", "file"), [("onnx", "model.onnx"), ("keras", "model.keras"), ("litert", "model.keras")]
)
def test_run_that_has_not_succeeded_has_nothing_to_export(finished_run, workspace, tmp_path, form, file):
    run = RunStore(workspace.runs).create(finished_run.config, finished_run.split)
    with pytest.raises(RunError, match=rf"has no {file}: it is queued, not succeeded"):
        export_run(run, form, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_model_that_says_something_else_is_not_written(copied_run, tmp_path):
    keras.utils.set_random_seed(1)
    build_vgg16(copied_run.config, 4).save(copied_run.folder / "model.keras")
    (tmp_path / "exported").mkdir()
    with pytest.raises(RunError, match=r"the keras model differs from the served one by .*; nothing was written"):
        export_run(copied_run, "keras", tmp_path / "exported" / "model.keras")
    assert files_in(tmp_path / "exported") == []


def test_damaged_model_is_refused(copied_run, tmp_path):
    (copied_run.folder / "model.keras").write_bytes(b"no model")
    (tmp_path / "exported").mkdir()
    with pytest.raises(ModelFileError, match=r"the run's model\.keras cannot be loaded"):
        export_run(copied_run, "keras", tmp_path / "exported" / "model.keras")
    assert files_in(tmp_path / "exported") == []


def test_model_with_code_in_it_is_refused(copied_run, finished_run, tmp_path):
    model = keras.Sequential([keras.layers.Input((32, 32, 3)), keras.layers.Lambda(lambda image: image)])
    model.save(copied_run.folder / "model.keras")
    assert zipfile.is_zipfile(copied_run.folder / "model.keras")
    with pytest.raises(ModelFileError, match=r"the run's model\.keras cannot be loaded"):
        export_run(copied_run, "keras", tmp_path / "model.keras")


def test_export_prints_nothing_of_what_tensorflow_says(finished_run, tmp_path, capfd):
    export_run(finished_run, "keras", tmp_path / "model.keras")
    assert capfd.readouterr() == ("", "")
