"""Candidates: pairs of images several of whose landmarks agree on one placement.

Every two landmarks that meet propose how one image lies on the other, by their places, directions and levels; a
placement that several propose (Ballard's Hough transform, 1981) is a candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from allcore.data.shared_fields.landmarks import LEVEL, LEVELS, Landmarks
from allcore.data.shared_fields.meetings import find_meetings
from allcore.threads import in_threads

_VOTES = 2
VOTES_AT_ANY_ANGLE = 4
"""Landmarks that are needed to tell a placement at any angle and size from chance."""
_SHIFT_CELL = 8.0
"""Side in pixels of the cells in which proposed shifts are counted, each with its neighbours."""
_SHIFT_CELLS = 1 << 9
_ANGLE_CELLS = 24
_MEETINGS = 1 << 18
"""Meetings that are counted at once, of one image or more: each takes some 150 bytes meanwhile."""


class Candidate(NamedTuple):
    """How image `first` lies on image `second`: what several landmarks of both agree on.

    `ones` and `others`, float32 (n, 2), are their places in pixels from the middles of the images; `angle`, in degrees
    counter-clockwise, is by how much the first is turned, `grown` by how many levels it is then smaller.
    """

    first: int
    second: int
    mirrored: bool
    angle: float
    grown: int
    ones: np.ndarray
    others: np.ndarray


def propose(landmarks: Landmarks, workers: int, on_share: Callable[[float], None] | None = None) -> list[Candidate]:
    """Return the placements that several pairs of landmarks propose, one for a pair of images.

    Most fields are photographed again as they were: near a quarter turn in the same size `_VOTES` are enough, elsewhere
    `VOTES_AT_ANY_ANGLE` are needed. `on_share` is told the share that is done.
    """
    candidates: list[Candidate] = []
    for meetings in find_meetings(landmarks, workers, on_share):
        counted = in_threads(lambda some: _count_votes(landmarks, *some), _by_images(landmarks, meetings), workers)
        candidates.extend(candidate for some in counted for candidate in some)
        meetings.clear()  # or they would be held until the next are there
    return candidates


def _by_images(
    landmarks: Landmarks, meetings: Sequence[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield landmarks that meet, one, other and whether mirrored, some at a time, all of an image's together.

    `meetings`, as they are and mirrored, are one * count + other, in order.
    """
    count, images = len(landmarks.points), int(landmarks.owners[-1]) + 1
    starts = np.searchsorted(landmarks.owners, np.arange(images + 1)) * count
    edges = [np.searchsorted(each, starts) for each in meetings]
    before = np.sum(edges, axis=0)
    begin = 0
    while begin < images:
        end = max(begin + 1, int(np.searchsorted(before, before[begin] + _MEETINGS, side="right")) - 1)
        parts = [each[edge[begin] : edge[end]] for each, edge in zip(meetings, edges, strict=True)]
        pairs, begin = np.concatenate(parts), end
        yield pairs // count, pairs % count, np.repeat([False, True], [len(part) for part in parts])


