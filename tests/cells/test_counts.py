"""Cells of a dataset's images: counted once, kept by content, told of each class."""

import shutil

import numpy as np
import pandas as pd
import pytest

from allcore.cells import counts as counting
from allcore.cells.counts import cells_by_class, cells_found, cells_of, count_cells, known_counts
from allcore.cells.finder import find_cells
from allcore.data.catalog import scan
from allcore.data.intake.images import decode
from allcore.errors import DatasetError


@pytest.fixture
def some(smears):
    """Return where some images lie and their catalog rows, of which the last two show the same picture."""
    catalog = scan(smears)
    rows = catalog.images().iloc[[0, 20, 40, 60, 60]].reset_index(drop=True)
    return catalog.root, rows


def test_each_image_has_its_cells_and_what_was_counted_is_known_in_any_order(some, tmp_path):
    root, rows = some
    assert known_counts(rows, tmp_path) is None
    counts = count_cells(root, rows, tmp_path)
    for path, of_image in zip(rows["path"], counts.to_dict("records"), strict=True):
        labels = find_cells(decode(root / path))
        assert of_image["cells"] == labels.max()
        assert of_image["area"] == pytest.approx((labels > 0).mean())
    turned = rows.iloc[::-1]
    pd.testing.assert_frame_equal(known_counts(turned, tmp_path), counts.iloc[::-1])


def test_work_that_broke_off_goes_on_and_no_image_is_searched_twice(some, tmp_path, monkeypatch):
    root, rows = some
    monkeypatch.setattr(counting, "_CHUNK", 2)
    told, searched = [], []
    monkeypatch.setattr(counting, "find_cells", lambda image: (searched.append(image.tobytes()), find_cells(image))[1])

    def stop(done, total):
        told.append((done, total))
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        count_cells(root, rows, tmp_path, stop)
    assert told == [(1, 4), (2, 4), (3, 4)]
    before = set(searched[:2])
    searched.clear()
    count_cells(root, rows, tmp_path)
    assert len(searched) == 2
    assert not before & set(searched)


def test_another_finder_and_damaged_counts_are_not_answered_with_what_was_kept(some, tmp_path, monkeypatch):
    root, rows = some
    counts = count_cells(root, rows, tmp_path)
    with monkeypatch.context() as newer:
        newer.setattr(counting, "WORK", counting.WORK + 1)
        assert known_counts(rows, tmp_path) is None
    (file,) = (tmp_path / "cells").glob("*.json")
    for damage in ("", "[]", '{"a": 3}', '{"a": [1, 2, 0.5]}', '{"a": ["x", null, 0]}'):
        file.write_text(damage)
        assert known_counts(rows, tmp_path) is None
        pd.testing.assert_frame_equal(count_cells(root, rows, tmp_path), counts)


def test_an_image_that_changed_is_said(some, tmp_path):
    root, rows = some
    folder = shutil.copytree(root, tmp_path / "copy")
    shutil.copy(folder / rows["path"][1], folder / rows["path"][0])
    with pytest.raises(DatasetError, match="changed since the dataset was scanned"):
        count_cells(folder, rows, tmp_path)


def test_cells_at_the_border_are_counted_once_each():
    labels = np.zeros((20, 30), np.uint8)
    labels[:4, :4], labels[8:12, 8:12], labels[-3:, 5:9], labels[15:, -2:] = 1, 2, 3, 4
    assert cells_of(labels) == (4, 3, pytest.approx((16 + 16 + 12 + 10) / 600))
    assert cells_of(np.zeros((5, 5), np.uint8)) == (0, 0, 0.0)


def table(cells):
    return pd.DataFrame({"cells": cells, "cut": 0, "area": 0.1})


def test_classes_are_told_apart_and_those_without_images_left_out():
    images = pd.DataFrame({"label": ["a", "b", "a", "a"]})
    first, second = cells_by_class(images, table([3, 0, 5, 1]), ["a", "none", "b"]).to_dict("records")
    assert (first["class"], first["images"], first["cells"], first["without"]) == ("a", 3, 9, 0)
    assert (first["least"], first["median"], first["most"]) == (1, 3, 5)
    assert (second["class"], second["cells"], second["without"]) == ("b", 0, 1)


def test_what_holds_few_cells_is_said_to_be_no_smears():
    assert cells_found(table([2, 4, 0])).startswith("6 nucleated cells in 3 images: 2 in the median image, at most 4")
    assert "found in 1 of 3 images, too few for stained smears" in cells_found(table([2, 0, 0]))
