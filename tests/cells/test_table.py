"""Measures of cells, on shapes of which they are known."""

import cv2
import numpy as np
import pandas as pd
import pytest

from allcore.cells.finder import SIDE, find_cells
from allcore.cells.morphology import MEASURES, QUANTILES, morphology
from allcore.cells.table import COLUMNS, cell_rows
from allcore.data.synthetic.field import draw_field_and_cells


def cell_table(image, cells):
    """Return the rows of the cells as a table."""
    return pd.DataFrame(cell_rows(image, cells), columns=list(COLUMNS)).astype({"cell": int, "touches_border": bool})


def drawn(scale=1):
    """Return a field with a circle of two tones, an ellipse of one, a disc that the border cuts, and their labels."""
    cells = np.zeros((SIDE * scale, SIDE * scale), np.uint8)
    cv2.circle(cells, (60 * scale, 60 * scale), 20 * scale, 1, -1)
    cv2.ellipse(cells, (150 * scale, 120 * scale), (40 * scale, 20 * scale), 30, 0, 360, 2, -1)
    cv2.circle(cells, (100 * scale, SIDE * scale), 15 * scale, 3, -1)
    image = np.full((*cells.shape, 3), 230, np.uint8)
    image[cells > 0] = 150
    nucleus = cv2.circle(np.zeros_like(cells), (60 * scale, 60 * scale), 14 * scale, 1, -1) > 0
    image[nucleus] = 90
    return image, cells


def noisy(seed, noise):
    image, cells = drawn()
    rng = np.random.default_rng(seed)
    return np.clip(image + rng.normal(0, noise, image.shape), 0, 255).astype(np.uint8), cells


def test_areas_and_shapes_are_those_that_were_drawn():
    table = cell_table(*drawn()).set_index("cell")
    assert list(table.index) == [1, 2, 3]
    assert table.loc[1, "area"] == pytest.approx(np.pi * 20**2, rel=0.04)
    assert table.loc[2, "area"] == pytest.approx(np.pi * 40 * 20, rel=0.04)
    assert table.loc[2, "eccentricity"] == pytest.approx(np.sqrt(1 - 0.25), abs=0.02)
    assert table.loc[1, "eccentricity"] < 0.15
    assert table.loc[1, "roundness"] > 0.85 > table.loc[2, "roundness"]
    assert table.loc[1, "solidity"] > 0.95
    assert table["touches_border"].tolist() == [False, False, True]


def test_nucleus_is_the_darker_part_and_a_cell_of_one_tone_has_no_structure():
    table = cell_table(*drawn()).set_index("cell")
    assert table.loc[1, "nucleus_share"] == pytest.approx((14 / 20) ** 2, rel=0.05)
    assert table.loc[1, "chromatin_contrast"] == pytest.approx(2.0, rel=0.05)  # two tones, half of the area each
    assert table.loc[1, "nucleus_roundness"] > 0.86
    assert table.loc[2, ["texture", "chromatin_grain", "cytoplasm_grain"]].tolist() == [0, 0, 0]


def test_grain_is_texture():
    smooth, grainy = (cell_table(*noisy(0, noise)).set_index("cell").loc[1] for noise in (2, 20))
    assert grainy["texture"] > 2 * smooth["texture"]
    assert grainy["chromatin_grain"] > smooth["chromatin_grain"]


@pytest.mark.parametrize("scale", [2, 4])
def test_measures_are_those_of_a_field_of_224_pixels_whatever_the_images_size(scale):
    usual, larger = cell_table(*drawn()), cell_table(*drawn(scale))
    np.testing.assert_allclose(larger["area"], usual["area"], rtol=0.06)
    np.testing.assert_allclose(larger["roundness"], usual["roundness"], atol=0.06)
    np.testing.assert_allclose(larger["nucleus_share"][:1], usual["nucleus_share"][:1], rtol=0.06)


def test_neither_background_nor_brightness_nor_contrast_is_seen():
    image, cells = noisy(1, 10)
    other = image.copy()
    other[cells == 0] = 40
    darker = np.rint(image * 0.5 + 20).astype(np.uint8)
    before = cell_table(image, cells)
    np.testing.assert_array_equal(cell_table(other, cells), before)
    np.testing.assert_allclose(cell_table(darker, cells).astype(float), before.astype(float), rtol=0.1, atol=0.05)


def test_without_cells_there_is_no_row_and_the_features_are_finite_zeros():
    image = np.full((96, 128, 3), 230, np.uint8)
    table = cell_table(image, np.zeros((96, 128), np.uint8))
    assert (len(table), tuple(table.columns)) == (0, COLUMNS)
    np.testing.assert_array_equal(morphology(image), 0)


def test_features_are_quantiles_of_what_the_table_says_of_whole_cells():
    image, _ = draw_field_and_cells("Pre", np.random.default_rng(3))
    table = cell_table(image, find_cells(image))
    whole = table[~table["touches_border"]]
    assert 0 < len(whole) < len(table)
    expected = np.quantile(whole[list(MEASURES)], QUANTILES, axis=0).T.ravel().astype(np.float32)
    features = morphology(image)
    assert tuple(features[:2]) == (len(table), len(table) - len(whole))
    np.testing.assert_array_equal(features[3:], expected)


@pytest.mark.parametrize("image", [np.zeros((1, 1, 3), np.uint8), np.full((3, 400, 3), (150, 60, 160), np.uint8)])
def test_features_are_finite_for_images_that_are_no_smears(image):
    features = morphology(image)
    assert features.shape == (53,)
    assert np.isfinite(features).all()


def test_features_count_the_cells_of_a_drawn_smear_and_tell_large_from_small():
    few, many = (draw_field_and_cells(label, np.random.default_rng(3))[0] for label in ("Pro", "Pre"))
    assert morphology(few)[0] < morphology(many)[0]
    assert np.isfinite(morphology(many)).all()
