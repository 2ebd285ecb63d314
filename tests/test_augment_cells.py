"""Changes of field and colour: what is lent, by whom, and what stays."""

import cv2
import numpy as np
import pytest

from allcore.augment import Change, apply_change, draw_change, resize
from allcore.cells.compose import PLAIN, on_field, painted_out
from allcore.cells.finder import find_cells
from allcore.cells.lenders import Lenders
from allcore.config_parts import AugmentConfig
from allcore.data.scale_bar import hide_scale_bar
from allcore.data.stain.lab_colours import lab_colours
from allcore.data.synthetic import draw_field
from allcore.presets import PRESETS

SIZE = 96
CELLS = AugmentConfig(transplant=0.5, plain_field=0.2, recolour=0.6, scale=(0.8, 1.25))


@pytest.fixture(scope="module")
def fields():
    return [draw_field(label, np.random.default_rng(1), SIZE) for label in ("Early", "Pre", "Pro")]


@pytest.fixture(scope="module")
def lenders(fields):
    """Return a pool in which the second and the third field may lend, and the first may not."""
    return Lenders(lambda row: fields[row], lambda row: find_cells(fields[row]), np.array([1, 2]))


def test_cells_stand_on_the_lenders_field_whose_own_cells_are_painted_out(fields, lenders):
    image, other = fields[0], fields[2]
    changed = apply_change(image, SIZE, Change(field_from=0.75), "reflect", find_cells(image), lenders)
    np.testing.assert_array_equal(changed, on_field(image, find_cells(image), painted_out(other, find_cells(other))))


def test_cells_move_with_what_they_stand_on(fields, lenders):
    """Rotation and reflection come after the transplant: field and cells turn together."""
    change, turned = Change(plain_field=PLAIN), Change(plain_field=PLAIN, degrees=90)
    cells = find_cells(fields[0])
    upright = apply_change(fields[0], SIZE, change, "reflect", cells, lenders)
    np.testing.assert_array_equal(apply_change(fields[0], SIZE, turned, "reflect", cells, lenders), np.rot90(upright))


def test_the_lenders_scale_bar_is_hidden_too(fields):
    barred = [field.copy() for field in fields]
    for field in barred:
        field[-10:-2, -12:-2] = [255, 0, 0]
    cells = find_cells(fields[0])
    lenders = Lenders(lambda row: barred[row], lambda row: np.zeros((SIZE, SIZE), np.uint8), np.array([1, 2]))
    shown = apply_change(barred[0], SIZE, Change(field_from=0.0), "reflect", cells, lenders)
    hidden = apply_change(barred[0], SIZE, Change(field_from=0.0, hide_scale_bar=True), "reflect", cells, lenders)
    assert (shown == [255, 0, 0]).all(axis=2).sum() > 50
    np.testing.assert_array_equal(hidden, hide_scale_bar(shown))
    assert not (hidden == [255, 0, 0]).all(axis=2).any()


def test_an_image_without_cells_keeps_its_field(fields, lenders):
    none = np.zeros((SIZE, SIZE), np.uint8)
    changed = apply_change(fields[0], SIZE, Change(field_from=0.1), "reflect", none, lenders)
    np.testing.assert_array_equal(changed, resize(fields[0], SIZE))


def test_colours_are_those_of_the_lender(fields, lenders):
    changed = apply_change(fields[0], SIZE, Change(colours_from=0.6), "reflect", None, lenders)
    assert np.abs(lab_colours(changed) - lab_colours(fields[2])).max() < 4


def test_a_lender_of_another_size_and_an_image_that_shrinks_fit_together(fields):
    large = cv2.resize(fields[1], (160, 120))
    lenders = Lenders(lambda row: large, lambda row: find_cells(large), np.array([0]))
    changed = apply_change(fields[0], 48, Change(field_from=0.0), "reflect", find_cells(fields[0]), lenders)
    assert changed.shape == (48, 48, 3)


@pytest.mark.parametrize(
    ("change", "cells", "expected"),
    [
        (Change(field_from=0.5), False, "cells of an image"),
        (Change(field_from=0.5), True, "images that lend fields"),
        (Change(colours_from=0.5), True, "images that lend colours"),
    ],
)
def test_what_is_missing_for_a_change_is_named(fields, change, cells, expected):
    with pytest.raises(ValueError, match=expected):
        apply_change(fields[0], SIZE, change, "reflect", find_cells(fields[0]) if cells else None)


def test_magnification_is_about_the_centre():
    image = np.zeros((65, 65, 3), np.uint8)
    cv2.circle(image, (32, 32), 8, (255, 255, 255), -1)
    doubled = apply_change(image, 65, Change(scale=2.0))
    assert doubled.any(axis=2).sum() == pytest.approx(4 * image.any(axis=2).sum(), rel=0.1)
    rows, columns = np.nonzero(doubled.any(axis=2))
    assert (rows.mean(), columns.mean()) == pytest.approx((32, 32), abs=0.6)


def test_draws_have_the_configured_shares_and_exclude_each_other():
    drawn = [draw_change(CELLS, 0, 0, index) for index in range(4000)]
    transplanted, plain = (
        np.array([getattr(c, name) is not None for c in drawn]) for name in ("field_from", "plain_field")
    )
    assert transplanted.mean() == pytest.approx(0.5, abs=0.03)
    assert plain.mean() == pytest.approx(0.2, abs=0.03)
    assert not (transplanted & plain).any()
    assert np.mean([change.colours_from is not None for change in drawn]) == pytest.approx(0.6, abs=0.03)
    sizes = np.array([change.scale for change in drawn])
    assert 0.8 <= sizes.min() < 0.82
    assert 1.22 < sizes.max() <= 1.25
    assert np.log(sizes).mean() == pytest.approx(0.0, abs=0.01)
    assert {change.plain_field for change in drawn} - {None} <= set(range(192, 256))


def test_settings_that_are_off_change_no_draw_of_the_others():
    """A run from before these settings existed sees what it saw."""
    for index in range(20):
        plain, cells = (draw_change(config, 3, 1, index) for config in (AugmentConfig(), CELLS))
        assert (plain.degrees, plain.brightness, plain.grey) == (cells.degrees, cells.brightness, cells.grey)
        assert (plain.scale, plain.field_from, plain.plain_field, plain.colours_from) == (1.0, None, None, None)


def test_what_the_preset_draws_is_what_earlier_runs_drew():
    change = draw_change(AugmentConfig(**PRESETS["cells"]["augment"]), seed=3, epoch=1, index=8)
    assert change == Change(
        degrees=pytest.approx(108.1748881326232), scale=pytest.approx(1.1353132897548561), horizontal_flip=True,
        vertical_flip=True, brightness=pytest.approx(0.9814976459664652), grey=True,
        stain_scale=pytest.approx((1.13724381664958, 1.1719452365395262)),
        stain_shift=pytest.approx((-0.015139426019275277, 0.031711782644699184)),
        field_from=pytest.approx(0.969323876964718), colours_from=pytest.approx(0.7811922800281615),
    )  # fmt: skip
