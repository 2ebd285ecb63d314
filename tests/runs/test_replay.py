"""What the app shows of an epoch is what the network got."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from allcore.cells.maps import cell_maps
from allcore.config import make_config
from allcore.config_parts import SplitConfig
from allcore.data.catalog import scan
from allcore.data.decoded import decoded_images
from allcore.data.intake.images import decode
from allcore.data.splits.split import make_split
from allcore.errors import DatasetError, RunError
from allcore.runs.folder.store import Run, RunStore
from allcore.runs.replay import replay, split_image
from allcore.training.batches import BatchSource


@pytest.fixture
def run(smears: Path, tmp_path: Path) -> Run:
    """Return a run on a copy of the drawn smears, every operation of augmentation on."""
    folder = shutil.copytree(smears, tmp_path / "smears")
    everything = {
        "stain_jitter": 0.3, "grey": 0.3, "hide_scale_bar": 0.5, "border": "white", "scale": (0.8, 1.25),
        "transplant": 0.4, "plain_field": 0.2, "recolour": 0.5, "recolour_strength": 0.8,
    }  # fmt: skip
    config = make_config(dataset=str(folder), image_size=40, batch_size=9, epochs=3, seed=11, augment=everything)
    split = make_split(scan(folder).images(), SplitConfig(seed=4))
    return RunStore(tmp_path / "runs").create(config, split)


def folder_of(run: Run) -> Path:
    return Path(run.config.dataset)


@pytest.mark.parametrize("epoch", [0, 2])
@pytest.mark.slow
def test_every_training_image_is_pixel_for_pixel_that_of_the_batches(run, tmp_path, epoch):
    rows = scan(folder_of(run)).images()
    images = decoded_images(folder_of(run), rows, tmp_path / "cache")
    cells = cell_maps(images, list(rows["pixel_sha256"]), tmp_path / "cache")
    source = BatchSource(images, run.split.labels(), run.split.rows("train"), run.config, augmented=True, cells=cells)
    for batch in source.batches(epoch):
        for pixels, row in zip(batch.images, batch.rows, strict=True):
            assert np.array_equal(replay(run, folder_of(run), int(row), epoch), pixels)


def test_the_image_of_a_row_is_that_of_its_file(run):
    path = run.split.table["path"][5]
    assert np.array_equal(split_image(run, folder_of(run), 5), decode(folder_of(run) / path))


def test_images_outside_train_are_never_augmented(run):
    with pytest.raises(RunError, match="no training image"):
        replay(run, folder_of(run), int(run.split.rows("test")[0]), 0)


@pytest.mark.parametrize("row", [-1, 10_000])
def test_a_row_that_the_split_does_not_have_is_refused(run, row):
    with pytest.raises(RunError, match=f"row {row}"):
        replay(run, folder_of(run), row, 0)


@pytest.mark.parametrize("epoch", [-1, 3])
def test_an_epoch_that_the_run_does_not_have_is_refused(run, epoch):
    with pytest.raises(RunError, match="epochs 0 to 2"):
        replay(run, folder_of(run), int(run.split.rows("train")[0]), epoch)


def test_a_file_that_changed_since_is_refused(run):
    row = int(run.split.rows("train")[0])
    other = folder_of(run) / run.split.table["path"][row + 1]
    shutil.copy(other, folder_of(run) / run.split.table["path"][row])
    with pytest.raises(DatasetError, match="changed since"):
        replay(run, folder_of(run), row, 0)


def test_a_file_that_is_gone_is_named(run):
    row = int(run.split.rows("train")[0])
    path = run.split.table["path"][row]
    (folder_of(run) / path).unlink()
    with pytest.raises(DatasetError, match=path):
        replay(run, folder_of(run), row, 0)
