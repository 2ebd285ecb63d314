"""What is looked at before a run is made: every mistake that can be seen now is said now."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec
from pathlib import Path
from threading import RLock
from typing import Any, Final, TypeVar

import pandas as pd

from allcore.config import TrainConfig
from allcore.config_parts import SplitConfig
from allcore.data.catalog import scan
from allcore.data.folder.links import from_home
from allcore.data.importing.dataset_note import present_place
from allcore.data.labels.versions import LabelVersion, label_version
from allcore.data.relations import Relations, find_relations_of
from allcore.data.splits.split import Split, make_split
from allcore.errors import ConfigError, InputError
from allcore.inference.model_file import LARGEST_BYTES
from allcore.installation import command_that_adds
from allcore.model.weights_files import weights_file
from allcore.progress import Progress

Look = Callable[[TrainConfig, Split], None]
"""A further look at a run's configuration, resolved, and its split; it raises `InputError` where they will not do."""
_Found = TypeVar("_Found")
_known: ContextVar[tuple[dict[Hashable, Any], RLock] | None] = ContextVar("_known", default=None)
_MOST_KNOWN: Final = 32
"""How much of what launches have in common is kept: a study's members that share a split follow each other."""

_BESIDE_WEIGHTS: Final = 2**26
"""Bytes of a served file that are no weights: its graph and its description, 64 MiB at the most."""

TRAINING_PACKAGES: Final = ("tensorflow", "keras", "onnx", "h5py")


def training_missing() -> str:
    """Return which package that training needs is not installed, with the command that adds it; '' where all are."""
    missing = [name for name in TRAINING_PACKAGES if find_spec(name) is None]
    if not missing:
        return ""
    return f"training needs {missing[0]}, which is not installed; add it with: {command_that_adds('train')}"


def require_training() -> None:
    """Raise `InputError` where a package that training needs is not installed."""
    if missing := training_missing():
        raise InputError(missing)


def with_groups_absolute(split: SplitConfig) -> SplitConfig:
    """Return how images are divided, with the path of its table of groups absolute, and as it is now."""
    if split.groups is None:
        return split
    return split.model_copy(update={"groups": present_place(str(from_home(split.groups)))})


@contextmanager
def looked_at_once() -> Iterator[None]:
    """Let `prepare`, within the block, look once at each dataset and file of weights, and divide by each split once.

    For many launches at one moment, in threads too, each of which has a copy of this context.
    """
    token = _known.set(({}, RLock()))
    try:
        yield
    finally:
        _known.reset(token)


def _once(what: Hashable, find: Callable[[], _Found]) -> _Found:
    """Return what `find` does; within `looked_at_once` it is asked once, and whoever asks meanwhile waits."""
    if (shared := _known.get()) is None:
        return find()
    known, finding = shared
    with finding:
        found: _Found = known.pop(what) if what in known else find()
        known[what] = found  # the last, so that what is asked for again and again stays
        if len(known) > _MOST_KNOWN:
            del known[next(iter(known))]
        return found


def check_can_be_served(config: TrainConfig, classes: int) -> None:
    """Raise `ConfigError` where the trained network would be larger than an ONNX file can be."""
    size = 4 * config.parameter_count(classes)
    if size + _BESIDE_WEIGHTS >= LARGEST_BYTES:
        raise ConfigError(
            f"the network's weights take {size / 2**30:.2f} GiB, and a served model's file has "
            f"{LARGEST_BYTES / 2**30:g} GiB at the most, its description included; use head gap (--head gap), fewer "
            f"dense units than {config.dense_units} or a smaller image size than {config.image_size}"
        )


def prepare(
    config: TrainConfig, cache: Path, on_progress: Progress | None = None, judgements: Path | None = None
) -> tuple[TrainConfig, Split]:
    """Return the configuration with its paths made absolute, its variant and its labels named, and the run's split.

    `judgements` is the file of what was judged of labels. Raises `DatasetError` when the dataset cannot be trained on,
    `WeightsError` when the weights are another network's, `ConfigError` when the network is too large to be served.
    """
    file = weights_file(config.weights, config.trunk)
    if file is not None:
        from allcore.model.initial_weights import check_weights_file  # h5py: the app does without it until a launch

        _once((file, config.network), lambda: check_weights_file(file, config.trunk))
    dataset = (config.dataset, config.variant, config.labels, cache, judgements)
    version, images, relations = _once(dataset, lambda: _look_at(config, cache, on_progress, judgements))
    divided = with_groups_absolute(config.split)
    split = _once((*dataset, divided), lambda: make_split(images, divided, relations))
    check_can_be_served(config, len(split.classes))
    catalog = version.catalog
    resolved = config.model_copy(
        update={
            "dataset": str(catalog.root.resolve()),
            "variant": catalog.variant(config.variant),
            "labels": version.name,
            "weights": str(file) if file is not None else config.weights,
            "split": divided,
        }
    )
    return resolved, split


def _look_at(
    config: TrainConfig, cache: Path, on_progress: Progress | None, judgements: Path | None
) -> tuple[LabelVersion, pd.DataFrame, Relations]:
    """Return the version of a dataset's labels, the images to be trained on, and how they belong together."""
    version = label_version(scan(Path(config.dataset), cache, on_progress), config.variant, config.labels, judgements)
    images = version.catalog.trainable_images(config.variant)
    return version, images, find_relations_of(version.catalog, config.variant, cache, on_progress)
