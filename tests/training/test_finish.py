"""What a finished training leaves is what its served model says, in the arithmetic that was chosen."""

from types import SimpleNamespace

import numpy as np
import pytest

from allcore.augment import resize
from allcore.config import make_config
from allcore.data.intake.images import decode
from allcore.inference.network import NetworkOutputs
from allcore.inference.predictor import BATCH, load_predictor
from allcore.runs.folder.files import FLOAT32_FILE, SERVED_FILE
from allcore.training import finish
from allcore.training.finish import TrainedRun, licence, write_results
from tests.inference.conftest import SIZE, toy_graph


@pytest.fixture(scope="module")
def predictor(finished_run):
    return load_predictor(finished_run.served_model)


def images_of(run, rows):
    return [decode(run.folder.joinpath(run.config.dataset, path)) for path in run.split.table["path"][rows]]


def test_recorded_predictions_are_the_served_models(finished_run, predictor):
    rows = np.flatnonzero((finished_run.split.table["split"] != "train").to_numpy())
    table = finished_run.predictions()
    for image, (_, recorded) in zip(images_of(finished_run, rows), table.iterrows(), strict=True):
        (prediction,) = predictor.predict([image])
        expected = [recorded[f"probability_{name}"] for name in predictor.classes]
        np.testing.assert_allclose(prediction.probabilities, expected, atol=1e-4)
        assert (prediction.label, prediction.novel) == (recorded["predicted"], recorded["novel"])


def test_kept_features_are_the_served_models(finished_run, predictor):
    kept = np.load(finished_run.folder / "features.npy")
    rows = finished_run.split.rows("train")[:5]
    for image, row in zip(images_of(finished_run, rows), rows, strict=True):
        np.testing.assert_allclose(predictor.predict([image])[0].features, kept[row], rtol=1e-3, atol=1e-3)


def test_float32_stands_beside_the_served_model_only_where_that_is_in_int8(finished_run, predictor):
    assert (finished_run.folder / FLOAT32_FILE).exists() == (predictor.metadata.arithmetic == "int8")


def test_choice_was_made_on_the_validation_images(finished_run, predictor):
    assert predictor.metadata.agreement.images == len(finished_run.split.rows("validation"))


def test_file_says_what_it_is_and_how_it_was_made(predictor):
    metadata = predictor.metadata
    assert metadata.title == "Modified VGG16, 32 px: Benign, Early, Pre, Pro"
    assert metadata.command.startswith("python -m allcore train --data smears")
    assert metadata.licence == "Research and education only; not a medical device."


def test_licence_names_the_authors_of_the_weights_that_it_began_with():
    licence_of = {
        weights: licence(make_config(dataset="smears", weights=weights), None) for weights in ("imagenet", "random")
    }
    assert licence_of["imagenet"].startswith(licence_of["random"])
    assert licence_of["imagenet"].endswith("Visual Geometry Group, University of Oxford, CC BY 4.0.")


def test_a_file_of_weights_is_credited_to_nobody_unless_its_content_is_known():
    config = make_config(dataset="smears", weights="/somewhere/mine.weights.h5")
    said = licence(config, {"source": "mine.weights.h5", "sha256": "1234"})
    assert said.endswith(
        "from the file mine.weights.h5, SHA-256 1234: whose they are, and under which licence, is not known."
    )
    assert config.trunk.credit not in said
    assert "/somewhere" not in licence(config, None)
    (known,) = config.trunk.imagenet_files
    assert licence(config, {"source": "mine.weights.h5", "sha256": known}).endswith(config.trunk.credit)


def test_both_arithmetics_say_nearly_the_same(finished_run):
    names = [name for name in (SERVED_FILE, FLOAT32_FILE) if (finished_run.folder / name).exists()]
    images = np.stack([resize(image, 32) for image in images_of(finished_run, finished_run.split.rows("test"))])
    answers = [load_predictor(finished_run.folder / name).network.run(images) for name in names]
    np.testing.assert_allclose(answers[0].probabilities, answers[-1].probabilities, atol=0.05)


def test_no_working_file_is_left(finished_run):
    assert {path.name for path in finished_run.folder.iterdir() if path.name.startswith(".")} <= {".worker.lock"}


def test_no_more_images_than_a_batch_are_there_at_once(tmp_path, monkeypatch):
    """Of a graph that runs in no time, and with what is written left out."""
    taken = []
    outputs = NetworkOutputs(np.zeros((500, 4)), np.zeros((500, 0)), np.zeros((500, 8)))
    for name, stand_in in {
        "finish.resized": lambda run, rows: taken.append(len(rows)) or np.zeros((len(rows), SIZE, SIZE, 3), np.uint8),
        "finish.to_float32": lambda model, run: model,
        "finish.save_keras": lambda model, path: None,
        "finish.network_weights": lambda model, config: None,
        "finish._write_served": lambda run, arithmetic, on_phase: (outputs, None),
        "finish._write_predictions": lambda run, outputs, colours: None,
        "served_precision.build_serving_graph": lambda weights: toy_graph(),
        "served_precision.in_int8": lambda weights, float32, batches: list(batches) and toy_graph(),
    }.items():
        monkeypatch.setattr(f"allcore.training.{name}", stand_in)
    config, split = make_config(dataset="smears"), SimpleNamespace(rows=lambda part: np.arange(500))
    write_results(TrainedRun(tmp_path, config, split, None, ""), None, lambda phase: None)
    assert max(taken) == BATCH
    assert sum(taken) == 500 + finish.CALIBRATION_IMAGES
