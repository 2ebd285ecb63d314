"""`map`: what the features tell apart, as a table and as JSON; the map as CSV and as a page."""

import csv
import os
import shutil

import pytest


@pytest.fixture
def model(finished_run, tmp_path):
    """Return the finished run's model outside its run."""
    return shutil.copy(finished_run.served_model, tmp_path / "alone.onnx")


def test_a_runs_images_are_mapped_told_of_and_written(on_finished, finished_run, tmp_path):
    page, places = tmp_path / "map.html", tmp_path / "map.csv"
    said = on_finished("map", "latest", "--by", "stain", "--figure", page, "--csv", places)
    assert said.code == 0
    assert "stain cluster, within the class" in said.out
    assert "\n64 images\n" in said.out
    assert [row["path"] for row in csv.DictReader(places.open())] == list(finished_run.split.table["path"])
    assert "cluster 1 of its class" in page.read_text(encoding="utf-8")
    found = on_finished("map", finished_run.id, "--json").json
    assert found["images"] == len(found["points"]) == 64
    assert found["agreement"][0]["part"] == "all"


def test_a_models_map_of_any_labelled_folder(command, model, smears):
    found = command("map", model, "--data", smears, "--json").json
    assert {point["part"] for point in found["points"]} == {"train", "validation", "test"}


def test_images_that_are_called_a_class_which_the_folder_lacks_are_drawn(command, model, smears, tmp_path):
    folder = shutil.copytree(smears, tmp_path / "folder", copy_function=os.link)
    found = command("map", model, "--data", smears, "--json").json["points"]
    lacking = next(one["predicted"] for one in found if one["predicted"] != one["label"])
    shutil.rmtree(folder / lacking)
    said = command("map", model, "--data", folder, "--by", "predicted", "--figure", tmp_path / "map.html")
    assert said.code == 0
    assert f'"name":"{lacking}"' in (tmp_path / "map.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("more", [(), ("--variant", "Original")])
def test_what_cannot_be_mapped_is_said_in_one_line(command, model, more):
    said = command("map", model, *more)
    assert (said.code, said.out) == (2, "")
    assert "give --data DIR" in said.err


@pytest.mark.parametrize("more", [("--by", "class"), ("--projection", "principal")], ids=" ".join)
def test_what_is_of_the_figure_is_refused_without_one(on_finished, more):
    said = on_finished("map", "latest", *more)
    assert (said.code, said.out) == (2, "")
    assert "give --figure FILE.html" in said.err


def test_of_how_many_images_those_of_a_map_are_drawn_is_said(command, model, smears, monkeypatch, tmp_path):
    monkeypatch.setattr("allcore.evaluation.image_map.making.MOST", 10)
    said = command("map", model, "--data", smears, "--csv", tmp_path / "map.csv")
    assert "10 of 64 images, drawn at random\n" in said.out
    assert len(list(csv.DictReader((tmp_path / "map.csv").open()))) == 10
    found = command("map", model, "--data", smears, "--json").json
    assert (found["images"], found["of"]) == (10, 64)
