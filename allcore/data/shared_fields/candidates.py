"""Candidates: pairs of images several of whose landmarks agree on one placement, found by hashing.

Like descriptions fall into the same bucket of a random-hyperplane hash (Charikar 2002); the number of buckets grows
with the number of landmarks, so that the work grows about as that number does, not as its square. Every two landmarks
that meet propose how one image lies on the other; a placement that several propose is a candidate.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from allcore.data.shared_fields.landmarks import FREQUENCIES, Landmarks
from allcore.data.shared_fields.orientation import ORIENTATIONS, turn_frequencies, turn_points

TABLES = 6
LIKENESS = 0.95
"""Least cosine of two descriptions that count as the same place."""
VOTES = 2
_EXTRA_BITS = 2
_CROWDED = 32
_CELL = 6
"""Side in pixels of the cells in which proposed shifts are counted, each with its eight neighbours."""
_SHIFT_CELLS = 1 << 10
_CHUNK = 1 << 17


@dataclass(frozen=True)
class Candidates:
    """C placements of image `first` on image `second`.

    first, second, orientation, votes: int64 (C,); shift: int64 (C, 2), x and y in pixels by which `first`, turned to
    `orientation`, is moved.
    """

    first: np.ndarray
    second: np.ndarray
    orientation: np.ndarray
    shift: np.ndarray
    votes: np.ndarray


def propose(landmarks: Landmarks, workers: int, on_orientation: Callable[[int], None] | None = None) -> Candidates:
    """Return the placements that at least `VOTES` pairs of landmarks propose, one for a pair of images."""
    table = _HashTable.of(landmarks)
    found = []
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for meetings in pool.map(lambda orientation: _meetings(landmarks, table, orientation), ORIENTATIONS):
            found.append(meetings)
            if on_orientation is not None:
                on_orientation(len(found))
    return _count_votes(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


@dataclass(frozen=True)
class _HashTable:
    """Random hyperplanes (T, K, bits) with thresholds (T, bits), and the landmarks sorted by bucket in each table."""

    planes: np.ndarray
    thresholds: np.ndarray
    order: list[np.ndarray]
    starts: list[np.ndarray]

    @staticmethod
    def of(landmarks: Landmarks) -> _HashTable:
        descriptions = landmarks.descriptions
        count, width = descriptions.shape
        bits = min(width, max(1, int(np.ceil(np.log2(max(count, 2)))) + _EXTRA_BITS))
        rng = np.random.default_rng(0)
        spread = _spread(descriptions)
        rotations = [np.linalg.qr(rng.normal(size=(width, width)))[0][:, :bits] for _ in range(TABLES)]
        planes = np.stack([(rotation / spread[:, None]).astype(np.float32) for rotation in rotations])
        sample = descriptions[rng.integers(count, size=min(count, 20_000))]
        thresholds = np.stack([np.median(sample @ plane, axis=0) for plane in planes])
        order, starts = [], []
        for plane, threshold in zip(planes, thresholds, strict=True):
            codes = _codes(descriptions, plane, threshold)
            order.append(np.argsort(codes, kind="stable").astype(np.int32))
            starts.append(np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=1 << bits))]))
        return _HashTable(planes, thresholds, order, starts)


def _spread(descriptions: np.ndarray) -> np.ndarray:
    """Return the root mean square (K,) of each frequency, alike for (u, v) and (v, u), so that every one counts."""
    squares = np.square(descriptions).mean(axis=0)
    place = {(int(u), int(v)): column for column, (u, v) in enumerate(FREQUENCIES)}
    transposed = np.array([place[int(v), int(u)] for u, v in FREQUENCIES])
    return np.sqrt((squares + squares[transposed]) / 2 + 1e-12)


def _codes(descriptions: np.ndarray, planes: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Return the bucket (N,) of each description."""
    return (descriptions @ planes > threshold) @ (1 << np.arange(planes.shape[1]))


def _meetings(landmarks: Landmarks, table: _HashTable, orientation: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which placements landmarks propose in one orientation, each pair of landmarks once.

    int64 (P, 3): first image, second image, orientation; int64 (P, 2): the shift in pixels.
    """
    turned = turn_frequencies(landmarks.descriptions, FREQUENCIES, orientation)
    met = [
        _meet_in_one(landmarks, turned, _codes(turned, plane, threshold), order, starts)
        for plane, threshold, order, starts in zip(
            table.planes, table.thresholds, table.order, table.starts, strict=True
        )
    ]
    pairs = np.unique(np.concatenate(met))
    count = len(landmarks.points)
    one, other = pairs // count, pairs % count
    first, second = landmarks.owners[one], landmarks.owners[other]
    placed = turn_points(landmarks.points[one], landmarks.sides[first], orientation)
    images = np.stack([first, second, np.full_like(first, orientation)], axis=1)
    return images.astype(np.int64), (landmarks.points[other] - placed).astype(np.int64)


def _meet_in_one(
    landmarks: Landmarks, turned: np.ndarray, codes: np.ndarray, order: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """Return pairs of like landmarks of different images in the buckets of one table, as one * count + other."""
    held = starts[codes + 1] - starts[codes]
    held[held > _CROWDED] = 0  # what is everywhere (a burnt-in label, an even background) says nothing
    met = []
    for begin in range(0, len(codes), _CHUNK):
        here = held[begin : begin + _CHUNK]
        one = np.repeat(np.arange(begin, begin + len(here)), here)
        within = np.arange(len(one)) - np.repeat(np.cumsum(here) - here, here)
        other = order[starts[codes[one]] + within].astype(np.int64)
        apart = landmarks.owners[one] < landmarks.owners[other]
        one, other = one[apart], other[apart]
        alike = np.einsum("ij,ij->i", turned[one], landmarks.descriptions[other]) > LIKENESS
        met.append(one[alike] * len(codes) + other[alike])
    return np.concatenate(met)


def _count_votes(images: np.ndarray, shifts: np.ndarray) -> Candidates:
    """Return the placement with most votes of each pair of images, if it has `VOTES`."""
    cells = shifts // _CELL + _SHIFT_CELLS // 2
    pair = (images[:, 0] << 32) + images[:, 1]
    pair_names, pair_of = np.unique(pair, return_inverse=True)
    place = ((pair_of * len(ORIENTATIONS) + images[:, 2]) * _SHIFT_CELLS + cells[:, 0]) * _SHIFT_CELLS + cells[:, 1]
    places, place_of, counts = np.unique(place, return_inverse=True, return_counts=True)
    votes = np.zeros(len(places), np.int64)
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            neighbour = places + dx * _SHIFT_CELLS + dy
            at = np.searchsorted(places, neighbour).clip(max=len(places) - 1)
            votes += np.where(places[at] == neighbour, counts[at], 0)
    pair_of_place = places // (_SHIFT_CELLS**2 * len(ORIENTATIONS))
    best = np.lexsort((counts, votes, pair_of_place))
    best = best[np.append(pair_of_place[best][1:] != pair_of_place[best][:-1], True)] if len(best) else best
    best = best[votes[best] >= VOTES]
    sums = np.stack([np.bincount(place_of, shifts[:, axis], len(places)) for axis in (0, 1)], axis=1)
    names = pair_names[pair_of_place[best]]
    return Candidates(
        first=names >> 32,
        second=names & 0xFFFFFFFF,
        orientation=places[best] // _SHIFT_CELLS**2 % len(ORIENTATIONS),
        shift=np.rint(sums[best] / counts[best, None]).astype(np.int64),
        votes=votes[best],
    )
