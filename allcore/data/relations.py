"""How the images of a dataset belong together: what shows the same field, and what shares a stain."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from allcore.data.catalog import Catalog
from allcore.data.labels.versions import compared_images
from allcore.data.overlap import Overlap, exact_overlap, find_overlap, known_overlap
from allcore.data.stain.clusters import WORK as CLUSTERS_WORK
from allcore.data.stain.clusters import find_stains
from allcore.errors import FileError
from allcore.json_text import read_json
from allcore.progress import Progress
from allcore.result_cache import cache_text, cached_file

_LARGEST_BYTES = 2**28


@dataclass(frozen=True)
class Relations:
    """Overlap of images with each other, and the stain cluster of each image, text (N,); '' where it is not known.

    `searched` says whether shared fields were looked for, or only exact duplicates.
    """

    overlap: Overlap
    stains: np.ndarray
    searched: bool

    @property
    def groups(self) -> np.ndarray:
        """The overlap group of each image, int64 (N,)."""
        return self.overlap.groups


def find_relations(root: Path, images: pd.DataFrame, cache: Path, on_progress: Progress | None = None) -> Relations:
    """Return the relations of usable catalog rows below `root`, from `cache` where these images were seen before.

    Raises `DatasetError` when an image changed since it was catalogued.
    """
    return _with_stains(root, images, find_overlap(root, images, cache, on_progress), cache)


def find_relations_of(
    catalog: Catalog, variant: str | None, cache: Path, on_progress: Progress | None = None
) -> Relations:
    """Return the relations of the usable images of a catalog's variant, as `find_relations` does.

    An image that a version of the labels excludes is compared all the same: its twins stay together, and nothing is
    searched anew. One that has another class keeps its overlap group.
    """
    images, compared = catalog.images(variant), compared_images(catalog, variant)
    overlap = find_overlap(catalog.root, compared, cache, on_progress)
    return _with_stains(catalog.root, images, overlap.among(compared, images), cache)


def known_relations_of(catalog: Catalog, variant: str, cache: Path) -> Relations:
    """Return what is known of the usable images of a catalog's variant without a search."""
    images, compared = catalog.images(variant), compared_images(catalog, variant)
    overlap = known_overlap(compared, cache)
    if overlap is None:
        return catalog_relations(images)
    overlap = overlap.among(compared, images)
    stains = _known_stains(images, overlap.groups, cache)
    return catalog_relations(images) if stains is None else Relations(overlap, stains, searched=True)


def catalog_relations(images: pd.DataFrame) -> Relations:
    """Return what the catalog alone shows: exact duplicates."""
    return Relations(exact_overlap(images), np.full(len(images), "", object), searched=False)


def _with_stains(root: Path, images: pd.DataFrame, overlap: Overlap, cache: Path) -> Relations:
    stains = _known_stains(images, overlap.groups, cache)
    if stains is None:
        stains = find_stains(root, images, overlap.groups, cache)
        kept = json.dumps(dict(zip(_labelled(images), stains, strict=True)))
        cache_text(_stains_file(images, overlap.groups, cache), kept)
    return Relations(overlap, stains, searched=True)


def _stains_file(images: pd.DataFrame, groups: np.ndarray, cache: Path) -> Path:
    """Return where the clusters of images in such groups are kept, whatever the files and groups are called."""
    labelled = _labelled(images).to_numpy(object)
    order = np.argsort(labelled)  # equal ones share a group
    numbers, _ = pd.factorize(groups[order])
    lines = [f"{image} {number}" for image, number in zip(labelled[order], numbers, strict=True)]
    return cached_file(cache, "stains", "\n".join([f"clusters {CLUSTERS_WORK}", *lines]), ".json")


def _known_stains(images: pd.DataFrame, groups: np.ndarray, cache: Path) -> np.ndarray | None:
    try:
        stains = read_json(_stains_file(images, groups, cache), _LARGEST_BYTES)
        return np.array([stains[image] for image in _labelled(images)], object)
    except (FileError, KeyError, TypeError):
        return None


def _labelled(images: pd.DataFrame) -> pd.Series:
    return images["label"] + " " + images["pixel_sha256"]
