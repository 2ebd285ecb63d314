"""How well and how fast shared fields are found: on planted overlaps, a real dataset, and four times as many images.

    python -m benchmarks.overlap_search [--data DIR]

Planted overlaps are pairs of crops that share a quarter of their frame or more, moved in any direction, turned and
mirrored, each compressed anew: of larger generated fields and, with --data, of real images. Copies are whole images in
another size, at another angle or brightness, compressed anew. Perceptual hashing
(difference hash of 8 × 8, Hamming distance up to 10, in eight orientations) stands beside them.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from allcore.data.catalog import scan
from allcore.data.decoded import decoded_images
from allcore.data.shared_fields.placement import Placement
from allcore.data.shared_fields.search import find_shared_fields
from allcore.workspace import open_workspace
from benchmarks.claims.drawn import drawn_field

GENERATED, REAL = 200, 400
SIDE = 224
COPIED = 48
COPIES = {
    "copies in half the size": Placement(0.5, 0, False, 0, 0),
    "copies in 0.9 of the size": Placement(0.9, 0, False, 0, 0),
    "copies half as large again": Placement(1.5, 0, False, 0, 0),
    "copies turned by 5 degrees": Placement(1, 5, False, 0, 0),
    "copies turned by 13 degrees": Placement(1, 13, False, 0, 0),
    "copies turned by 90 degrees and mirrored": Placement(1, 90, True, 0, 0),
    "copies in 0.9 of the size, turned by 5": Placement(0.9, 5, False, 0, 0),
}
LIGHT = {"copies at brightness 0.8": 0.8, "copies at brightness 1.2": 1.2}
ORIENTATIONS = range(8)
HASH_DISTANCE = 10

Pairs = set[tuple[int, int]]


def main() -> None:
    """Print a table for planted overlaps, and for a real dataset when one is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a dataset folder, as DIR/Original of the ALL images")
    data = parser.parse_args().data
    rng = np.random.default_rng(0)
    print(f"{'planted overlaps':<44}{'images':>8}{'recall':>9}{'precision':>11}{'by hash':>9}{'seconds':>9}")
    fields = [drawn_field(number, 2 * SIDE) for number in range(GENERATED)]
    _report("generated fields, crops of 224 px", *_plant(fields, SIDE, rng))
    if data is None:
        _report_copies("generated fields", [field[:SIDE, :SIDE] for field in fields[:COPIED]], rng)
        return
    images, labels = _real(data)
    began = time.perf_counter()
    found = find_shared_fields(images)
    seconds = time.perf_counter() - began
    pairs = set(zip(found["first"], found["second"], strict=True))
    lone = [number for number in range(len(images)) if number not in {one for pair in pairs for one in pair}]
    chosen = [images[number] for number in rng.choice(lone, min(REAL, len(lone)), replace=False)]
    views, truth = _plant(chosen, 128, rng)
    _report("real images, crops of 128 px", views, truth)
    larger = [cv2.resize(view, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for view in views]
    _report("the same, enlarged to 224 px", larger, truth)
    _report_copies("real images", chosen[:COPIED], rng)

    print(f"\n{len(images)} images of {data.name}: {len(pairs)} pairs in {seconds:.1f} s")
    print(f"across classes: {sum(labels[a] != labels[b] for a, b in pairs)}")
    print(f"found by perceptual hashing as well: {len(pairs & _by_hash(images))}")
    _report_growth(images)


def _real(data: Path) -> tuple[list[np.ndarray], list[str]]:
    cache = open_workspace().cache
    catalog = scan(data, cache)
    rows = catalog.images()
    decoded = decoded_images(catalog.root, rows, cache)
    return [decoded[number] for number in range(len(decoded))], list(rows["label"])


def _plant(fields: list[np.ndarray], side: int, rng: np.random.Generator) -> tuple[list[np.ndarray], Pairs]:
    """Return two views of each field, and the pairs that they are."""
    views: list[np.ndarray] = []
    truth: Pairs = set()
    for field in fields:
        dx, dy = _shift(side, field.shape[0] - side, rng)
        x = rng.integers(max(0, -dx), field.shape[1] - side - max(0, dx) + 1)
        y = rng.integers(max(0, -dy), field.shape[0] - side - max(0, dy) + 1)
        second = field[y + dy : y + dy + side, x + dx : x + dx + side]
        truth.add((len(views), len(views) + 1))
        views.append(_compressed(field[y : y + side, x : x + side], rng))
        views.append(_compressed(_turned(second, int(rng.integers(len(ORIENTATIONS)))), rng))
    return views, truth


def _report_copies(of: str, originals: list[np.ndarray], rng: np.random.Generator) -> None:
    """Report every kind of copy, each among the images that it is a copy of."""
    truth = {(number, number + len(originals)) for number in range(len(originals))}
    print(f"\n{of}")
    for name, placement in COPIES.items():
        _report(name, [*originals, *(_compressed(_laid(one, placement), rng) for one in originals)], truth)
    for name, light in LIGHT.items():
        lit = [np.clip(one * light, 0, 255).astype(np.uint8) for one in originals]
        _report(name, [*originals, *(_compressed(one, rng) for one in lit)], truth)


def _laid(image: np.ndarray, placement: Placement) -> np.ndarray:
    """Return an image as it lies on a frame that is larger or smaller by the placement's scale."""
    height, width = (round(side * placement.scale) for side in image.shape[:2])
    smooth = cv2.GaussianBlur(image, (0, 0), 0.5 / placement.scale) if placement.scale < 1 else image
    matrix = placement.matrix(image.shape[:2], (height, width))
    return cv2.warpAffine(smooth, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)


def _turned(image: np.ndarray, orientation: int) -> np.ndarray:
    """Return an image given quarter turns counter-clockwise, and from orientation 4 on mirrored."""
    turned = np.rot90(image, orientation % 4)
    return np.ascontiguousarray(turned[:, ::-1] if orientation >= 4 else turned)


def _shift(side: int, room: int, rng: np.random.Generator) -> tuple[int, int]:
    """Return a shift within `room` pixels that leaves a quarter of the frame or more in common."""
    while True:
        share = rng.uniform(0.25, 0.9)
        across = rng.uniform(0, 1 - share)
        dx, dy = (int(part * side) for part in rng.permutation([across, 1 - share / (1 - across)]))
        if max(dx, dy) <= room:
            return int(rng.choice([-1, 1])) * dx, int(rng.choice([-1, 1])) * dy


def _compressed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 96))]
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), quality)
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.ascontiguousarray(decoded[..., ::-1])


