"""The finder against the truth of drawn smears, and what it must not find."""

import cv2
import numpy as np
import pytest

from allcore.cells.finder import MOST_CELLS, find_cells
from allcore.data.synthetic.cells import CLASSES
from allcore.data.synthetic.field import draw_field_and_cells

SLIVER = 120
"""Drawn cells of which less than this shows, at the border, are not counted."""


@pytest.fixture(scope="module")
def drawn():
    """Return fields of every class and slide with their true cells and those that are found."""
    fields = []
    for label in CLASSES:
        for slide in range(6):
            field, truth = draw_field_and_cells(label, np.random.default_rng([7, slide]), slide=slide)
            fields.append((field, truth, find_cells(field)))
    return fields


def overlap(truth, found, number):
    """Return intersection over union of a true cell and the found one that covers most of it."""
    cell = truth == number
    covering = np.bincount(found[cell], minlength=2)
    covering[0] = 0
    best = covering.argmax()
    return covering[best] / (np.count_nonzero(found == best) + cell.sum() - covering[best])


def test_of_the_drawn_cells_95_percent_are_found_one_by_one(drawn):
    overlaps = [
        overlap(truth, found, number)
        for _, truth, found in drawn
        for number in range(1, truth.max() + 1)
        if (truth == number).sum() >= SLIVER
    ]
    assert len(overlaps) > 200
    assert np.mean(np.array(overlaps) > 0.5) >= 0.95


def test_what_is_found_covers_the_drawn_cells_with_a_dice_of_085(drawn):
    both = sum(int(((truth > 0) & (found > 0)).sum()) for _, truth, found in drawn)
    either = sum(int((truth > 0).sum() + (found > 0).sum()) for _, truth, found in drawn)
    assert 2 * both / either >= 0.85


def test_cells_are_numbered_from_1_without_a_gap(drawn):
    for _, _, found in drawn:
        assert (found.dtype, found.shape) == (np.uint8, (224, 224))
        assert list(np.unique(found)) == list(range(found.max() + 1))


def test_touching_cells_are_divided():
    field = np.full((224, 224, 3), 245, np.uint8)
    for x in (80, 112, 144):
        cv2.circle(field, (x, 112), 17, (120, 60, 190), -1, cv2.LINE_AA)
    found = find_cells(field)
    assert found.max() == 3
    assert len({found[112, x] for x in (80, 112, 144)}) == 3


def test_a_thin_cell_that_clasps_a_larger_one_is_a_cell_of_its_own():
    y, x = np.mgrid[-110:114, -110:114]
    radius, angle = np.hypot(y, x), np.degrees(np.arctan2(y, x))
    field = np.full((224, 224, 3), (245, 240, 235), np.uint8)
    field[radius <= 27] = (110, 60, 170)
    field[(radius > 27) & (radius <= 29)] = (200, 235, 190)
    field[(radius > 29) & (radius <= 35) & (np.abs(angle) < 30)] = (110, 60, 170)
    found = find_cells(field)
    assert found.max() == 2
    assert sorted((found[110, 110], found[110, 142])) == [1, 2]


@pytest.mark.parametrize(("size", "most"), [(64, 8), (112, 4), (448, 3), (1000, 6)])
def test_an_image_of_another_size_has_its_cells_in_the_same_places(drawn, size, most):
    field, _, found = drawn[13]
    resized = find_cells(
        cv2.resize(field, (size, size), interpolation=cv2.INTER_AREA if size < 224 else cv2.INTER_CUBIC)
    )
    assert resized.shape == (size, size)
    back = cv2.resize(resized, (224, 224), interpolation=cv2.INTER_NEAREST_EXACT)
    assert 100 * np.mean((back > 0) != (found > 0)) < most


def test_a_wide_image_keeps_its_shape():
    assert find_cells(np.full((50, 200, 3), 200, np.uint8)).shape == (50, 200)


@pytest.mark.parametrize(
    "image",
    [
        np.full((224, 224, 3), 255, np.uint8),
        np.zeros((64, 64, 3), np.uint8),
        np.full((1, 1, 3), 128, np.uint8),
        np.linspace([255, 240, 250], [230, 225, 235], 224 * 224).reshape(224, 224, 3).astype(np.uint8),
    ],
    ids=["white", "black", "one pixel", "uneven light"],
)
def test_where_there_is_no_cell_none_is_found(image):
    assert not find_cells(image).any()


def test_red_cells_and_red_lettering_are_no_nucleated_cells():
    field = np.full((224, 224, 3), (250, 250, 240), np.uint8)
    for x in range(20, 220, 30):
        cv2.circle(field, (x, 100), 9, (190, 190, 205), -1, cv2.LINE_AA)
    cv2.putText(field, "200 px", (140, 215), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (220, 20, 20), 2)
    assert not find_cells(field).any()


def test_red_lettering_over_a_red_cell_is_no_nucleated_cell():
    field = np.full((224, 224, 3), (250, 250, 240), np.uint8)
    cv2.circle(field, (200, 205), 18, (170, 165, 190), -1, cv2.LINE_AA)
    cv2.putText(field, "200 px", (183, 209), cv2.FONT_HERSHEY_SIMPLEX, 0.35, (200, 30, 60), 1, cv2.LINE_AA)
    assert not find_cells(field).any()


@pytest.mark.parametrize("colour", [(200, 150, 150), (180, 140, 145), (170, 120, 125)])
def test_red_cells_stay_out_where_eosin_stains_them_strongly(colour):
    field = np.full((224, 224, 3), (205, 220, 215), np.uint8)
    for x in range(20, 220, 50):
        cv2.circle(field, (x, 100), 22, colour, -1, cv2.LINE_AA)
    cv2.circle(field, (120, 180), 20, (110, 70, 170), -1, cv2.LINE_AA)
    found = find_cells(field)
    assert found.max() == 1
    assert found[180, 120]


def test_more_cells_than_labels_are_never_given():
    field = np.full((448, 448, 3), 245, np.uint8)
    for y in range(12, 448, 24):
        for x in range(12, 448, 24):
            cv2.circle(field, (x, y), 11, (120, 60, 190), -1, cv2.LINE_AA)
    assert 0 < find_cells(field).max() <= MOST_CELLS
