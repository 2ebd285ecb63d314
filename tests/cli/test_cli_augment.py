"""`augment`: pictures of what settings make of images, and of what a run's network saw."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from allcore.data.catalog import scan
from allcore.data.intake.images import decode
from allcore.runs.folder.store import RunStore
from allcore.runs.replay import replay


def pictures(outcome, folder):
    """Return the pictures that were said to be written, by image and epoch, and hold them to be all in the folder."""
    assert {row["file"] for row in outcome.json} == {str(file) for file in folder.iterdir()}
    return {(row["image"], row["epoch"]): decode(Path(row["file"])) for row in outcome.json}


def test_a_runs_training_images_are_pixel_for_pixel_as_its_network_saw_them(on_finished, finished_run, tmp_path):
    asked = ("augment", "--run", finished_run.id, "--output", tmp_path / "seen", "--epochs", "1,3", "--json")
    found = pictures(on_finished(*asked), tmp_path / "seen")
    train = finished_run.split.table.loc[finished_run.split.rows("train")]
    assert {image for image, _ in found} == set(train.drop_duplicates("label")["path"])
    root = scan(Path(finished_run.config.dataset)).root
    for (image, epoch), pixels in found.items():
        row = int(train.index[train["path"] == image][0])
        assert np.array_equal(pixels, replay(finished_run, root, row, epoch - 1))


def test_epochs_that_a_run_has_not_come_to_are_said_to_be(command, on_finished, workspace, finished_run, tmp_path):
    waiting = RunStore(workspace.runs).create(finished_run.config, finished_run.split)
    outcome = command("augment", "--run", waiting.id, "--epochs", "2,3", "--output", tmp_path / "would")
    assert outcome.code == 0
    assert f"run {waiting.id} has not come to epoch 2: " in outcome.err
    trained = on_finished("augment", "--run", finished_run.id, "--output", tmp_path / "seen")
    assert trained.code == 0
    assert "has not come" not in trained.err


def test_settings_are_those_of_the_options_and_the_same_again(command, smears, tmp_path):
    asked = ("augment", "--data", smears, "--image", "Pro/pro-0001.jpg", "--image-size", 40, "--json")
    off = ("--degrees", 0, "--no-horizontal-flip", "--no-vertical-flip", "--brightness", 1, 1)
    first = pictures(command(*asked, "--output", tmp_path / "a"), tmp_path / "a")
    again = pictures(command(*asked, "--output", tmp_path / "b"), tmp_path / "b")
    plain = pictures(command(*asked, *off, "--output", tmp_path / "c"), tmp_path / "c")
    assert [*first] == [("Pro/pro-0001.jpg", epoch) for epoch in (1, 2, 3, 4)]
    assert {pixels.shape for pixels in first.values()} == {(40, 40, 3)}
    assert all(np.array_equal(first[key], again[key]) for key in first)
    assert len({pixels.tobytes() for pixels in first.values()}) == 4
    assert len({pixels.tobytes() for pixels in plain.values()}) == 1


def test_each_picture_is_said_with_what_was_done_to_it(command, smears, tmp_path):
    asked = ("augment", "--data", smears, "--preset", "cells", "--epochs", "1-8", "--image-size", 48)
    said = command(*asked, "--output", tmp_path / "seen").out
    assert "32 pictures are in" in said
    assert said.count("mirrored") > 4
    assert "cells on another image's field" in said


def test_every_picture_has_a_file_of_its_own_however_its_image_is_called(command, smears, tmp_path):
    long = f"{'長' * 60}/{'x' * 200}.jpg"
    images = ("A b/1.jpg", "A/b 1.jpg", "A b/9.jpg", "A/B 9.jpg", long)
    image = next((smears / "Pro").iterdir())
    for name in (*images, *(f"{label}/{number}.jpg" for label in ("A", "A b") for number in range(2, 5))):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(image, tmp_path / "data" / name)
    asked = ("augment", "--data", tmp_path / "data", *(word for name in images for word in ("--image", name)))
    outcome = command(*asked, "--epochs", "1,2", "--image-size", 32, "--output", tmp_path / "out", "--json")
    assert outcome.code == 0
    assert set(pictures(outcome, tmp_path / "out")) == {(name, epoch) for name in images for epoch in (1, 2)}
    assert len({file.name.casefold() for file in (tmp_path / "out").iterdir()}) == 10


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "say one"),
        (["--data", "x", "--run", "latest"], "say one"),
        (["--data", "x", "--preset", ""], "preset: unknown (received '')"),
        (["--run", "latest", "--image-size", "64"], "leave out the options of --data"),
        (["--run", "latest", "--preset", "cells"], "leave out the options of --data"),
        (["--run", "latest", "--epochs", "9"], "from 1 to 3"),
        (["--run", "latest", "--epochs", "0-2"], "from 1 to 3"),
        (["--run", "latest", "--image", "Pro/no.jpg"], "Pro/no.jpg is not a training image"),
    ],
)
def test_what_cannot_be_shown_is_refused_and_nothing_is_made(on_finished, tmp_path, words, why):
    outcome = on_finished("augment", *words, "--output", tmp_path / "none")
    assert outcome.code == 2
    assert why in outcome.err
    assert not (tmp_path / "none").exists()
