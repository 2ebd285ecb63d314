"""What a finished training leaves: the model for further training, the served model, and its predictions."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from allcore.augment import resize
from allcore.config import TrainConfig
from allcore.data.class_names import probability_columns
from allcore.data.decoded import DecodedImages
from allcore.data.folder.parts import PARTS
from allcore.data.splits.split import Split
from allcore.data.stain.colour_moments import colour_moments
from allcore.errors import InputError
from allcore.inference.metadata import DIGEST_LENGTH, ServedMetadata, to_properties, without_places
from allcore.inference.network import Network, NetworkOutputs
from allcore.inference.novelty import fit_novelty, fit_threshold, to_reference
from allcore.inference.predictor import BATCH, load_predictor
from allcore.inference.temperature import fit_temperature
from allcore.model.build import build_network
from allcore.model.serving import save_with_metadata
from allcore.model.trained import network_weights
from allcore.networks.credit import weights_credit
from allcore.progress import Phase
from allcore.recipe import train_command
from allcore.runs.folder.files import FEATURES_FILE, FLOAT32_FILE, KERAS_FILE, PREDICTIONS_FILE, SERVED_FILE
from allcore.runs.folder.store import Run
from allcore.training.served_precision import Arithmetic, choose_arithmetic, open_graph
from allcore.writing import written_whole

CALIBRATION_IMAGES = 128


@dataclass(frozen=True)
class TrainedRun:
    """A run whose model holds the weights to be served."""

    folder: Path
    config: TrainConfig
    split: Split
    images: DecodedImages
    dataset_fingerprint: str


@dataclass(frozen=True)
class ResizedImages:
    """The images of some rows of the split as the network takes them, made as they are asked for."""

    run: TrainedRun
    rows: np.ndarray

    def __len__(self) -> int:
        """Return how many images they are."""
        return len(self.rows)

    def __getitem__(self, rows: slice, /) -> np.ndarray:
        """Return some of the images, uint8 (n, S, S, 3)."""
        return resized(self.run, self.rows[rows])


def write_results(run: TrainedRun, model: keras.Model, on_phase: Phase) -> None:
    """Write model.keras, model.onnx, features.npy and predictions.parquet, whatever precision was trained with.

    `on_phase` gets a line before each piece of the work, at most some batches long, and may raise to end it there.
    The served model is the int8 graph where it agrees with the float32 one and is faster; that one then stands beside
    it. Temperature and novelty reference come from the served graph's own outputs: what is scored is what is served.
    """
    on_phase("writing the model")
    single = to_float32(model, run)
    save_keras(single, run.folder / KERAS_FILE)
    arithmetic = choose_arithmetic(
        network_weights(single, run.config),
        _calibration_images(run),
        ResizedImages(run, run.split.rows("validation")),
        run.folder,
        on_phase,
    )
    agreement = arithmetic.agreement
    on_phase(
        f"serving in {arithmetic.served}: int8 takes {agreement.int8_seconds / agreement.float32_seconds:.2f} of "
        f"float32's time and {agreement.labels_differing} of {agreement.images} validation labels differ"
    )
    outputs, colours = _write_served(run, arithmetic, on_phase)
    with written_whole(run.folder / FEATURES_FILE) as unfinished:
        np.save(unfinished, outputs.features)
    _write_predictions(run, outputs, colours)


def licence(config: TrainConfig, recorded: Mapping[str, Any] | None) -> str:
    """Return under what terms a model trained by `config` may be used, and whose weights it began with.

    `recorded` is what the run recorded of the file of those weights.
    """
    credit = weights_credit(config.trunk, config.weights, recorded)
    return " ".join(filter(None, ("Research and education only; not a medical device.", credit)))


def results_are_whole(run: Run) -> bool:
    """Return whether all that `write_results` writes is there and can be read: then nothing is to be trained."""
    try:
        classes, rows = len(run.split.classes), len(run.split.table)
        metadata = load_predictor(run.served_model).metadata
        float32 = metadata.arithmetic == "float32" or (run.folder / FLOAT32_FILE).is_file()
        features = np.load(run.folder / FEATURES_FILE, mmap_mode="r", allow_pickle=False)
        predicted = len(run.predictions()) == rows - len(run.split.rows("train"))
        whole = len(metadata.classes) == classes and len(features) == rows and predicted and float32
    except (InputError, OSError, ValueError, EOFError):
        return False
    return whole and zipfile.is_zipfile(run.folder / KERAS_FILE)


def to_float32(model: keras.Model, run: TrainedRun) -> keras.Model:
    """Return a copy of the model in float32, whatever precision it was trained with."""
    keras.config.set_dtype_policy("float32")
    single = build_network(run.config, len(run.split.classes))
    single.set_weights(model.get_weights())
    return single


def save_keras(model: keras.Model, path: Path) -> None:
    """Write a model for further training, whole or not at all."""
    with written_whole(path) as unfinished:
        model.save(unfinished)


def _calibration_images(run: TrainedRun) -> ResizedImages:
    train = run.split.rows("train")
    count = min(CALIBRATION_IMAGES, len(train))
    return ResizedImages(run, np.random.default_rng(run.config.seed).choice(train, count, replace=False))


def resized(run: TrainedRun, rows: Iterable[int]) -> np.ndarray:
    """Return the images of some rows of the split as the network takes them, uint8 (N, S, S, 3)."""
    return np.stack([resize(run.images[row], run.config.image_size) for row in rows])


def _write_served(run: TrainedRun, arithmetic: Arithmetic, on_phase: Phase) -> tuple[NetworkOutputs, np.ndarray]:
    """Write model.onnx (and model.float32.onnx where that differs); return what is known of all rows.

    That is the served graph's outputs, and the colour moments (N, 9).
    """
    outputs, colours = _run_all(open_graph(arithmetic.graph, run.folder), run, on_phase)
    metadata = _describe(run, outputs, colours, arithmetic)
    if arithmetic.served == "int8":
        in_float32 = metadata.model_copy(update={"arithmetic": "float32"})
        save_with_metadata(arithmetic.float32, to_properties(in_float32), run.folder / FLOAT32_FILE)
    else:
        (run.folder / FLOAT32_FILE).unlink(missing_ok=True)
    save_with_metadata(arithmetic.graph, to_properties(metadata), run.folder / SERVED_FILE)
    return outputs, colours


def _run_all(network: Network, run: TrainedRun, on_phase: Phase) -> tuple[NetworkOutputs, np.ndarray]:
    """Return the graph's outputs and the colours of every row of the split; evidence is made when it is wanted."""
    probabilities, features, colours = [], [], []
    total = len(run.split.table)
    for start in range(0, total, BATCH):
        rows = range(start, min(start + BATCH, total))
        on_phase(f"predicting, {rows.start} of {total} images")
        images = resized(run, rows)
        outputs = network.run(images)
        probabilities.append(outputs.probabilities)
        features.append(outputs.features)
        colours += [colour_moments(image) for image in images]
    none = np.zeros((total, 0), np.float32)
    return NetworkOutputs(np.concatenate(probabilities), none, np.concatenate(features)), np.stack(colours)


