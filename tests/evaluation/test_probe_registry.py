import numpy as np
import pytest

from allcore.augment import Change, apply_change
from allcore.data.stain_normalise import StainLevels, normalise_stain
from allcore.evaluation.probe_registry import AS_IT_IS, PROBES, Sample
from allcore.evaluation.probe_views import only_border, only_centre

STAIN = StainLevels(mean=(0.3, 0.1), deviation=(0.2, 0.1))


def noise(height=112, width=224):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def sample(image):
    return Sample(image, STAIN, lambda: noise()[::-1])


def changed(name, image):
    return next(probe for probe in PROBES if probe.name == name).change(sample(image))


def kept(image, alone):
    """Return which pixels (H, W) a probe left as they were."""
    return (image == alone).all(axis=2)


def test_images_as_they_are_come_first_and_no_name_twice():
    names = [probe.name for probe in PROBES]
    assert names[0] == AS_IT_IS
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("probe", PROBES, ids=[probe.name for probe in PROBES])
def test_probe_gives_an_image_of_the_same_shape_and_leaves_the_given_one_alone(probe):
    image = noise()
    given = image.copy()
    result = probe.change(sample(image))
    assert (result.shape, result.dtype) == (image.shape, np.uint8)
    np.testing.assert_array_equal(image, given)


def test_images_as_they_are_are_not_changed():
    np.testing.assert_array_equal(changed(AS_IT_IS, noise()), noise())


@pytest.mark.parametrize(("name", "change"), [("corner hidden", {"hide_scale_bar": True}), ("grey", {"grey": True})])
def test_hidden_corner_and_grey_are_those_that_training_can_have(name, change):
    image = noise(224, 224)
    np.testing.assert_array_equal(changed(name, image), apply_change(image, 224, Change(**change)))


def test_stain_is_normalised_towards_the_training_images():
    np.testing.assert_array_equal(changed("stain-normalised", noise()), normalise_stain(noise(), STAIN))


@pytest.mark.parametrize(("height", "width"), [(224, 224), (112, 224), (48, 48), (33, 47)])
def test_centre_and_border_are_each_half_of_the_image_and_together_all_of_it(height, width):
    image = noise(height, width)
    centre, border = kept(image, only_centre(image)), kept(image, only_border(image))
    assert (centre ^ border).mean() > 0.999  # a pixel may have the median colour by chance
    assert centre.mean() == pytest.approx(0.5, abs=0.05)
    assert centre[height // 2, width // 2]
    assert border[0].all()


def test_hidden_half_tells_nothing_of_what_was_there():
    """Two images that differ in the hidden half alone become the same image."""
    image, other = noise(), noise()[::-1].copy()
    rows, columns = np.nonzero(kept(image, only_centre(image)))
    other[rows, columns] = image[rows, columns]
    np.testing.assert_array_equal(only_centre(image), only_centre(other))
    border = kept(image, only_border(image))
    mixed = noise()[:, ::-1].copy()
    mixed[border] = image[border]
    np.testing.assert_array_equal(only_border(image), only_border(mixed))
