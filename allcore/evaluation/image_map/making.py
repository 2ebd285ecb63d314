"""The map of a run's images: made once, then kept by the content that it was made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from allcore.arrays import FloatArray, IntArray
from allcore.augment import resize
from allcore.data.decoded import decode_catalogued
from allcore.data.intake.images import INTAKE_VERSION
from allcore.data.stain.clusters import stain_clusters
from allcore.data.stain.colour_moments import colour_moments
from allcore.evaluation.image_map.neighbours import nearest, shared, shared_by_chance
from allcore.evaluation.image_map.projection import principal_directions, t_sne
from allcore.evaluation.predictions.evaluation_run import evaluation_record
from allcore.files import file_sha256
from allcore.inference.feature_distance import directions
from allcore.inference.metadata import ServedMetadata
from allcore.inference.predictor import Predictor, load_predictor
from allcore.progress import Progress, ProgressCounter
from allcore.result_cache import cache_text, cached_file, read_cached
from allcore.runs.folder.features import read_features
from allcore.runs.folder.files import FEATURES_FILE, SPLIT_FILE
from allcore.runs.folder.store import Run
from allcore.runs.recorded_images import images_of_run
from allcore.threads import in_threads

MOST: Final = 5_000
"""Images of a map: of more, as many are drawn at random, always the same."""
NEIGHBOURS: Final = 10
"""Nearest images by which it is told what features tell apart."""
_FORM: Final = 2
"""Raise it when what is kept changes, or how it is made."""
_CHUNK: Final = 64

_Shares = list[float | None]


class ImageMap(BaseModel):
    """The map of a run's images, an entry an image: `rows` are their numbers in the run's split.

    `parts` are those of the model's run ('' where it had not the image), `stains` the stain clusters, `t_sne` and
    `principal` the places (x, y), `variance` the share of the features' variance along the latter two, `near` the
    nearest images by features as numbers of this map, own overlap group left out. Shares are fractions of the nearest
    images by features, of those by nine colour numbers, and of all others: of one's class and, among the nearest of
    one's class, of one's stain cluster; None where there are no others.
    """

    model_config = ConfigDict(frozen=True)

    rows: list[int]
    parts: list[str]
    stains: list[str]
    t_sne: list[tuple[float, float]]
    principal: list[tuple[float, float]]
    variance: tuple[float, float]
    near: list[list[int]]
    class_by_features: _Shares
    class_by_colours: _Shares
    class_by_chance: _Shares
    stain_by_features: _Shares
    stain_by_colours: _Shares
    stain_by_chance: _Shares


def can_be_mapped(run: Run) -> bool:
    """Return whether a run has kept what a map is made of: its features, or the model that gives them."""
    return (run.folder / FEATURES_FILE).is_file() or run.kept_model is not None


def _map_file(run: Run, cache: Path) -> Path:
    """Return where the map of a run's images is kept below `cache`. Raises `RunError` where it has no model."""
    features = run.folder / FEATURES_FILE
    source = features if features.is_file() else run.served_model
    made_of = (_FORM, INTAKE_VERSION, file_sha256(source), file_sha256(run.folder / SPLIT_FILE))
    return cached_file(cache, "maps", repr(made_of), ".json")


def known_map(run: Run, cache: Path) -> ImageMap | None:
    """Return the map of a run's images if `cache` has it. Raises `RunError` where the run has no model."""
    return read_cached(_map_file(run, cache), ImageMap)


def make_map(run: Run, cache: Path, on_progress: Progress | None = None) -> ImageMap:
    """Return the map of a run's images, or of those that a model was scored on, from `cache` where it was made before.

    Features are those that the run kept; where it kept none, its model is asked. `on_progress` hears of the images as
    they are read, which is half of the work. Raises `DatasetError` when an image is gone or has changed, `RunError`
    where the run has neither features nor a model, `InputError` where there is nothing to map.
    """
    file = _map_file(run, cache)
    known = read_cached(file, ImageMap)
    if known is None:
        known = _map_of(run, cache, on_progress)
        cache_text(file, known.model_dump_json())
    return known


@dataclass(frozen=True)
class _Looked:
    """What looking at every image gave: features scaled to length 1 (N, units), colour moments (N, 9)."""

    directions: np.ndarray
    colours: np.ndarray


