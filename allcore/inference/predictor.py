"""Predicting with a served model: classes, calibrated probabilities, evidence, novelty."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import overload

import numpy as np

from allcore.augment import resize
from allcore.data.intake.images import ImageFacts, inspect, read_image
from allcore.data.stain.colour_moments import colour_moments
from allcore.errors import ImageError, InputError, ModelFileError
from allcore.inference.metadata import ServedMetadata, from_properties
from allcore.inference.network import Network, NetworkOutputs, joined, open_network
from allcore.inference.novelty import NoveltyModel, from_reference, novelty_of
from allcore.inference.temperature import apply_temperature
from allcore.threads import in_threads

BATCH = 4
"""Images at once: more are no faster on a CPU, and their activations take memory."""


@dataclass(frozen=True)
class Prediction:
    """What the model says of one image.

    probabilities (C,), calibrated, in the order of the model's classes; evidence (C, h, w), in units of the logit;
    features (units,); novelty, about 1 for images like those trained on; novel, when it exceeds the threshold.
    Novelty is the root mean square of feature_distance and colour_distance; the latter is NaN where the model's file,
    of schema 1, holds no colours. scaling says how values of more than 8 bits were scaled, '' where there were none;
    split is the part in which the model's run had the same file, None where it had not, or pixels alone are known.
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
    split: str | None = None


@dataclass(frozen=True)
class Predictions(Sequence[Prediction]):
    """What the model says of N images, column by column; entry i is the `Prediction` of image i.

    probabilities (N, C), evidence (N, C, h, w) and features (N, units) as a `Prediction` has them of one image;
    distances (2, N) by features and by colours; threshold, the novelty above which an image is novel.
    """

    classes: tuple[str, ...]
    probabilities: np.ndarray
    evidence: np.ndarray
    features: np.ndarray
    distances: np.ndarray
    threshold: float

    @property
    def predicted(self) -> np.ndarray:
        """The number of the most probable class, int64 (N,)."""
        return self.probabilities.argmax(axis=1)

    @property
    def labels(self) -> np.ndarray:
        """The name of the most probable class, text (N,)."""
        return np.array(self.classes, object)[self.predicted]

    @cached_property
    def novelty(self) -> np.ndarray:
        """The novelty (N,)."""
        return novelty_of(self.distances)

    @property
    def novel(self) -> np.ndarray:
        """Whether the novelty exceeds the threshold, bool (N,)."""
        return self.novelty > self.threshold

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.probabilities)

    @overload
    def __getitem__(self, index: int) -> Prediction: ...
    @overload
    def __getitem__(self, index: slice) -> list[Prediction]: ...
    def __getitem__(self, index: int | slice) -> Prediction | list[Prediction]:
        """Return the prediction of one image, or those of several."""
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        by_features, by_colours = self.distances[:, index]
        return Prediction(
            label=self.labels[index],
            probabilities=self.probabilities[index],
            evidence=self.evidence[index],
            features=self.features[index],
            novelty=float(self.novelty[index]),
            novel=bool(self.novel[index]),
            feature_distance=float(by_features),
            colour_distance=float(by_colours),
        )


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

    def predict(self, images: Iterable[np.ndarray], on_progress: Callable[[int], object] | None = None) -> Predictions:
        """Return the predictions of images, uint8 arrays (H, W, 3), RGB, of any size.

        They are taken a few at a time, so that an iterator may read them as they are wanted; `on_progress` hears of
        each few, how many they are. Raises `InputError` when there is no image.
        """
        outputs, colours, coming = [], [], iter(images)
        while batch := [resize(image, self.metadata.image_size) for image in islice(coming, BATCH)]:
            outputs.append(self.network.run(np.stack(batch)))
            colours += [colour_moments(image) for image in batch]
            if on_progress is not None:
                on_progress(len(batch))
        if not outputs:
            raise InputError("there is no image to predict; expected at least one")
        return self.interpret(joined(outputs), np.stack(colours))

    def predict_files(
        self, paths: Iterable[Path], read: Callable[[Path], bytes] = read_image
    ) -> Iterator[tuple[Path, Prediction | ImageError]]:
        """Yield each file, in order, with its prediction, or with why it cannot be read; the others go on.

        Files are read in threads, by `read`, while the network looks at those before them; a few images are held, in
        its size.
        """
        coming = in_threads(lambda path: self._decoded(path, read), paths)
        while few := list(islice(coming, BATCH)):
            images = [found[0] for _, found in few if not isinstance(found, ImageError)]
            predictions = iter(self.predict(images) if images else ())
            for path, found in few:
                if isinstance(found, ImageError):
                    yield path, found
                else:
                    yield path, replace(next(predictions), scaling=found[1].scaling, split=found[2])

    def _decoded(
        self, path: Path, read: Callable[[Path], bytes]
    ) -> tuple[Path, tuple[np.ndarray, ImageFacts, str | None] | ImageError]:
        try:
            data = read(path)
            image, facts = inspect(data, path.name)
        except ImageError as error:
            return path, error
        split = self.metadata.split_of(hashlib.sha256(data).hexdigest())
        return path, (resize(image, self.metadata.image_size), facts, split)

    def interpret(self, outputs: NetworkOutputs, colours: np.ndarray) -> Predictions:
        """Return what the graph's outputs for images of these colour moments (N, 9) mean: calibrated, with novelty."""
        return Predictions(
            classes=self.classes,
            probabilities=apply_temperature(outputs.probabilities, self.metadata.temperature),
            evidence=outputs.evidence,
            features=outputs.features,
            distances=self.novelty.distances(outputs.features, colours),
            threshold=self.metadata.novelty.threshold,
        )


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
            "does not fit this graph"
        )
    return Predictor(network=network, metadata=metadata, novelty=novelty)
