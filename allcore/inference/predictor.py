"""Predicting with a served model: classes, calibrated probabilities, evidence, novelty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from allcore.augment import resize
from allcore.data.colour import colour_moments
from allcore.data.intake import inspect
from allcore.errors import ImageError, ModelFileError
from allcore.inference.metadata import ServedMetadata, from_properties
from allcore.inference.network import Network, NetworkOutputs, open_network
from allcore.inference.novelty import NoveltyModel, from_reference, together
from allcore.inference.temperature import apply_temperature

BATCH = 4
"""Images at once: more are no faster on a CPU, and their activations take memory."""


@dataclass(frozen=True)
class Prediction:
    """What the model says of one image.

    probabilities (C,), calibrated, in the order of the model's classes; evidence (C, h, w), in units of the logit;
    features (units,); novelty, about 1 for images like those trained on; novel, when it exceeds the threshold.
    Novelty is the root mean square of feature_distance and colour_distance. scaling says what was done to a file's
    values of more than 8 bits, '' where there were none.
    """

    label: str
    probabilities: np.ndarray
    evidence: np.ndarray
    features: np.ndarray
    novelty: float
    novel: bool
    feature_distance: float
    colour_distance: float
    scaling: str = ""


@dataclass(frozen=True)
class Predictor:
    """A served model, ready to be asked; one serves any number of threads."""

    network: Network
    metadata: ServedMetadata
    novelty: NoveltyModel

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of probabilities and evidence."""
        return self.metadata.classes

    def predict(self, images: Sequence[np.ndarray]) -> list[Prediction]:
        """Return a prediction for each image: uint8 arrays (H, W, 3), RGB, of any size."""
        predictions: list[Prediction] = []
        for start in range(0, len(images), BATCH):
            resized = np.stack([resize(image, self.metadata.image_size) for image in images[start : start + BATCH]])
            colours = np.stack([colour_moments(image) for image in resized])
            predictions += self.interpret(self.network.run(resized), colours)
        return predictions

    def predict_files(self, paths: Iterable[Path]) -> Iterator[tuple[Path, Prediction | ImageError]]:
        """Yield each file with its prediction, or with why it cannot be read; the others go on."""
        for path in paths:
            try:
                image, facts = inspect(path)
            except ImageError as error:
                yield path, error
            else:
                yield path, replace(self.predict([image])[0], scaling=facts.scaling)

    def interpret(self, outputs: NetworkOutputs, colours: np.ndarray) -> list[Prediction]:
        """Return what the graph's outputs for images of these colour moments (N, 9) mean: calibrated, with novelty."""
        probabilities = apply_temperature(outputs.probabilities, self.metadata.temperature)
        parts = self.novelty.parts(outputs.features, colours)
        by_features, by_colours, distances = *parts, together(parts)
        threshold = self.metadata.novelty.threshold
        return [
            Prediction(
                label=self.classes[int(probabilities[i].argmax())],
                probabilities=probabilities[i],
                evidence=outputs.evidence[i],
                features=outputs.features[i],
                novelty=float(distances[i]),
                novel=bool(distances[i] > threshold),
                feature_distance=float(by_features[i]),
                colour_distance=float(by_colours[i]),
            )
            for i in range(len(probabilities))
        ]


def load_predictor(path: Path) -> Predictor:
    """Load a served model. Raises `ModelFileError` when the file is missing, damaged or not ALLscope's."""
    network = open_network(path)
    try:
        metadata = from_properties(network.properties)
        novelty = from_reference(metadata.novelty)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None
    sizes = {node.name: node.shape[1:] for node in network.session.get_outputs()}
    classes, units = len(metadata.classes), metadata.novelty.units
    expected = (metadata.image_size, len(novelty.features.means), [classes], [units])
    if expected != (network.image_size, classes, sizes["probabilities"], sizes["features"]):
        raise ModelFileError(
            f"{path}: the description ({classes} classes, {metadata.image_size} px, {units} features) "
            "is not of this graph"
        )
    return Predictor(network=network, metadata=metadata, novelty=novelty)