def _map_of(run: Run, cache: Path, on_progress: Progress | None) -> ImageMap:
    catalog, images = images_of_run(run, cache)
    rows = _drawn(len(images))
    table = run.split.table.iloc[rows].reset_index(drop=True)
    count = ProgressCounter(on_progress, 2 * len(rows))
    looked = _look_at(run, catalog.root, images.iloc[rows], rows, count.add)
    labels, groups = table["label"].to_numpy(), _numbered(table["group"].to_numpy())
    stains = table["stain"].to_numpy()
    if (stains == "").any():
        stains = stain_clusters(looked.colours, labels, groups)
    wide, variance = principal_directions(looked.directions)
    places = t_sne(wide)
    near = nearest(looked.directions, groups, NEIGHBOURS)
    count.add(len(rows))
    return ImageMap(
        rows=rows.tolist(),
        parts=_parts(run, table),
        stains=stains.tolist(),
        t_sne=places.tolist(),
        principal=wide[:, :2].tolist(),
        variance=(float(variance[0]), float(variance[1])),
        near=[[int(one) for one in of if one >= 0] for of in near],
        **_shares(looked, near, _numbered(labels), _numbered(stains), groups),
    )


def _numbered(names: np.ndarray) -> IntArray:
    return np.asarray(np.unique(names, return_inverse=True)[1])


def _drawn(count: int) -> IntArray:
    if count <= MOST:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, MOST, replace=False))


def _look_at(run: Run, root: Path, images: pd.DataFrame, rows: IntArray, tell: Callable[[int], None]) -> _Looked:
    """Decode every image once, for its colours and, where the run kept no features, for the model."""
    predictor, features = _features(run)
    size = None if predictor is None else predictor.metadata.image_size
    colours, asked = [], []
    for start in range(0, len(images), _CHUNK):
        some = images.iloc[start : start + _CHUNK]
        found = zip(some["path"], some["pixel_sha256"], strict=True)
        seen = list(in_threads(lambda image: _seen(decode_catalogued(root, *image), size), found))
        colours += [moments for moments, _ in seen]
        if predictor is not None:
            asked.append(predictor.predict([small for _, small in seen if small is not None]).features)
        tell(len(seen))
    kept = np.concatenate(asked) if features is None else features[rows]
    return _Looked(directions(kept), np.stack(colours))


def _seen(pixels: np.ndarray, size: int | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Return an image's colour moments (9,) and, where a model is asked, the image in its `size`."""
    return colour_moments(pixels), None if size is None else resize(pixels, size)


def _features(run: Run) -> tuple[Predictor | None, np.ndarray | None]:
    """Return a run's features, or the model that is asked for them."""
    if (run.folder / FEATURES_FILE).is_file():
        return None, read_features(run)
    return load_predictor(run.served_model), None


def _parts(run: Run, table: pd.DataFrame) -> list[str]:
    """Return the part of the model's run that had each image, known by its content where a folder was scored."""
    if evaluation_record(run) is None:
        return list(table["split"])
    metadata: ServedMetadata = load_predictor(run.served_model).metadata
    return [metadata.split_of(digest) or "" for digest in table["sha256"]]


def _shares(
    looked: _Looked, near: IntArray, classes: IntArray, stains: IntArray, groups: IntArray
) -> dict[str, _Shares]:
    spread = looked.colours.std(axis=0)
    colours = (looked.colours - looked.colours.mean(axis=0)) / np.where(spread > 0, spread, 1.0)

    def of_class(vectors: np.ndarray) -> FloatArray:
        return shared(nearest(vectors, groups, NEIGHBOURS, classes), stains)

    return {
        "class_by_features": _plain(shared(near, classes)),
        "class_by_colours": _plain(shared(nearest(colours, groups, NEIGHBOURS), classes)),
        "class_by_chance": _plain(shared_by_chance(classes, groups)),
        "stain_by_features": _plain(of_class(looked.directions)),
        "stain_by_colours": _plain(of_class(colours)),
        "stain_by_chance": _plain(shared_by_chance(stains, groups, classes)),
    }


def _plain(values: FloatArray) -> _Shares:
    return [None if np.isnan(value) else float(value) for value in values]
