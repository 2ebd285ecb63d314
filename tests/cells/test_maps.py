"""Cells are found once, kept by content, whole or not at all."""

import numpy as np
import pytest

from allcore.cells import maps
from allcore.cells.finder import find_cells
from allcore.cells.maps import are_smears, cell_maps, check_smears
from allcore.data.catalog import scan
from allcore.data.decoded import decoded_images
from allcore.errors import DatasetError


@pytest.fixture(scope="module")
def images(smears, tmp_path_factory):
    catalog = scan(smears)
    rows = catalog.images().iloc[:6]
    return decoded_images(catalog.root, rows, tmp_path_factory.mktemp("cache")), list(rows["pixel_sha256"])


def test_each_image_has_its_cells(images, tmp_path):
    found = cell_maps(*images, tmp_path)
    assert len(found) == len(images[0])
    for index in range(len(found)):
        np.testing.assert_array_equal(found[index], find_cells(images[0][index]))
        assert found.counts()[index] == found[index].max()


def test_a_second_look_finds_nothing_anew(images, tmp_path, monkeypatch):
    first = cell_maps(*images, tmp_path)
    monkeypatch.setattr(maps, "find_cells", lambda image: pytest.fail("found again"))
    np.testing.assert_array_equal(cell_maps(*images, tmp_path).labels, first.labels)


def test_progress_is_told_of_each_image(images, tmp_path):
    told = []
    cell_maps(*images, tmp_path, lambda *now: told.append(now))
    assert told == [(number, 6) for number in range(1, 7)]


def test_a_damaged_file_is_made_again_and_a_broken_build_leaves_nothing(images, tmp_path, monkeypatch):
    whole = np.array(cell_maps(*images, tmp_path).labels)
    (file,) = (tmp_path / "cells").glob("*.u8")
    file.write_bytes(file.read_bytes()[:-1])
    with monkeypatch.context() as broken:
        broken.setattr(maps, "find_cells", lambda image: (_ for _ in ()).throw(RuntimeError))
        with pytest.raises(RuntimeError):
            cell_maps(*images, tmp_path)
    assert not list((tmp_path / "cells").glob("*.part"))
    np.testing.assert_array_equal(cell_maps(*images, tmp_path).labels, whole)


def test_another_finder_is_not_answered_with_what_was_kept(images, tmp_path, monkeypatch):
    cell_maps(*images, tmp_path)
    monkeypatch.setattr(maps, "WORK", maps.WORK + 1)
    cell_maps(*images, tmp_path)
    assert len(list((tmp_path / "cells").glob("*.u8"))) == 2


def test_a_cache_that_cannot_be_written_is_said(images, tmp_path):
    (tmp_path / "cells").write_text("a file where the folder should be")
    with pytest.raises(DatasetError, match="cells that were found cannot be written"):
        cell_maps(*images, tmp_path)


def test_smears_have_cells_in_half_of_their_images():
    assert are_smears(np.array([3, 0]))
    assert not are_smears(np.array([3, 0, 0]))
    assert not are_smears(np.array([], np.int64))
    with pytest.raises(DatasetError, match="found in 1 of 3 training images"):
        check_smears(np.array([3, 0, 0]))
