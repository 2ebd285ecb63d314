import cv2
import numpy as np
import pytest

from allcore.augment import Change, apply_change
from allcore.cells.compose import PLAIN
from allcore.data.stain.lab_colours import lab_colours
from allcore.data.stain.normalise import StainLevels, normalise_stain
from allcore.evaluation.probes.registry import AS_IT_IS, CELLS_ALONE, FIELD_ALONE, OTHER_FIELD, PROBES, Sample
from allcore.evaluation.probes.views import only_border, only_centre

STAIN = StainLevels(mean=(0.3, 0.1), deviation=(0.2, 0.1))


def noise(height=112, width=224):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def sample(image, other=None):
    return Sample(image, STAIN, lambda: noise()[::-1] if other is None else other)


def changed(name, image, other=None):
    return next(probe for probe in PROBES if probe.name == name).change(sample(image, other))


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


def cell_on(field, colour=(120, 60, 150)):
    """Return a plain image of the colour `field` with one purple cell in it, and where the cell's core is."""
    image = np.full((224, 224, 3), field, np.uint8)
    cv2.circle(image, (100, 120), 20, colour, -1)
    core = cv2.circle(np.zeros((224, 224), np.uint8), (100, 120), 16, 1, -1) > 0
    far = cv2.circle(np.ones((224, 224), np.uint8), (100, 120), 32, 0, -1) > 0
    return image, core, far


@pytest.mark.parametrize("size", [(224, 224), (112, 112), (300, 200)])
def test_cells_are_put_on_the_other_images_field_without_its_own_cells(size):
    image, core, far = cell_on((235, 225, 240))
    other = np.full((*size, 3), (200, 215, 190), np.uint8)
    cv2.circle(other, (size[1] // 4, size[0] // 4), size[0] // 12, (110, 50, 140), -1)
    mixed = changed(OTHER_FIELD, image, other)
    np.testing.assert_array_equal(mixed[core], image[core])
    assert np.abs(mixed[far].astype(int) - (200, 215, 190)).max() <= 8  # nothing of the cell that was painted out


def test_cells_alone_and_field_alone_share_the_image_among_them():
    image, core, far = cell_on((235, 225, 240))
    alone, field = changed(CELLS_ALONE, image), changed(FIELD_ALONE, image)
    np.testing.assert_array_equal(alone[core], image[core])
    assert (alone[far] == PLAIN).all()
    np.testing.assert_array_equal(field[far], image[far])
    assert np.abs(field[core].astype(int) - (235, 225, 240)).max() <= 8


def test_colours_become_those_of_the_other_image_and_the_shapes_stay():
    image, core, _ = cell_on((235, 225, 240))
    other, _, _ = cell_on((190, 200, 210), (90, 120, 130))
    recoloured = changed("colours of another class", image, other)
    np.testing.assert_allclose(lab_colours(recoloured), lab_colours(other), atol=3)
    assert np.ptp(recoloured[core].astype(int), axis=0).max() <= 2
    assert np.abs(recoloured[core].mean(axis=0) - recoloured[0, 0]).max() > 30


def test_hue_is_turned_by_half_a_circle_and_saturation_and_value_stay():
    assert changed("hue turned", np.full((8, 8, 3), (200, 40, 40), np.uint8))[0, 0].tolist() == [40, 200, 200]
    image = noise(32, 32)
    before, after = (
        cv2.cvtColor(each, cv2.COLOR_RGB2HSV).astype(int) for each in (image, changed("hue turned", image))
    )
    light = before[..., 2:] / 255  # the darker a pixel, the more saturation does one grey level make
    assert np.abs(after[..., 2] - before[..., 2]).max() <= 3
    assert (np.abs(after[..., 1:2] - before[..., 1:2]) * light).max() <= 3
    np.testing.assert_allclose(changed("hue turned", changed("hue turned", image)), image, atol=6)


def test_red_and_blue_are_exchanged_and_green_stays():
    image = noise(16, 16)
    swapped = changed("channels swapped", image)
    np.testing.assert_array_equal(swapped[..., 1], image[..., 1])
    np.testing.assert_array_equal(swapped[..., [0, 2]], image[..., [2, 0]])


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
