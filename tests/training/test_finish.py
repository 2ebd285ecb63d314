"""What a finished training leaves is what its served model says, in the arithmetic that was chosen."""

from types import SimpleNamespace

import numpy as np
import pytest

from allcore.augment import resize
from allcore.config import make_config
from allcore.data.intake.images import decode
from allcore.inference.network import NetworkOutputs
from allcore.inference.novelty import fit_novelty, fit_threshold
from allcore.inference.predictor import BATCH, load_predictor
from allcore.inference.temperature import fit_temperature
from allcore.runs.folder.files import FLOAT32_FILE, SERVED_FILE
from allcore.training import finish
from allcore.training.finish import CALIBRATION_IMAGES, TrainedRun, licence, write_results
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


def test_file_does_not_say_where_the_files_of_its_run_lie(finished_run):
    split, rng = finished_run.split, np.random.default_rng(0)
    divided = finished_run.config.split.model_copy(update={"groups": "/home/anna/patients.csv"})
    config = finished_run.config.model_copy(update={"split": divided, "study": "sizes", "place": "/home/anna/a.csv"})
    count = len(split.table)
    outputs = NetworkOutputs(rng.dirichlet(np.ones(4), count), np.zeros((count, 0)), rng.normal(size=(count, 8)))
    metadata = finish._describe(
        TrainedRun(finished_run.folder, config, split, None, ""), outputs, rng.normal(size=(count, 9)),
        SimpleNamespace(served="float32", agreement=None),
    )  # fmt: skip
    assert metadata.config["split"]["groups"] == "patients.csv"
    assert "/home/anna" not in metadata.model_dump_json()


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


def test_a_file_that_the_environment_named_for_imagenet_is_credited_by_its_content_alone():
    config = make_config(dataset="smears", weights="imagenet")
    said = licence(config, {"source": "histology.h5", "sha256": "1234"})
    assert said.endswith(
        "from the file histology.h5, SHA-256 1234: whose they are, and under which licence, is not known."
    )
    (known,) = config.trunk.imagenet_files
    for recorded in ({"source": config.trunk.weights_file, "sha256": "1234"}, {"source": "mine.h5", "sha256": known}):
        assert licence(config, recorded).endswith(config.trunk.credit)


def test_both_arithmetics_say_nearly_the_same(finished_run):
    names = [name for name in (SERVED_FILE, FLOAT32_FILE) if (finished_run.folder / name).exists()]
    images = np.stack([resize(image, 32) for image in images_of(finished_run, finished_run.split.rows("test"))])
    answers = [load_predictor(finished_run.folder / name).network.run(images) for name in names]
    np.testing.assert_allclose(answers[0].probabilities, answers[-1].probabilities, atol=0.05)


def test_no_working_file_is_left(finished_run):
    assert {path.name for path in finished_run.folder.iterdir() if path.name.startswith(".")} <= {".worker.lock"}


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Return the phase and the rows of the images that 500 images' results ask for before they are predicted.

    Of a graph that runs in no time, and with what is written left out.
    """
    asked, phases = [], [""]
    outputs = NetworkOutputs(np.zeros((500, 4)), np.zeros((500, 0)), np.zeros((500, 8)))

    def resized(run, rows):
        asked.append((phases[-1].split(",")[0], list(rows)))
        return np.zeros((len(rows), SIZE, SIZE, 3), np.uint8)

    for name, stand_in in {
        "finish.resized": resized,
        "finish.to_float32": lambda model, run: model,
        "finish.save_keras": lambda model, path: None,
        "finish.network_weights": lambda model, config: None,
        "finish._write_served": lambda run, arithmetic, on_phase: (outputs, None),
        "finish._write_predictions": lambda run, outputs, colours: None,
        "served_precision.build_serving_graph": lambda weights: toy_graph(),
        "served_precision.in_int8": lambda weights, float32, batches: list(batches) and toy_graph(),
    }.items():
        monkeypatch.setattr(f"allcore.training.{name}", stand_in)
    split = SimpleNamespace(rows=PARTS.__getitem__)
    write_results(TrainedRun(tmp_path, make_config(dataset="smears"), split, None, ""), None, phases.append)
    return asked


PARTS = {"train": np.arange(300), "validation": np.arange(300, 400), "test": np.arange(400, 500)}


def test_no_more_images_than_a_batch_are_there_at_once(asked):
    assert max(len(rows) for _, rows in asked) == BATCH


def test_int8_is_calibrated_on_training_images_and_judged_on_validation_images(asked):
    rows = {phase: {row for each, rows in asked if each == phase for row in rows} for phase, _ in asked}
    assert set(rows) == {"quantising the model", "comparing int8 with float32"}
    assert len(rows["quantising the model"]) == CALIBRATION_IMAGES
    assert rows["quantising the model"] <= set(PARTS["train"])
    assert rows["comparing int8 with float32"] == set(PARTS["validation"])


def test_temperature_and_what_passes_as_known_come_from_the_validation_images(finished_run, predictor):
    """Of outputs that differ from part to part, as those of train do from what a network has not seen."""
    split, rng = finished_run.split, np.random.default_rng(0)
    count, labels = len(split.table), split.labels()
    sure = np.where(split.table["split"] == "train", 5.0, np.where(split.table["split"] == "validation", 1.0, 0.2))
    logits = sure[:, None] * (np.eye(4)[labels] + rng.normal(0, 1, (count, 4)))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    features, colours = (rng.normal(0, 1, (count, width)) * (6 - sure[:, None]) for width in (8, 9))
    run = TrainedRun(finished_run.folder, finished_run.config, split, None, "")
    metadata = finish._describe(
        run, NetworkOutputs(probabilities, np.zeros((count, 0)), features), colours,
        SimpleNamespace(served="int8", agreement=predictor.metadata.agreement),
    )  # fmt: skip
    parts = {part: split.rows(part) for part in PARTS}
    temperatures = {part: fit_temperature(probabilities[rows], labels[rows]) for part, rows in parts.items()}
    train = parts["train"]
    novelty = fit_novelty(features[train], colours[train], labels[train])
    thresholds = {part: fit_threshold(novelty.distance(features[rows], colours[rows])) for part, rows in parts.items()}
    assert min(len({round(each, 3) for each in found.values()}) for found in (temperatures, thresholds)) == 3
    assert metadata.temperature == pytest.approx(temperatures["validation"])
    assert metadata.novelty.threshold == pytest.approx(thresholds["validation"])
