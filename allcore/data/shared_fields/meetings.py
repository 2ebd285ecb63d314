"""Meetings: landmarks of different images whose descriptions are alike, found by hashing.

Like descriptions fall into the same bucket of a random-hyperplane hash (Charikar 2002); the number of buckets grows
with the number of landmarks, so that the work grows about as that number does, not as its square. Most meetings are
chance, and of many images there are more than memory holds: they are looked for block by block of the first image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from allcore.data.shared_fields.landmarks import LENGTH, MIRRORED, Landmarks
from allcore.threads import in_threads

_TABLES = 8
_LIKENESS = 0.92
"""Least cosine of two descriptions that count as the same place."""
_EXTRA_BITS = 2
_CROWDED = 32
_BLOCK = 1 << 21
"""Landmarks of the first block: some 4,000 images, whose meetings with all others take 0.4 GB among 100,000."""
_CHUNK = 1 << 14
"""Landmarks whose like are looked for at once."""
_NUMBER_BITS = 32
"""Bits of a landmark's number, beside its bucket's in 64 bits."""


def find_meetings(
    landmarks: Landmarks, workers: int, on_share: Callable[[float], None] | None = None
) -> Iterator[list[np.ndarray]]:
    """Yield which landmarks are alike, those of some images with those of all that come after them.

    They are one * count + other, int64, in order, each once: of the images as they are, and of those that are mirrored.
    `on_share` is told the share that is done.
    """
    descriptions = landmarks.descriptions
    mean_square = np.einsum("ij,ij->j", descriptions, descriptions, dtype=np.float64) / len(descriptions)
    spread = np.sqrt(mean_square + 1e-8)
    for begin, end in _blocks(landmarks.owners):
        chunks = [(at, min(at + _CHUNK, end)) for at in range(begin, end, _CHUNK)]
        plain: list[np.ndarray] = []
        mirrored: list[np.ndarray] = []
        for number in range(_TABLES):
            for ways in in_threads(_Table(landmarks, spread, number, workers).met, chunks, workers):
                plain.append(ways[0])
                mirrored.append(ways[1])
            if on_share is not None:
                on_share((begin + (number + 1) / _TABLES * (end - begin)) / len(descriptions))
        yield [_each_once(plain), _each_once(mirrored)]


def _blocks(owners: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield where blocks of landmarks begin and end, each with all landmarks of some images.

    They grow, as fewer and fewer images are left with which theirs can meet.
    """
    count, begin = len(owners), 0
    starts = np.append(np.flatnonzero(np.diff(owners, prepend=-1)), count)
    while begin < count:
        most = begin + _BLOCK * count // (count - begin)
        end = int(starts[max(np.searchsorted(starts, most, "right") - 1, np.searchsorted(starts, begin) + 1)])
        yield begin, end
        begin = end


def _each_once(parts: list[np.ndarray]) -> np.ndarray:
    """Return each number of the parts once, in order, and empty the list, whose memory would be missed.

    Millions that hardly repeat take `np.unique` forty times as long.
    """
    numbers = np.concatenate(parts)
    parts.clear()
    numbers.sort()
    return numbers[np.append(True, numbers[1:] != numbers[:-1])[: len(numbers)]]


class _Table:
    """One of the hash tables: the buckets of all landmarks."""

    def __init__(self, landmarks: Landmarks, spread: np.ndarray, number: int, workers: int) -> None:
        self._landmarks = landmarks
        count, width = landmarks.descriptions.shape
        bits = min(width, max(1, int(np.ceil(np.log2(max(count, 2)))) + _EXTRA_BITS))
        rng = np.random.default_rng(number)
        planes = np.linalg.qr(rng.normal(size=(width, width)))[0][:, :bits] / spread[:, None]
        self._planes = planes.astype(np.float32)
        sample = landmarks.descriptions[rng.integers(count, size=min(count, 20_000))]
        self._threshold = np.median(sample.astype(np.float32) @ self._planes, axis=0)
        self._placed = np.empty(count, np.int64)  # in order: the bucket of each landmark, and then its number
        for _ in in_threads(self._place, range(0, count, _CHUNK), workers):
            pass
        self._placed.sort()

    def _place(self, begin: int) -> None:
        codes = self._codes(self._landmarks.descriptions[begin : begin + _CHUNK].astype(np.float32))
        self._placed[begin : begin + _CHUNK] = codes << _NUMBER_BITS | np.arange(begin, begin + len(codes))

    def met(self, chunk: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Return what some landmarks meet in images that come after theirs, as those are, and as they are mirrored."""
        return self._met(*chunk, np.ones_like(MIRRORED)), self._met(*chunk, MIRRORED)

    def _met(self, begin: int, end: int, signs: np.ndarray) -> np.ndarray:
        """Return the pairs of which the first, with these signs, falls into the bucket of the other."""
        descriptions, owners = self._landmarks.descriptions, self._landmarks.owners
        signed = descriptions[begin:end].astype(np.float32) * signs
        codes = self._codes(signed)
        order = np.argsort(codes)  # neighbours are looked up one after the other, which memory rewards
        codes = codes[order]
        first = np.searchsorted(self._placed, codes << _NUMBER_BITS)
        held = np.searchsorted(self._placed, (codes + 1) << _NUMBER_BITS) - first
        held[held > _CROWDED] = 0  # what is everywhere (a burnt-in label, an even background) says nothing
        one = np.repeat(order, held)
        within = np.arange(len(one)) - np.repeat(np.cumsum(held) - held, held)
        other = self._placed[np.repeat(first, held) + within] & ((1 << _NUMBER_BITS) - 1)
        apart = owners[begin + one] < owners[other]
        one, other = one[apart], other[apart]
        likeness = np.einsum("ij,ij->i", signed[one], descriptions[other].astype(np.float32))
        alike = likeness > _LIKENESS * LENGTH**2
        return (begin + one[alike]) * len(owners) + other[alike]

    def _codes(self, descriptions: np.ndarray) -> np.ndarray:
        """Return the bucket, int64 (N,), of each of some descriptions, float32."""
        bits = np.zeros((len(descriptions), _NUMBER_BITS), bool)
        np.greater(descriptions @ self._planes, self._threshold, out=bits[:, : self._planes.shape[1]])
        return np.packbits(bits, axis=1, bitorder="little").view("<u4")[:, 0].astype(np.int64)
