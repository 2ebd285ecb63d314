"""What lies on the glass: cells, laid out and drawn as concentrations of the three stains."""

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from allcore.data.synthetic.cells import PLATELET, POPULATIONS, SMUDGE, CellKind
from allcore.data.synthetic.slide import Floats, Slide

_RED_CELL_DIAMETER = 17.0  # pixels of a field 224 pixels wide, as are all lengths until they are scaled
_REACH = 1.5  # how far an irregular outline may stand out, in radii


class Cells(NamedTuple):
    """Where cells of one kind lie: centres (n, 2) as x, y, and radii (n,), in pixels."""

    centres: Floats
    radii: Floats


class Specimen(NamedTuple):
    """What is drawn: concentrations (H, W, 3) of red cells, nuclei and cytoplasm, and where its nucleated cells lie.

    `cells` (H, W) numbers them from 1 and is 0 elsewhere; platelets and smudged cells are none.
    """

    concentrations: Floats
    cells: NDArray[np.int32]


class Patches(NamedTuple):
    """Square windows around cells: their upper left pixels (n, 2) as x, y, and their side."""

    origins: NDArray[np.int64]
    side: int


def draw_specimen(label: str, slide: Slide, rng: np.random.Generator, shape: tuple[int, int], scale: float) -> Specimen:
    """Red cells and nucleated cells on a region of a slide.

    `shape` is (H, W) in pixels, `scale` the pixels per pixel of a field 224 pixels wide.
    """
    height, width = shape
    frames = height * width / (224 * scale) ** 2
    nucleated = _place_nucleated(label, rng, shape, scale, frames)
    red_cells = _place_red_cells(slide, rng, shape, scale, frames, [cells for _, cells in nucleated])
    largest = max(float(cells.radii.max()) for _, cells in [*nucleated, (None, red_cells)] if len(cells.radii))
    margin = math.ceil((1 + _REACH) * largest) + 4
    # Cells that cross the border are drawn whole and cut with the margin.
    canvas = np.zeros((3, height + 2 * margin, width + 2 * margin), np.float32)
    truth = np.zeros(canvas.shape[1:], np.int32)
    _draw_red_cells(canvas[0], slide, rng, _shifted(red_cells, margin))
    grain = _grain(rng, canvas.shape[1:], scale)
    for kind, cells in nucleated:
        _draw_nucleated(canvas, truth, kind, rng, _shifted(cells, margin), grain)
    inside = np.s_[margin:-margin, margin:-margin]
    concentrations = np.ascontiguousarray(canvas[:, *inside].transpose(1, 2, 0))
    defocus = slide.blur * scale * rng.uniform(0.7, 1.6)
    cv2.GaussianBlur(concentrations, (0, 0), max(defocus, 0.3), dst=concentrations)
    return Specimen(concentrations, np.ascontiguousarray(truth[inside]))


def _place_nucleated(
    label: str, rng: np.random.Generator, shape: tuple[int, int], scale: float, frames: float
) -> list[tuple[CellKind, Cells]]:
    taken: list[tuple[float, float, float]] = []
    layout = []
    for kind, fewest, most in POPULATIONS[label]:
        count = max(round(int(rng.integers(fewest, most + 1)) * frames), 0)
        spread = np.clip(rng.standard_normal(count), -2, 2)
        radii = (kind.diameter + kind.diameter_sd * spread) / 2 * scale
        own: list[tuple[float, float, float]] = []
        for radius in radii.tolist():
            place = _free_place(radius, own[-1] if own else None, taken, rng, shape)
            if place is not None:
                own.append((*place, radius))
                taken.append(own[-1])
        if own:
            table = np.array(own, np.float32)
            layout.append((kind, Cells(table[:, :2], table[:, 2])))
    return layout


def _free_place(
    radius: float,
    neighbour: tuple[float, float, float] | None,
    taken: list[tuple[float, float, float]],
    rng: np.random.Generator,
    shape: tuple[int, int],
) -> tuple[float, float] | None:
    """A place that overlaps no other cell by much, sometimes touching the neighbour; None if all are taken."""
    height, width = shape
    for _ in range(12):
        draw, along, across = rng.random(3).tolist()
        if neighbour is not None and draw < 0.4:
            apart = 0.98 * (radius + neighbour[2])
            x = neighbour[0] + apart * math.cos(2 * math.pi * along)
            y = neighbour[1] + apart * math.sin(2 * math.pi * along)
        else:
            x, y = along * width, across * height
        inside = -radius < x < width + radius and -radius < y < height + radius
        if inside and all(math.hypot(x - a, y - b) > 0.9 * (radius + r) for a, b, r in taken):
            return x, y
    return None