def _count_votes(landmarks: Landmarks, one: np.ndarray, other: np.ndarray, mirrored: np.ndarray) -> list[Candidate]:
    """Return the placement with most votes of each pair of images, if it has `_VOTES`."""
    pair = landmarks.owners[one].astype(np.int64) * (landmarks.owners[-1] + 1) + landmarks.owners[other]
    _, pair, votes = np.unique(pair, return_inverse=True, return_counts=True)
    several = votes[pair] >= _VOTES
    one, other, mirrored, pair = one[several], other[several], mirrored[several], pair[several]
    if len(one) == 0:
        return []
    grown, turn, shift_x, shift_y = _proposed(landmarks, one, other, mirrored)
    kind = 2 * (grown + LEVELS) + mirrored
    angle = np.floor(turn / (2 * np.pi) * _ANGLE_CELLS).astype(np.int64) % _ANGLE_CELLS
    x, y = _shift_cells(shift_x, grown), _shift_cells(shift_y, grown)
    alone, votes = _votes(pair * (4 * LEVELS) + kind, angle, x, y)
    votes[(votes < VOTES_AT_ANY_ANGLE) & ~_near_quarter_turn(grown, angle)] = 0
    order = np.lexsort((alone, votes, pair))
    last = np.append(pair[order][1:] != pair[order][:-1], True)
    best = np.zeros(pair.max() + 1, np.int64)
    best[pair[order[last]]] = order[last]
    best = best[pair]
    turned = (angle - angle[best] + 1) % _ANGLE_CELLS <= 2
    agree = (kind == kind[best]) & turned & (abs(x - x[best]) <= 1) & (abs(y - y[best]) <= 1) & (votes[best] >= _VOTES)
    members = np.flatnonzero(agree)
    members = members[np.argsort(pair[members], kind="stable")]
    if len(members) == 0:
        return []
    one, other, mirrored, grown, turn = (each[members] for each in (one, other, mirrored, grown, turn))
    starts = np.append(0, np.flatnonzero(np.diff(pair[members])) + 1)
    ones, others, angles = landmarks.points[one], landmarks.points[other], _mean_angles(turn, starts)
    first, second = landmarks.owners[one], landmarks.owners[other]
    return [
        Candidate(
            int(first[start]), int(second[start]), bool(mirrored[start]), angle, int(grown[start]),
            ones[start:end], others[start:end],
        )
        for start, end, angle in zip(starts, [*starts[1:], len(members)], angles, strict=True)
    ]  # fmt: skip


def _votes(kind: np.ndarray, angle: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many proposals lie in the cell of each, int64 (P,), and how many in it and in its neighbours."""
    turn = _SHIFT_CELLS**2
    cells = (kind * _ANGLE_CELLS + angle) * turn + x * _SHIFT_CELLS + y
    places, at, counts = np.unique(cells, return_inverse=True, return_counts=True)
    before = np.append(0, np.cumsum(counts))
    angles, votes = places // turn % _ANGLE_CELLS, np.zeros(len(places), np.int64)
    for further, right in product((-1, 0, 1), repeat=2):  # looked up in their order, which memory rewards
        near = places + ((angles + further) % _ANGLE_CELLS - angles) * turn + right * _SHIFT_CELLS
        votes += before[np.searchsorted(places, near + 1, "right")] - before[np.searchsorted(places, near - 1)]
    return counts[at], votes[at]


def _near_quarter_turn(grown: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Return which proposals, bool (P,), leave the size and lie in an angle cell that touches a quarter turn."""
    quarter = _ANGLE_CELLS // 4
    return (grown == 0) & np.isin(angle % quarter, (0, quarter - 1))


def _mean_angles(turns: np.ndarray, starts: np.ndarray) -> list[float]:
    """Return the means of angles in radians from x to y, those from each start on, as degrees counter-clockwise."""
    sines, cosines = (np.add.reduceat(each(turns), starts) for each in (np.sin, np.cos))
    return (-np.degrees(np.arctan2(sines, cosines))).tolist()


def _proposed(
    landmarks: Landmarks, one: np.ndarray, other: np.ndarray, mirrored: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return what each meeting proposes, (P,) each: levels grown, turn in radians from x to y, shift in x and in y."""
    grown = landmarks.levels[other].astype(np.int64) - landmarks.levels[one]
    before = landmarks.directions[one]
    turn = landmarks.directions[other] - np.where(mirrored, np.pi - before, before)
    x, y = landmarks.points[one].T
    x = np.where(mirrored, -x, x)
    cosine, sine = LEVEL**grown * np.cos(turn), LEVEL**grown * np.sin(turn)
    shift_x = landmarks.points[other, 0] - (cosine * x - sine * y)
    shift_y = landmarks.points[other, 1] - (sine * x + cosine * y)
    return grown, turn, shift_x, shift_y


def _shift_cells(shift: np.ndarray, grown: np.ndarray) -> np.ndarray:
    """Return the cell (P,) of each shift along a side: what is enlarged lies less exactly."""
    cells = np.floor(shift / (_SHIFT_CELL * np.maximum(LEVEL**grown, 1))).astype(np.int64)
    return (cells + _SHIFT_CELLS // 2).clip(1, _SHIFT_CELLS - 2)
