import numpy as np
import pytest

from allcore.data.stain.dyes import dye_amounts, restain
from allcore.data.stain.normalise import StainLevels, mean_stain, normalise_stain, stain_levels

AZURE, EOSIN = np.array([0.834750, 0.513556, 0.196330]), np.array([0.092789, 0.954111, 0.283111])


def field(azure: float = 0.5, eosin: float = 0.4, side: int = 48, seed: int = 0) -> np.ndarray:
    """Return a field whose pixels hold from no dye to `azure` and `eosin`, by Beer and Lambert's law."""
    amounts = np.random.default_rng(seed).uniform(0, 1, (side, side, 2)) * (azure, eosin)
    return (256 * np.exp(-amounts @ [AZURE, EOSIN]) - 1).round().clip(0, 255).astype(np.uint8)


def test_amounts_of_the_dyes_are_those_that_the_field_was_stained_with():
    """Reckoned here with a linear solver for two unknowns, which leaves the rest out by another rule."""
    image = field()
    density = -np.log((image.reshape(-1, 3) + 1.0) / 256)
    expected = np.linalg.lstsq(np.column_stack([AZURE, EOSIN]), density.T, rcond=None)[0].T
    np.testing.assert_allclose(dye_amounts(image).reshape(-1, 2), expected, atol=0.02)


def test_levels_are_the_mean_and_deviation_of_the_amounts():
    levels = stain_levels(field(0.5, 0.4, side=128))
    np.testing.assert_allclose(levels.mean, (0.25, 0.2), atol=0.01)
    np.testing.assert_allclose(levels.deviation, np.array([0.5, 0.4]) / np.sqrt(12), atol=0.01)


def test_mean_stain_is_the_mean_of_each_level():
    one = StainLevels(mean=(0.1, 0.2), deviation=(0.3, 0.4))
    other = StainLevels(mean=(0.3, 0.4), deviation=(0.1, 0.0))
    both = mean_stain([one, other])
    np.testing.assert_allclose([*both.mean, *both.deviation], [0.2, 0.3, 0.2, 0.2])


@pytest.mark.parametrize(("azure", "eosin"), [(0.3, 0.5), (0.8, 0.2), (0.5, 0.4)])
def test_normalised_image_has_the_levels_that_it_was_brought_to(azure, eosin):
    towards = stain_levels(field(0.5, 0.4, seed=1))
    brought = stain_levels(normalise_stain(field(azure, eosin, seed=2), towards))
    np.testing.assert_allclose(brought.mean, towards.mean, atol=0.01)
    np.testing.assert_allclose(brought.deviation, towards.deviation, atol=0.01)


def test_two_stainings_of_one_field_become_alike():
    image = field(0.4, 0.3)
    stronger = restain(image, (1.6, 1.4), (0.02, 0.01))
    towards = stain_levels(field(0.5, 0.4, seed=1))
    one, other = (normalise_stain(each, towards).astype(int) for each in (image, stronger))
    assert np.abs(stronger.astype(int) - image).mean() > 15
    assert np.abs(one - other).mean() < 2


def test_image_that_has_the_levels_already_is_left_as_it_is():
    image = field()
    np.testing.assert_allclose(normalise_stain(image, stain_levels(image)), image, atol=1)


def test_noise_of_an_empty_field_is_enlarged_at_most_four_times():
    empty = np.random.default_rng(0).integers(238, 243, (48, 48, 3), dtype=np.uint8)
    towards = StainLevels(mean=(0.3, 0.2), deviation=(0.3, 0.3))
    before, after = stain_levels(empty), stain_levels(normalise_stain(empty, towards))
    np.testing.assert_array_less(after.deviation, 4.2 * np.array(before.deviation))
    np.testing.assert_allclose(after.mean, towards.mean, atol=0.02)


def test_field_of_one_colour_stays_one_colour():
    flat = np.full((16, 16, 3), 200, np.uint8)
    normalised = normalise_stain(flat, StainLevels(mean=(0.3, 0.2), deviation=(0.3, 0.3)))
    assert len(np.unique(normalised.reshape(-1, 3), axis=0)) == 1
