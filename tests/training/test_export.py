"""An exported model says what the served one says, or is not written."""

import json
import shutil
import zipfile

import keras
import onnx
import pytest

from allcore.errors import InputError, ModelFileError, RunError
from allcore.inference.metadata import HeldOutScore, to_properties
from allcore.inference.network import open_network
from allcore.inference.predictor import load_predictor
from allcore.model.build import build_network
from allcore.model.serving import save_with_metadata
from allcore.runs.folder.files import FLOAT32_FILE
from allcore.runs.folder.store import Run, RunStore
from allcore.training.export import SUFFIXES, export_run


@pytest.fixture
def copied_run(finished_run, workspace):
    """Return a copy of the finished run that a test may damage; its served models are only linked."""
    folder = workspace.runs / finished_run.id
    shutil.copytree(finished_run.folder, folder, ignore=shutil.ignore_patterns("*.onnx", "*.keras", "checkpoints"))
    for model in finished_run.folder.glob("*.onnx"):
        (folder / model.name).symlink_to(model)
    return Run(folder)


def files_in(folder):
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("form", SUFFIXES)
def test_exported_model_agrees_with_the_served_one_and_nothing_else_is_left_or_said(
    finished_run, tmp_path, form, capfd
):
    exported = export_run(finished_run, form, tmp_path / f"model{SUFFIXES[form]}")
    assert capfd.readouterr() == ("", "")  # nothing of what TensorFlow says
    assert 0.0 <= exported.difference < 1e-5
    assert files_in(tmp_path) == [exported.path.name]
    assert exported.path.stat().st_size > 10_000_000


def test_exported_onnx_is_complete(finished_run, tmp_path):
    path = export_run(finished_run, "onnx", tmp_path / "model.onnx").path
    assert open_network(path).properties == open_network(finished_run.served_model).properties


def test_card_becomes_the_files_own_and_nothing_else_changes(finished_run, tmp_path):
    (tmp_path / "card.md").write_text("# A model\n\nTrained on µ-images.", encoding="utf-8")
    exported = export_run(finished_run, "onnx", tmp_path / "model.onnx", tmp_path / "card.md")
    ours, theirs = (load_predictor(path).metadata for path in (exported.path, finished_run.served_model))
    assert ours.card == "# A model\n\nTrained on µ-images."
    assert ours.model_copy(update={"card": theirs.card}) == theirs
    assert exported.difference == 0.0


def test_what_the_test_gave_goes_with_the_onnx_file(finished_run, tmp_path):
    gave = HeldOutScore(images=7, twins=1, accuracy=0.5, interval=(0.2, 0.8), shortcut="bar", shortcut_accuracy=1)
    path = export_run(finished_run, "onnx", tmp_path / "model.onnx", held_out=gave).path
    ours, theirs = (load_predictor(file).metadata for file in (path, finished_run.served_model))
    assert (ours.held_out, theirs.held_out) == (gave, None)
    assert ours.model_copy(update={"held_out": None}) == theirs


def test_places_that_an_earlier_version_wrote_are_left_out(copied_run, tmp_path):
    model, served = onnx.load(copied_run.served_model), load_predictor(copied_run.served_model).metadata
    split = served.config["split"] | {"groups": "/home/anna/patients.csv"}
    wrote = served.model_copy(update={"config": served.config | {"split": split, "study": "sizes", "place": "64 px"}})
    save_with_metadata(model, to_properties(wrote), copied_run.served_model)
    config = load_predictor(export_run(copied_run, "onnx", tmp_path / "model.onnx").path).metadata.config
    assert config == served.config | {"split": split | {"groups": "patients.csv"}}


def test_card_that_cannot_be_read_is_named(finished_run, tmp_path):
    with pytest.raises(InputError, match=r"card: .*gone\.md cannot be read"):
        export_run(finished_run, "onnx", tmp_path / "model.onnx", tmp_path / "gone.md")


def test_card_goes_with_onnx_alone(finished_run, tmp_path):
    with pytest.raises(InputError, match="card: a keras file has no place for it"):
        export_run(finished_run, "keras", tmp_path / "model.keras", tmp_path / "card.md")


def test_forms_in_float32_are_checked_against_the_graph_in_float32(copied_run, finished_run, tmp_path):
    in_float32 = copied_run.folder / FLOAT32_FILE
    if not in_float32.exists():  # float32 is served
        in_float32.symlink_to(copied_run.served_model)
    (copied_run.folder / "model.keras").symlink_to(finished_run.folder / "model.keras")
    exported = export_run(copied_run, "keras", tmp_path / "model.keras")
    assert exported.checked_against == FLOAT32_FILE
    assert exported.difference < 1e-5
    assert exported.from_served < 0.1


def test_unset_output_is_named_after_the_run(finished_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = export_run(finished_run, "onnx").path
    assert files_in(tmp_path) == [str(path)] == [f"{finished_run.id}.onnx"]


def test_images_that_are_gone_are_no_hindrance(copied_run, tmp_path):
    config = json.loads((copied_run.folder / "config.json").read_text())
    (copied_run.folder / "config.json").write_text(json.dumps(config | {"dataset": str(tmp_path / "gone")}))
    assert export_run(copied_run, "onnx", tmp_path / "model.onnx").difference == 0.0


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
        export_run(run, form, tmp_path / f"model{SUFFIXES[form]}")
    assert files_in(tmp_path) == [workspace.root.name]


def test_a_full_disk_is_said_and_leaves_nothing(finished_run, tmp_path, no_room):
    with no_room(str(tmp_path)), pytest.raises(InputError, match=r"model\.onnx cannot be written \(No space left"):
        export_run(finished_run, "onnx", tmp_path / "model.onnx")
    assert files_in(tmp_path) == []


def test_a_keras_file_is_called_as_keras_wants_it(finished_run, tmp_path):
    with pytest.raises(InputError, match=r"Keras opens only files that end in \.keras \(received 'model\.h5'\)"):
        export_run(finished_run, "keras", tmp_path / "model.h5")


def test_model_that_says_something_else_is_not_written(copied_run, tmp_path):
    keras.utils.set_random_seed(1)
    build_network(copied_run.config, 4).save(copied_run.folder / "model.keras")
    (tmp_path / "exported").mkdir()
    with pytest.raises(RunError, match=r"the keras model differs from model\..*onnx by .*; nothing was written"):
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
