"""The share of the evidence that falls inside nucleated cells."""

import numpy as np
import pytest

from allcore.evaluation.probes.evidence_share import cell_weights, evidence_grid, evidence_share
from allcore.networks.registry import TRUNKS
from allcore.networks.vgg16 import VGG16


def grid(side):
    return evidence_grid(VGG16, 16 * side)


def test_each_square_of_the_map_gets_the_part_of_its_pixels_that_lies_inside():
    cells = np.zeros((224, 224), np.uint8)
    cells[:16, :8] = 3
    cells[200:, 200:] = 200
    weights = cell_weights(cells, grid(14))
    assert weights.shape == (14, 14)
    assert (weights[0, 0], weights[0, 1], weights[13, 13], weights[12, 12]) == (0.5, 0.0, 1.0, 0.25)
    assert weights.mean() == pytest.approx((cells > 0).mean())


@pytest.mark.parametrize("shape", [(224, 224), (300, 500), (96, 96), (1, 1)])
@pytest.mark.parametrize("side", [2, 6, 9])
def test_image_full_of_cells_has_all_of_the_evidence_inside_whatever_its_size(shape, side):
    weights = cell_weights(np.ones(shape, np.uint8), grid(side))
    np.testing.assert_allclose(weights, np.ones((side // 2 * 2,) * 2))


@pytest.mark.parametrize("trunk", TRUNKS.values(), ids=lambda trunk: trunk.name)
@pytest.mark.parametrize("size", [32, 96, 150, 224])
def test_every_trunks_map_is_weighed_by_its_own_squares(trunk, size):
    """Half of the image is cells, and so is half of evidence that is alike everywhere."""
    side = trunk.map_side(size)
    cells = np.zeros((size, size), np.uint8)
    cells[:, : size // 2] = 1
    weights = cell_weights(cells, evidence_grid(trunk, size))
    found = evidence_share(np.ones((1, side, side)), weights, ["a"])
    assert found.share == pytest.approx(found.area)
    if side % 2 == 0:
        assert found.area == pytest.approx(0.5)


def test_share_is_each_images_with_its_own_cells():
    maps = np.zeros((2, 4, 4))
    maps[0, 0, 0], maps[0, 3, 3], maps[1, 1, 1] = 3.0, -1.0, 5.0
    cells = np.zeros((2, 64, 64), np.uint8)
    cells[0, :16, :16] = 1
    found = evidence_share(maps, np.stack([cell_weights(each, grid(4)) for each in cells]), ["a", "b"])
    assert found.share == pytest.approx((0.75 + 0.0) / 2)
    assert found.area == pytest.approx(1 / 32)


def test_images_without_cells_have_no_share():
    found = evidence_share(np.ones((2, 4, 4)), np.zeros((2, 4, 4)), ["a", "b"])
    assert (found.share, found.area) == (None, 0.0)
