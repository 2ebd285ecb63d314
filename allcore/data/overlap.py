"""Which images of a dataset show the same: exact duplicates and shared fields, connected into groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from allcore.data.decoded import decoded_images
from allcore.data.shared_fields.search import COLUMNS, SEARCH_VERSION, find_shared_fields
from allcore.errors import FileError
from allcore.files import read_file
from allcore.progress import Progress
from allcore.result_cache import cache_result, cached_file

_LARGEST_BYTES = 2**31


@dataclass(frozen=True)
class Overlap:
    """What images have in common with each other.

    `exact` are the pairs of paths with identical pixels, each image paired with the first of its kind. `fields` has a
    row for every pair of other images that show the same region of a slide: the columns of `find_shared_fields`, with
    the paths as `first` and `second`. `groups` is the group number of each image, int64 in the images' order: what
    pairs connect, also through others, shares one.
    """

    exact: list[tuple[str, str]]
    fields: pd.DataFrame
    groups: np.ndarray

    def among(self, images: pd.DataFrame, kept: pd.DataFrame) -> Overlap:
        """Return the overlap of those of its `images` (catalog rows) that are `kept`: groups stay what they were."""
        if len(kept) == len(images):
            return self
        paths = set(kept["path"])
        exact = [pair for pair in self.exact if paths.issuperset(pair)]
        fields = self.fields[self.fields["first"].isin(paths) & self.fields["second"].isin(paths)]
        groups = self.groups[images["path"].isin(paths).to_numpy()]
        return Overlap(exact, fields.reset_index(drop=True), pd.factorize(groups)[0].astype(np.int64))


def find_overlap(root: Path, images: pd.DataFrame, cache: Path, on_progress: Progress | None = None) -> Overlap:
    """Return the overlap of usable catalog rows below `root`, searching for shared fields unless `cache` knows them.

    What was found is cached by the images' content, not by their files' names. Raises `DatasetError` when an image
    changed since it was catalogued.
    """
    known = known_overlap(images, cache)
    if known is not None:
        return known
    decoded = decoded_images(root, images, cache)
    distinct = (
        images["pixel_sha256"].reset_index(drop=True).drop_duplicates().sort_values()
    )  # whatever files are called
    found = find_shared_fields([decoded[row] for row in distinct.index], on_progress)
    for side in ("first", "second"):
        found[side] = distinct.to_numpy()[found[side].to_numpy(np.int64)]
    cache_result(_found_file(images, cache), lambda unfinished: found.to_parquet(unfinished, index=False))
    return _of_paths(images, found)


def known_overlap(images: pd.DataFrame, cache: Path) -> Overlap | None:
    """Return the overlap of catalog rows when these images were searched before, else None."""
    if images.empty:
        return _of_paths(images, pd.DataFrame(columns=list(COLUMNS)))
    from pyarrow import parquet  # most commands can do without

    try:
        content = pa.BufferReader(read_file(_found_file(images, cache), _LARGEST_BYTES))
        # without pandas' own notes: JSON, which may be damaged in any way
        found = parquet.read_table(content).replace_schema_metadata().to_pandas()
    except (FileError, OSError, ValueError, pa.ArrowException):
        return None
    return _of_paths(images, found) if set(COLUMNS) <= set(found.columns) else None


def exact_overlap(images: pd.DataFrame) -> Overlap:
    """Return what the catalog alone shows: exact duplicates, and no shared fields."""
    return _of_paths(images, pd.DataFrame(columns=list(COLUMNS)))


def exact_duplicate_pairs(images: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the pairs of paths whose decoded pixels are identical, each image paired with the first of its kind."""
    pairs = []
    repeated = images[images["pixel_sha256"].duplicated(keep=False)]
    for _, rows in repeated.groupby("pixel_sha256", sort=False):
        first, *others = rows["path"]
        pairs += [(first, other) for other in others]
    return pairs


def connect(paths: Sequence[str], pairs: Iterable[tuple[str, str]]) -> np.ndarray:
    """Return a group number for each path, int64 of shape (len(paths),): paths that pairs connect share one.

    Groups are numbered from 0 in the order in which they first appear.
    """
    from scipy.sparse import coo_array  # most commands can do without
    from scipy.sparse.csgraph import connected_components

    position = {path: index for index, path in enumerate(paths)}
    edges = np.array([(position[a], position[b]) for a, b in pairs], dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(len(paths), len(paths)))
    _, component = connected_components(graph, directed=False)  # visits in order, so numbers by first appearance
    return component.astype(np.int64)


def _of_paths(images: pd.DataFrame, found: pd.DataFrame) -> Overlap:
    """Return the overlap that pairs of pixel digests mean for files; every copy of a picture has its pairs."""
    files = images[["pixel_sha256", "path"]]
    fields = found.rename(columns={"first": "first_pixels", "second": "second_pixels"})
    for side in ("first", "second"):
        fields = fields.merge(files.rename(columns={"pixel_sha256": f"{side}_pixels", "path": side}), how="inner")
    fields = fields[list(COLUMNS)].sort_values(["first", "second"], ignore_index=True)
    exact = exact_duplicate_pairs(images)
    pairs = [*exact, *zip(fields["first"], fields["second"], strict=True)]
    return Overlap(exact, fields, connect(list(images["path"]), pairs))


def _found_file(images: pd.DataFrame, cache: Path) -> Path:
    content = "\n".join([str(SEARCH_VERSION), *sorted(images["pixel_sha256"].unique())])
    return cached_file(cache, "overlap", content, ".parquet")
