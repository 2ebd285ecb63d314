"""The map on the Evaluate page: offered, made, and what is chosen opens; clicks and the lasso are the browser's."""

import shutil
from urllib.parse import parse_qs, urlparse

import pytest

from allcore.evaluation.image_map.making import known_map, make_map
from pages.ui.evaluate.image_map import chosen_rows
from tests.pages.opening import open_page, press, table, texts


def open_map(**query):
    return open_page("evaluate", view="Map", **query)


@pytest.fixture(scope="module")
def kept(finished_run, tmp_path_factory):
    cache = tmp_path_factory.mktemp("mapped")
    make_map(finished_run, cache)
    return cache / "maps"


@pytest.fixture
def mapped(run, workspace, kept):
    """Return the run with its map kept."""
    shutil.copytree(kept, workspace.cache / "maps")
    return run


def test_a_map_is_offered_and_made_on_a_click(run, workspace):
    app = open_map()
    assert not app.get("plotly_chart")
    app = press(app, "Make the map")
    assert len(app.get("plotly_chart")) == 1
    assert known_map(run, workspace.cache) is not None
    assert "mean nothing in a t-SNE map" in texts(app)


def test_an_image_in_the_address_is_shown_with_its_nearest_of_other_fields(mapped, workspace):
    found, split = known_map(mapped, workspace.cache), mapped.split.table
    app = open_map(at=split["path"][0], map_by="stain", projection="principal")
    assert app.selectbox(key="map_by").value == "stain"
    near = split["path"].iloc[[0, *found.near[0]]].tolist()
    links = [parse_qs(urlparse(image.proto.link).query) for image in app.get("image")]
    assert [link["image"][0] for link in links] == near
    assert f"the {len(near) - 1} images nearest" in texts(app)


def test_what_the_features_tell_apart_stands_below_it(mapped):
    app = open_map()
    assert "nearest images of a test image by the network's features" in texts(app)
    assert set(table(app, "chance")["images"]) == {"all", "train", "validation", "test"}


def test_of_how_many_images_those_of_a_map_are_drawn_is_said(run, workspace, monkeypatch):
    for module in ("allcore.evaluation.image_map.making", "pages.ui.evaluate.image_map"):
        monkeypatch.setattr(f"{module}.MOST", 10)
    app = open_map()
    assert "made once, of 10 of 64 images, drawn at random" in texts(app)
    assert "The map has 10 of 64 images, drawn at random" in texts(press(app, "Make the map"))


def test_an_image_that_is_not_on_the_map_is_said(mapped):
    app = open_map(at="Pro/none.jpg")
    assert "No such image" in texts(app)
    assert len(app.get("plotly_chart")) == 1


def test_without_features_and_model_there_is_no_map(run):
    for name in ("features.npy", "model.onnx"):
        (run.folder / name).unlink()
    assert "There is no map of these images" in texts(open_map())


def test_points_of_a_choice_are_rows_of_the_map_each_once():
    points = [{"customdata": [3]}, {"customdata": 1}, {"customdata": 3.0}, {"customdata": 99}, {"curve_number": 0}]
    assert chosen_rows(points, 10) == [1, 3]
