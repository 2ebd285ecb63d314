import cv2
import numpy as np
import pytest

from allcore.cells.outline import COLOUR, outlined


@pytest.mark.parametrize("scale", [1, 2])
def test_a_line_goes_around_each_cell_and_leaves_all_else_as_it_was(scale):
    image = np.random.default_rng(0).integers(0, 256, (120 * scale, 160 * scale, 3), dtype=np.uint8)
    cells = np.zeros((120, 160), np.uint8)
    cv2.circle(cells, (40, 40), 15, 1, -1)
    cv2.circle(cells, (110, 80), 20, 2, -1)
    drawn = outlined(image, cells)
    line = (drawn == COLOUR).all(axis=2)
    np.testing.assert_array_equal(drawn[~line], image[~line])
    assert not line[40 * scale, 40 * scale]
    assert line[40 * scale, 20 * scale : 30 * scale].any()  # the left edge of the first cell
    assert line[80 * scale, 86 * scale : 96 * scale].any()
    inside = cv2.resize((cells > 0).astype(np.uint8), (160 * scale, 120 * scale))
    assert (cv2.dilate(inside, np.ones((5, 5), np.uint8))[line] == 1).all()


def test_without_cells_the_image_stays_and_the_given_one_is_left_alone():
    image = np.full((20, 30, 3), 7, np.uint8)
    drawn = outlined(image, np.zeros((20, 30), np.uint8))
    np.testing.assert_array_equal(drawn, image)
    assert drawn is not image
