"""Nearest images and what they share, held against a search written plainly."""

import numpy as np
import pytest

from allcore.evaluation.image_map.neighbours import NONE, nearest, shared, shared_by_chance


@pytest.fixture(params=[7, 700])
def images(request):
    """Return vectors, groups, classes and kinds of images, few and more than are looked at at once."""
    rng = np.random.default_rng(0)
    count = request.param
    return rng.normal(size=(count, 5)), rng.integers(count // 2, size=count), rng.integers(3, size=count)


@pytest.mark.parametrize("apart", [False, True])
def test_neighbours_are_the_nearest_of_other_groups_and_if_asked_of_ones_own_class(images, apart):
    vectors, groups, classes = images
    found = nearest(vectors, groups, 6, classes if apart else None)
    for row in range(0, len(vectors), 7):
        distance = np.linalg.norm(vectors - vectors[row], axis=1)
        may = (groups != groups[row]) & ((classes == classes[row]) | (not apart))
        expected = [other for other in np.argsort(distance, kind="stable") if may[other]][:6]
        assert [one for one in found[row] if one != NONE] == expected


def test_what_neighbours_share_is_counted_among_those_that_are_there():
    neighbours = np.array([[1, 2], [0, NONE], [NONE, NONE]])
    assert shared(neighbours, np.array([0, 0, 1])).tolist()[:2] == [0.5, 1.0]
    assert np.isnan(shared(neighbours, np.array([0, 0, 1]))[2])


def test_chance_is_what_all_others_share(images):
    _, groups, classes = images
    found = shared_by_chance(classes, groups)
    others = groups != groups[0]
    assert found[0] == pytest.approx((classes[others] == classes[0]).mean())


def test_vectors_that_tell_nothing_share_as_much_as_chance():
    rng = np.random.default_rng(1)
    kinds, groups = rng.integers(4, size=1500), np.arange(1500)
    found = shared(nearest(rng.normal(size=(1500, 8)), groups, 10), kinds)
    assert found.mean() == pytest.approx(shared_by_chance(kinds, groups).mean(), abs=0.02)