def _place_red_cells(
    slide: Slide,
    rng: np.random.Generator,
    shape: tuple[int, int],
    scale: float,
    frames: float,
    nucleated: list[Cells],
) -> Cells:
    """Chains and single cells that keep their distance and give way to nucleated cells."""
    diameter = _RED_CELL_DIAMETER * scale
    extent = np.array(shape[::-1], np.float32)
    offered = round(slide.crowding * frames)
    links = 6
    chains = round(offered * slide.rouleaux / links)
    heading = rng.uniform(0, 2 * np.pi, (chains, 1)) + np.cumsum(rng.normal(0, 0.8, (chains, links)), axis=1)
    steps = np.stack([np.cos(heading), np.sin(heading)], axis=2) * diameter * 0.68
    chained = rng.random((chains, 1, 2)) * extent + np.cumsum(steps, axis=1)
    single = rng.random((offered - chains * links, 2)) * (extent + diameter) - diameter / 2
    centres = np.concatenate([chained.reshape(-1, 2), single]).astype(np.float32)
    keep = np.all((centres > -diameter / 2) & (centres < extent + diameter / 2), axis=1)
    # Smears have thin places: a smooth random surface decides where cells are missing.
    surface = cv2.resize(rng.random((5, 5), np.float32), (64, 64), interpolation=cv2.INTER_CUBIC)
    column, row = np.clip(centres / extent * 64, 0, 63).astype(int).T
    keep &= surface[row, column] > 0.25
    for cells in nucleated:
        apart = np.linalg.norm(centres[:, None] - cells.centres, axis=2)
        keep &= np.all(apart > cells.radii + 0.3 * diameter, axis=1)
    centres = centres[keep]
    apart = np.linalg.norm(centres[:, None] - centres, axis=2) + np.triu(np.full((len(centres),) * 2, np.inf))
    centres = centres[np.all(apart > slide.spacing * diameter, axis=1)]
    radii = diameter / 2 * np.clip(rng.normal(1, 0.07, len(centres)), 0.8, 1.2)
    return Cells(centres, radii.astype(np.float32))


def _draw_red_cells(canvas: Floats, slide: Slide, rng: np.random.Generator, cells: Cells) -> None:
    patches = _patches(cells)
    rho = _radial(patches, cells, 0.02, rng, spikes=slide.crenation)
    n = len(cells.radii)
    pallor = slide.pallor * rng.uniform(0.6, 1.2, (n, 1, 1)).astype(np.float32)
    amount = rng.uniform(0.8, 1.15, (n, 1, 1)).astype(np.float32)
    thickness = 1 - pallor * np.exp(-((rho / 0.48) ** 4)) + 0.12 * np.exp(-(((rho - 0.85) / 0.14) ** 2))
    drawn = _coverage(rho, cells) * thickness * amount
    for (x, y), patch in zip(patches.origins.tolist(), drawn, strict=True):
        canvas[y : y + patches.side, x : x + patches.side] += patch
    # Stacked cells darken the field, but far less than the sum of their thicknesses.
    np.divide(canvas * 1.35, 1 + 0.35 * canvas, out=canvas)


def _draw_nucleated(
    canvas: Floats, truth: NDArray[np.int32], kind: CellKind, rng: np.random.Generator, cells: Cells, grain: Floats
) -> None:
    patches = _patches(cells)
    rho = _radial(patches, cells, kind.irregularity, rng)
    cover = _coverage(rho, cells)
    nuclei = _nuclei(kind, rng, cells, patches)
    cytoplasm = kind.cytoplasm * cover * (0.65 + 0.45 * rho**4) * (1 - 0.85 * np.minimum(nuclei, 1))
    for i, (x, y) in enumerate(patches.origins.tolist()):
        window = np.s_[y : y + patches.side, x : x + patches.side]
        if kind not in (PLATELET, SMUDGE):
            truth[window][cover[i] > 0.5] = truth.max() + 1
        canvas[0][window] *= 1 - cover[i]
        chromatin = nuclei[i] * cover[i] * np.maximum(1 + kind.clumping * grain[window], 0)
        canvas[1][window] = np.maximum(canvas[1][window] * (1 - 0.5 * cover[i]), chromatin)
        canvas[2][window] = np.maximum(canvas[2][window] * (1 - 0.5 * cover[i]), cytoplasm[i])


