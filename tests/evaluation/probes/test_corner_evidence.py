import numpy as np
import pytest

from allcore.data.scale_bar import SCALE_BAR_CORNER
from allcore.evaluation.probes.evidence_share import (
    corner_weights,
    evidence_grid,
    evidence_share,
    shares_of_evidence,
)
from allcore.networks.registry import TRUNKS
from allcore.networks.vgg16 import VGG16


def corner_of(size):
    return corner_weights(evidence_grid(VGG16, size))


def corner_evidence(evidence, size, groups):
    return evidence_share(evidence, corner_of(size), groups)


def maps(side, count=6, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 3, side, side))[:, 0]


@pytest.mark.parametrize("size", [224, 448])
def test_share_is_that_of_the_corners_pixels(size):
    """A second way: each square spread over its 16 × 16 pixels, and the corner's pixels counted."""
    evidence = maps(size // 16)
    pixels = np.abs(np.kron(evidence, np.ones((16, 16))))
    rows, columns = (round(size * part) for part in SCALE_BAR_CORNER)
    expected = pixels[:, -rows:, -columns:].sum(axis=(1, 2)) / pixels.sum(axis=(1, 2))
    np.testing.assert_allclose(shares_of_evidence(evidence, corner_of(size)), expected)


@pytest.mark.parametrize("size", [32, 64, 96, 128, 224, 300])
def test_evidence_that_is_alike_everywhere_falls_in_the_corner_as_its_area_does(size):
    side = size // 16
    found = corner_evidence(np.full((4, side, side), -0.5), size, list("abcd"))
    assert found.share == pytest.approx(found.area)
    assert found.interval == pytest.approx((found.area, found.area))


@pytest.mark.parametrize("size", [32, 64, 96, 128, 224])
def test_area_is_the_corners_share_of_the_image_where_squares_cover_it(size):
    height, width = SCALE_BAR_CORNER
    assert corner_of(size).mean() == pytest.approx(height * width)


@pytest.mark.parametrize("trunk", TRUNKS.values(), ids=lambda trunk: trunk.name)
@pytest.mark.parametrize("size", [32, 64, 96, 150, 224, 300])
def test_corner_is_that_of_the_map_whatever_the_trunk(trunk, size):
    """A map that has no pooling behind it covers the whole image, with the corner in its last squares."""
    weights = corner_weights(evidence_grid(trunk, size))
    side = trunk.map_side(size)
    assert weights.shape == ((2 * (side // 2) if trunk.ends_in_pooling else side),) * 2
    assert ((weights >= 0) & (weights <= 1)).all()
    if not trunk.ends_in_pooling and trunk.halvings_rounded_up == 5:
        assert weights[-1, -1] > 0
        assert (weights[0, 0] > 0) == (side == 1)


def test_evidence_in_the_corner_alone_is_all_of_it_whatever_its_sign():
    evidence = np.zeros((2, 14, 14))
    evidence[0, 12:, 12:] = 3.0
    evidence[1, 12:, 12:] = -3.0
    found = corner_evidence(evidence, 224, ["a", "b"])
    assert found.share == 1.0
    assert found.area == pytest.approx(32 * 36 / 224**2)


def test_where_the_last_pooling_never_sees_the_corner_there_is_no_share():
    found = corner_evidence(maps(9), 150, list("abcdef"))
    assert (found.share, found.interval, found.area) == (None, (None, None), 0.0)


def test_images_without_evidence_are_left_out():
    evidence = maps(14, count=3)
    evidence[1] = 0.0
    found = corner_evidence(evidence, 224, ["a", "b", "c"])
    assert found.share == corner_evidence(evidence[[0, 2]], 224, ["a", "c"]).share


def test_interval_holds_the_share_and_widens_where_images_share_groups():
    evidence = np.abs(maps(14, count=40))
    evidence[:20, 12:, 12:] *= 4  # twenty images of one kind
    alone = corner_evidence(evidence, 224, list(range(40)))
    grouped = corner_evidence(evidence, 224, [number // 20 * 10 + number % 2 for number in range(40)])
    for found in (alone, grouped):
        assert found.interval[0] < found.share < found.interval[1]
    assert np.diff(grouped.interval) > np.diff(alone.interval)
