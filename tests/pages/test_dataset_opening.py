"""The Dataset page: a folder that is opened where it is."""

import os
import shutil
from pathlib import Path

import pytest

from allcore.workspace import Workspace
from tests.pages.opening import choose, listed_images, open_more, open_page, press


@pytest.fixture
def variant_folder(workspace: Workspace, smears: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a variant's folder of the one dataset in the roots: a dataset, too, but not one that is listed."""
    for variant in ("Original", "Segmented"):
        shutil.copytree(smears, tmp_path / "roots" / "all" / variant, copy_function=os.link)
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(tmp_path / "roots"))
    return tmp_path / "roots" / "all" / "Original"


def test_a_folder_below_a_root_is_opened_where_it_is(variant_folder):
    app = choose(open_more(open_page("dataset")), "source", "A folder")
    app.text_input[0].set_value(str(variant_folder))
    app = press(app, "Open folder")
    assert app.selectbox(key="data").value == str(variant_folder)
    assert app.query_params["data"] == str(variant_folder)
    assert listed_images(app)[0] == "Benign/benign-0001.jpg"


def test_a_link_to_a_folder_below_a_root_opens_it(variant_folder):
    assert listed_images(open_page("dataset", data=str(variant_folder)))[0] == "Benign/benign-0001.jpg"


def test_a_listed_folder_goes_by_its_short_name_when_it_is_typed(variant_folder):
    app = choose(open_more(open_page("dataset")), "source", "A folder")
    app.text_input[0].set_value(str(variant_folder.parent))
    assert press(app, "Open folder").selectbox(key="data").value == "roots/all"


@pytest.mark.parametrize("way", ["typed", "linked", "through a link on disk"])
def test_a_folder_outside_the_roots_is_never_read(workspace, smears, tmp_path, monkeypatch, way):
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(tmp_path / "roots"))
    (tmp_path / "roots").mkdir()
    outside = smears
    if way == "through a link on disk":
        outside = tmp_path / "roots" / "linked"
        outside.symlink_to(smears)
    if way == "linked":
        app = open_page("dataset", data=str(outside))
    else:
        app = choose(open_page("dataset"), "source", "A folder")
        app.text_input[0].set_value(str(outside))
        app = press(app, "Open folder")
        assert "outside the folders that may be read" in app.error[0].value.replace("\\", "")
    assert listed_images(app) == []


def test_a_folder_that_is_no_dataset_is_said_to_be_none(workspace, tmp_path, monkeypatch):
    (tmp_path / "roots" / "empty").mkdir(parents=True)
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(tmp_path / "roots"))
    app = choose(open_page("dataset"), "source", "A folder")
    app.text_input[0].set_value(str(tmp_path / "roots" / "empty"))
    assert "is not a dataset" in press(app, "Open folder").error[0].value