def _nuclei(kind: CellKind, rng: np.random.Generator, cells: Cells, patches: Patches) -> Floats:
    """Chromatin (n, side, side): lobes in an arc, denser at the membrane and on one side, nucleoli left pale."""
    n = len(cells.radii)
    start = rng.uniform(0, 2 * np.pi, n)
    eccentric = (1 - kind.nucleus) * rng.uniform(0.2, 0.9, n) if kind.lobes == 1 else np.full(n, 0.42)
    chromatin = np.zeros((n, patches.side, patches.side), np.float32)
    for lobe in range(kind.lobes):
        nucleus = Cells(_beside(cells, start + 1.25 * lobe, eccentric), cells.radii * np.float32(kind.nucleus))
        rho = _radial(patches, nucleus, 0.03, rng)
        membrane = 0.2 * np.exp(-(((rho - 0.9) / 0.13) ** 2))
        chromatin = np.maximum(chromatin, _coverage(rho, nucleus) * (1 + membrane))
    shade = _radial(patches, Cells(_beside(cells, start + np.pi, np.full(n, 0.6)), cells.radii), 0.0, rng)
    chromatin *= kind.density * (1.12 - 0.2 * shade) * rng.uniform(0.88, 1.12, (n, 1, 1)).astype(np.float32)
    if kind.nucleoli:
        shown = rng.integers(1, kind.nucleoli + 1, n)
        for nucleolus in range(kind.nucleoli):
            where = _beside(cells, rng.uniform(0, 2 * np.pi, n), rng.uniform(0.1, 0.55, n))
            rho = _radial(patches, Cells(where, cells.radii * np.float32(0.2)), 0.0, rng)
            pale = 0.5 * (shown > nucleolus).astype(np.float32)
            chromatin *= 1 - pale[:, None, None] * np.exp(-(rho**2))
    return chromatin


def _beside(cells: Cells, angle: NDArray[np.float64], distance: NDArray[np.float64]) -> Floats:
    """Points (n, 2) at an angle from the cells' centres, the distance in radii."""
    direction = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return (cells.centres + direction * (distance * cells.radii)[:, None]).astype(np.float32)


def _shifted(cells: Cells, by: int) -> Cells:
    return Cells(cells.centres + np.float32(by), cells.radii)


def _patches(cells: Cells) -> Patches:
    half = math.ceil(_REACH * float(cells.radii.max(initial=1))) + 1
    return Patches(np.floor(cells.centres).astype(np.int64) - half, 2 * half + 1)


def _radial(
    patches: Patches, cells: Cells, irregularity: float, rng: np.random.Generator, spikes: float = 0.0
) -> Floats:
    """Distance (n, side, side) from each cell's centre, 1 on its outline: a bumpy ellipse."""
    n = len(cells.radii)
    turn, *phases = rng.uniform(0, 2 * np.pi, (4, n, 1, 1)).astype(np.float32)
    stretch = 1 + rng.normal(0, 0.05 + irregularity / 2, (n, 1, 1)).astype(np.float32)
    offsets = (patches.origins - cells.centres)[:, :, None] + np.arange(patches.side, dtype=np.float32)
    offsets = (offsets / cells.radii[:, None, None]).astype(np.float32)
    x, y = offsets[:, 0, None, :], offsets[:, 1, :, None]
    along = (x * np.cos(turn) + y * np.sin(turn)) * stretch
    across = (y * np.cos(turn) - x * np.sin(turn)) / stretch
    rho = np.sqrt(along**2 + across**2)
    if irregularity or spikes:
        angle = np.arctan2(across, along)
        outline = 1 + irregularity * (np.cos(2 * angle + phases[0]) + np.cos(3 * angle + phases[1]))
        outline += 0.6 * irregularity * np.cos(5 * angle + phases[2]) + spikes * np.cos(
            11 * angle + phases[0]
        ) * np.cos(2 * angle + phases[1])
        rho /= outline
    return rho


def _coverage(rho: Floats, cells: Cells) -> Floats:
    """Share (n, side, side) of each pixel inside the outline, for edges without steps."""
    return np.clip((1 - rho) * cells.radii[:, None, None] + 0.5, 0, 1)


def _grain(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> Floats:
    """Smooth noise (H, W) of unit variance, the texture of chromatin."""
    noise = rng.standard_normal(shape, np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), max(0.8 * scale, 0.3))
    coarse = cv2.GaussianBlur(noise, (0, 0), max(2.2 * scale, 0.6))
    mixed = fine / fine.std() + coarse / coarse.std()
    return mixed / mixed.std()