def _describe(run: TrainedRun, outputs: NetworkOutputs, colours: np.ndarray, arithmetic: Arithmetic) -> ServedMetadata:
    labels = run.split.labels()
    train, validation = run.split.rows("train"), run.split.rows("validation")
    novelty = fit_novelty(outputs.features[train], colours[train], labels[train])
    threshold = fit_threshold(novelty.distance(outputs.features[validation], colours[validation]))
    table = run.split.table
    digests = {
        split: tuple(digest[:DIGEST_LENGTH] for digest in table.loc[table["split"] == split, "sha256"])
        for split in PARTS
    }
    return ServedMetadata(
        classes=run.split.classes,
        image_size=run.config.image_size,
        run=run.folder.name,
        dataset_fingerprint=run.dataset_fingerprint,
        temperature=fit_temperature(outputs.probabilities[validation], labels[validation]),
        novelty=to_reference(novelty, threshold),
        split_digests=digests,
        config=without_places(run.config.model_dump(mode="json")),
        licence=licence(run.config, Run(run.folder).environment().get("weights")),
        card=_card(run),
        title=f"Modified {run.config.trunk.title}, {run.config.image_size} px: {', '.join(run.split.classes)}",
        command=train_command(run.config),
        arithmetic=arithmetic.served,
        agreement=arithmetic.agreement,
    )


def _card(run: TrainedRun) -> str:
    counts = run.split.table["split"].value_counts()
    parts = ", ".join(f"{counts[split]} {split}" for split in PARTS)
    return (
        f"Modified {run.config.trunk.title} at {run.config.image_size} px for {', '.join(run.split.classes)}. Trained "
        f"by run {run.folder.name} on {parts} images ({run.config.split.protocol} split, dataset fingerprint "
        f"{run.dataset_fingerprint[:12]}). For research and education; not for diagnosis."
    )


def _write_predictions(run: TrainedRun, outputs: NetworkOutputs, colours: np.ndarray) -> None:
    rows = np.flatnonzero((run.split.table["split"] != "train").to_numpy())
    predictor = load_predictor(run.folder / SERVED_FILE)
    interpreted = predictor.interpret(
        NetworkOutputs(outputs.probabilities[rows], outputs.evidence[rows], outputs.features[rows]), colours[rows]
    )
    table = run.split.table.loc[rows, ["path", "sha256", "group", "split", "label"]].reset_index(drop=True)
    table[probability_columns(run.split.classes)] = interpreted.probabilities
    table["predicted"] = interpreted.labels
    table["correct"] = table["predicted"] == table["label"]
    table["novelty"] = interpreted.novelty
    table["novel"] = interpreted.novel
    with written_whole(run.folder / PREDICTIONS_FILE) as unfinished:
        pd.DataFrame(table).to_parquet(unfinished, index=False)