def _report(name: str, views: list[np.ndarray], truth: Pairs) -> None:
    began = time.perf_counter()
    found = find_shared_fields(views)
    seconds = time.perf_counter() - began
    pairs = set(zip(found["first"], found["second"], strict=True))
    recall, precision = len(pairs & truth) / len(truth), len(pairs & truth) / max(1, len(pairs))
    hashed = len(_by_hash(views) & truth) / len(truth)
    print(f"{name:<44}{len(views):>8}{recall:>9.3f}{precision:>11.3f}{hashed:>9.3f}{seconds:>9.1f}")


def _by_hash(images: list[np.ndarray]) -> Pairs:
    """Return the pairs whose difference hashes are near each other in one of eight orientations."""
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images]
    plain = np.stack([_hash(image) for image in grey])
    pairs: Pairs = set()
    for orientation in ORIENTATIONS:
        turned = np.stack([_hash(_turned(image, orientation)) for image in grey])
        for first, code in enumerate(turned):
            near = np.flatnonzero((code != plain[first + 1 :]).sum(axis=1) <= HASH_DISTANCE)
            pairs |= {(first, first + 1 + int(other)) for other in near}
    return pairs


def _hash(grey: np.ndarray) -> np.ndarray:
    small = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA)
    return (small[:, 1:] > small[:, :-1]).ravel()


def _report_growth(images: list[np.ndarray]) -> None:
    """Search in four times as many images, generated fields making up the number, and in every fourth of them."""
    with ThreadPoolExecutor() as pool:
        drawn = list(pool.map(lambda number: drawn_field(number, SIDE), range(GENERATED, GENERATED + 3 * len(images))))
    mixed = [*images, *drawn]
    seconds = [_seconds(mixed[::4]), _seconds(mixed)]
    print(
        f"real and generated, {len(mixed[::4])} images: {seconds[0]:.1f} s; {len(mixed)} images: {seconds[1]:.1f} s, ",
        end="",
    )
    print(f"{seconds[1] / seconds[0]:.1f} times as long (linear growth: 4, quadratic: 16)")


def _seconds(images: list[np.ndarray]) -> float:
    began = time.perf_counter()
    find_shared_fields(images)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
