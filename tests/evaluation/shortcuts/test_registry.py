"""What each baseline sees, and what it cannot see."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from allcore.config_parts import SplitConfig
from allcore.data.catalog import scan
from allcore.data.decoded import decoded_images
from allcore.data.scale_bar import hide_scale_bar
from allcore.data.splits.split import make_split
from allcore.data.synthetic import SyntheticSpec, write_dataset
from allcore.evaluation.shortcuts import BASELINES, shortcut_scores
from allcore.evaluation.shortcuts.registry import colour_histogram, grey_thumbnail, no_features, scale_bar_corner

CHANCE = 0.25
COLOUR = ("nine colour numbers", "colour histogram")


@pytest.fixture(scope="module")
def smears_reached(tmp_path_factory):
    """Return a maker of the baselines' accuracies on drawn smears: four classes of 26 training and 14 test images."""

    def accuracies(*names: str, **spec: bool) -> dict[str, float]:
        folder = tmp_path_factory.mktemp("smears") / "smears"
        write_dataset(folder, SyntheticSpec(images_per_class=40, image_size=64, **spec))
        catalog = scan(folder)
        rows = catalog.images()
        images = decoded_images(catalog.root, rows, folder.parent / "cache")
        chosen = [baseline for baseline in BASELINES if baseline.name in names]
        split = make_split(rows, SplitConfig(train=0.6, validation=0.05, test=0.35))
        return {result.name: result.scores.accuracy for result in shortcut_scores(images, split, baselines=chosen)}

    return accuracies


@pytest.fixture(scope="module")
def stained_by_class(smears_reached):
    return smears_reached(*COLOUR, stain_by_class=True)


@pytest.fixture(scope="module")
def shared_stain(smears_reached):
    return smears_reached(*COLOUR, "scale-bar corner", "grey thumbnail", "majority", stain_by_class=False)


@pytest.fixture(scope="module")
def scale_bars_alone(smears_reached):
    return smears_reached(*COLOUR, "scale-bar corner", stain_by_class=False, scale_bars=True)


@pytest.mark.parametrize("name", COLOUR)
@pytest.mark.slow
def test_colour_gives_the_class_away_where_each_class_has_its_stain(stained_by_class, shared_stain, name):
    assert stained_by_class[name] >= 0.8
    assert shared_stain[name] <= 0.7  # what colour still says then is how many nuclei there are


@pytest.mark.slow
def test_scale_bar_gives_the_class_away_where_its_style_follows_the_class(scale_bars_alone, shared_stain):
    assert scale_bars_alone["scale-bar corner"] >= 0.7
    assert abs(shared_stain["scale-bar corner"] - CHANCE) < 0.15


@pytest.mark.parametrize("name", COLOUR)
@pytest.mark.slow
def test_colour_does_not_see_scale_bars(scale_bars_alone, name):
    assert scale_bars_alone[name] <= 0.7


@pytest.mark.slow
def test_grey_thumbnail_sees_little_of_smears_that_share_a_stain(shared_stain):
    assert shared_stain["grey thumbnail"] <= 0.55


@pytest.mark.slow
def test_majority_has_the_share_of_the_commonest_class(shared_stain):
    assert shared_stain["majority"] == CHANCE


@pytest.mark.slow
def test_grey_thumbnail_sees_where_it_is_dark_and_colour_does_not(make_case):
    def dark(half):
        def draw(rng):
            image = rng.integers(120, 250, (48, 48, 3), dtype=np.uint8)
            image[:, half] //= 3
            return image

        return draw

    images, split = make_case({"left": dark(np.s_[:24]), "right": dark(np.s_[24:])}, 40)
    reached = {result.name: result.scores.accuracy for result in shortcut_scores(images, split)}
    assert reached["grey thumbnail"] == 1
    assert all(reached[name] < 0.85 for name in COLOUR)


@pytest.mark.parametrize("features", [scale_bar_corner, grey_thumbnail])
def test_grey_baselines_do_not_see_colour(features):
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    np.testing.assert_array_equal(features(image), features(grey))


def test_corner_is_what_hiding_the_scale_bar_hides():
    image = np.full((224, 224, 3), 255, np.uint8)
    image[100:, 120:] = 0
    marked = image.copy()
    marked[hide_scale_bar(image).min(axis=2) != image.min(axis=2)] = 128

    assert set(scale_bar_corner(marked)) == {128}
    np.testing.assert_array_equal(scale_bar_corner(image), 0)


def test_histogram_is_the_share_of_pixels_in_each_bin():
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    channels = cv2.cvtColor(image, cv2.COLOR_RGB2HSV).reshape(-1, 3).T
    expected = [
        np.histogram(channel, bins, (0, end))[0] / 600
        for channel, bins, end in zip(channels, (30, 32, 32), (180, 256, 256), strict=True)
    ]
    np.testing.assert_allclose(colour_histogram(image), np.concatenate(expected), rtol=1e-6)


def test_colour_histogram_does_not_see_where():
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    np.testing.assert_array_equal(colour_histogram(image), colour_histogram(image[::-1]))


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (31, 17), (1080, 1920)])
@pytest.mark.parametrize("features", [no_features, *(baseline.features for baseline in BASELINES)])
def test_features_are_as_many_for_images_of_every_size(features, shape):
    image = np.full((*shape, 3), 7, np.uint8)
    usual = np.full((224, 224, 3), 7, np.uint8)
    assert features(image).shape == features(usual).shape


def test_names_tell_baselines_apart():
    assert len({baseline.name for baseline in BASELINES}) == len(BASELINES)


@pytest.mark.process
def test_registry_needs_no_scikit_learn_until_a_baseline_is_trained():
    program = "import sys; import allcore.evaluation.shortcuts; sys.exit('sklearn' in sys.modules)"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0
