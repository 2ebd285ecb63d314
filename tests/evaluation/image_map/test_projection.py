"""Two dimensions of features: principal directions against NumPy's own decomposition, t-SNE by what it promises."""

import numpy as np
import pytest

from allcore.errors import InputError
from allcore.evaluation.image_map.projection import principal_directions, t_sne


@pytest.fixture(scope="module")
def clusters():
    """Return 90 vectors in three clusters that lie far apart, and the cluster of each."""
    rng = np.random.default_rng(0)
    of = np.repeat(np.arange(3), 30)
    return 20 * np.eye(3, 12)[of] + rng.normal(size=(90, 12)), of


def test_principal_directions_are_those_of_the_singular_value_decomposition(clusters):
    vectors, _ = clusters
    found, share = principal_directions(vectors, 2)
    centred = vectors - vectors.mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(found), np.abs((left * singular)[:, :2]), atol=1e-6)
    np.testing.assert_allclose(share, (singular**2 / (singular**2).sum())[:2])


def test_t_sne_keeps_neighbours_and_is_the_same_at_every_call(clusters):
    vectors, of = clusters
    wide, _ = principal_directions(vectors)
    places = t_sne(wide)
    distance = np.linalg.norm(places[:, None] - places, axis=2) + np.diag(np.full(90, np.inf))
    assert (of[distance.argmin(axis=1)] == of).all()
    assert np.array_equal(places, t_sne(wide))


@pytest.mark.parametrize(("vectors", "reason"), [(np.eye(4), "says nothing"), (np.ones((9, 4)), "are the same")])
def test_what_cannot_be_mapped_is_said(vectors, reason):
    with pytest.raises(InputError, match=reason):
        principal_directions(vectors)
