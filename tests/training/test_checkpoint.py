"""A checkpoint brings a run back exactly, and a damaged one is refused by name."""

import json
import random
import resource
import shutil

import keras
import numpy as np
import pytest

from allcore.errors import RunError
from allcore.training.checkpoint import TrainingProgress, restore_checkpoint, save_checkpoint
from allcore.training.epoch_weights import (
    epochs_with_weights,
    has_epoch_weights,
    restore_epoch_weights,
    save_epoch_weights,
)
from allcore.training.variable_files import UnreadableError
from tests.damaged import TIMES, damaged


def make_model(units=100, seed=0):
    """Return a network whose dropout has a state of its own, as the real one's has, and its optimizer."""
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(units), keras.layers.Dropout(0.5, seed=seed), keras.layers.Dense(4)]
    model = keras.Sequential([keras.layers.Input((100,)), *layers])
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)
    return model, optimizer


def values(variables):
    return [np.array(variable.numpy()) for variable in variables]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return a folder with one checkpoint, and the model, optimizer and progress that are in it."""
    folder = tmp_path_factory.mktemp("run") / "checkpoints"
    model, optimizer = make_model()
    gradients = [keras.ops.ones_like(variable) for variable in model.trainable_variables]
    optimizer.apply(gradients, model.trainable_variables)
    progress = TrainingProgress(segment=1, epoch=3, step=7, kept_epoch=2, best_loss=0.25, report_checksum=99)
    save_checkpoint(folder, model, optimizer, progress)
    return folder, model, optimizer, progress


def restored(folder, model, optimizer):
    """Return the restored progress and the warnings."""
    warnings = []
    return restore_checkpoint(folder, model, optimizer, warnings.append), warnings


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def damage(file):
    """Change one bit in the middle of a file."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.fixture
def two(saved, tmp_path):
    """Return a folder with two checkpoints, of step 1 and step 2, and what they are of."""
    _, model, optimizer, _ = saved
    for step in (1, 2):
        save_checkpoint(tmp_path, model, optimizer, TrainingProgress(step=step))
    return tmp_path, model, optimizer


def test_weights_optimizer_and_progress_come_back(saved):
    folder, model, optimizer, progress = saved
    other_model, other_optimizer = make_model(seed=1)
    assert restored(folder, other_model, other_optimizer) == (progress, [])
    for a, b in zip(values(model.variables), values(other_model.variables), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(values(optimizer.variables), values(other_optimizer.variables), strict=True):
        np.testing.assert_array_equal(a, b)


def test_dropout_goes_on_where_it_was(saved):
    folder, model, _, _ = saved
    image = keras.ops.ones((4, 100))
    other, optimizer = make_model(seed=1)
    restored(folder, other, optimizer)
    np.testing.assert_array_equal(model(image, training=True), other(image, training=True))


def test_the_two_newest_stay_and_nothing_unfinished(two):
    folder, model, optimizer = two
    save_checkpoint(folder, model, optimizer, TrainingProgress(step=3))
    assert names(folder) == ["000-00000-000002", "000-00000-000003"]


def test_the_two_newest_stay_also_from_the_thousandth_segment_on(saved, tmp_path):
    _, model, optimizer, _ = saved
    for segment in (998, 999, 1000):
        save_checkpoint(tmp_path, model, optimizer, TrainingProgress(segment=segment))
    assert set(names(tmp_path)) == {"999-00000-000000", "1000-00000-000000"}
    assert restored(tmp_path, model, optimizer)[0].segment == 1000


def test_half_written_one_is_passed_over(two):
    folder, model, optimizer = two
    (folder / ".000-00000-000003.part").mkdir()
    assert restored(folder, model, optimizer)[0].step == 2


def test_nothing_saved_is_none(saved, tmp_path):
    _, model, optimizer, _ = saved
    assert restored(tmp_path / "checkpoints", model, optimizer) == (None, [])


@pytest.mark.parametrize(
    ("file", "harm"),
    [
        ("model.npz", damage),
        ("optimizer.npz", lambda file: file.unlink()),
        ("progress.json", damage),
        ("manifest.json", lambda file: file.write_bytes(b"")),
    ],
)
def test_damaged_newest_gives_way_to_the_one_before_and_is_said(two, file, harm):
    folder, model, optimizer = two
    harm(folder / "000-00000-000002" / file)
    progress, (warning,) = restored(folder, model, optimizer)
    assert progress.step == 1
    assert warning.startswith("checkpoint 000-00000-000002 is damaged (")
    assert warning.endswith("the run goes on from 000-00000-000001")
    assert names(folder) == ["000-00000-000001"]


def test_any_damage_to_the_newest_gives_way_to_the_one_before(two, tmp_path_factory):
    folder, model, optimizer = two
    newest = max(path for path in folder.iterdir() if path.is_dir())
    rng, warned = random.Random(0), 0
    for _ in range(100 * TIMES):
        copy = shutil.copytree(folder, tmp_path_factory.mktemp("copy") / "checkpoints")
        file = rng.choice(sorted((copy / newest.name).iterdir()))
        file.write_bytes(damaged(file.read_bytes(), rng))
        progress, warnings = restored(copy, model, optimizer)
        assert progress.step == (1 if warnings else 2)
        warned += len(warnings)
        shutil.rmtree(copy)
    assert warned > 90 * TIMES


def test_run_whose_checkpoints_are_all_damaged_is_refused_and_loses_none(two):
    folder, model, optimizer = two
    for name in names(folder):
        damage(folder / name / "model.npz")
    with pytest.raises(RunError, match=r"no checkpoint can be read \(000-00000-000002: .*; delete the folder"):
        restored(folder, model, optimizer)
    assert len(names(folder)) == 2


def test_checkpoint_of_an_earlier_version_has_no_manifest_and_is_read(two):
    folder, model, optimizer = two
    (folder / "000-00000-000002" / "manifest.json").unlink()
    assert restored(folder, model, optimizer)[0].step == 2


def test_checkpoint_of_an_earlier_version_has_its_best_loss_as_the_lowest(saved, tmp_path):
    _, model, optimizer, _ = saved
    save_checkpoint(tmp_path, model, optimizer, TrainingProgress(kept_epoch=2, best_loss=0.25, lowest_loss=0.2))
    checkpoint = tmp_path / "000-00000-000000"
    (checkpoint / "manifest.json").unlink()
    progress = json.loads((checkpoint / "progress.json").read_text())
    del progress["lowest_loss"]
    (checkpoint / "progress.json").write_text(json.dumps(progress))
    assert restored(tmp_path, model, optimizer)[0].lowest_loss == 0.25


def test_another_model_is_refused_and_left_as_it_was(saved):
    folder, *_ = saved
    model, optimizer = make_model(units=9)
    before = values(model.variables)
    with pytest.raises(RunError, match=r"checkpoint 001-00003-000007 cannot be read .* another model's"):
        restored(folder, model, optimizer)
    for a, b in zip(before, values(model.variables), strict=True):
        np.testing.assert_array_equal(a, b)


def test_pickled_arrays_are_refused(saved, tmp_path):
    _, model, optimizer, _ = saved
    save_checkpoint(tmp_path, model, optimizer, TrainingProgress())
    folder = tmp_path / "000-00000-000000"
    (folder / "manifest.json").unlink()
    np.savez(folder / "model.npz", **{f"{i:04d}": np.array([{}], dtype=object) for i in range(len(model.variables))})
    with pytest.raises(RunError, match="cannot be read"):
        restored(tmp_path, model, optimizer)


def test_failed_save_leaves_the_older_ones_and_nothing_unfinished(two, no_room):
    folder, model, optimizer = two
    with no_room("progress.json"), pytest.raises(OSError, match="No space"):
        save_checkpoint(folder, model, optimizer, TrainingProgress(step=3))
    assert names(folder) == ["000-00000-000002"]  # the older went to make room, which was not enough
    assert restored(folder, model, optimizer)[0].step == 2


def test_file_that_cannot_grow_is_an_error_of_the_disk(saved, tmp_path):
    """NumPy and zipfile have several ways to end when a write fails; all of them must be `OSError`."""
    _, model, _, _ = saved
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OSError, match="large"):
            save_epoch_weights(tmp_path, model, 0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


def test_kept_weights_come_back(saved, tmp_path):
    _, model, _, _ = saved
    save_epoch_weights(tmp_path, model, 4)
    other, _ = make_model(seed=1)
    restore_epoch_weights(tmp_path, other, 4)
    for a, b in zip(values(model.variables), values(other.variables), strict=True):
        np.testing.assert_array_equal(a, b)


def test_kept_weights_go_once_no_checkpoint_speaks_of_them(saved, tmp_path):
    _, model, optimizer, _ = saved
    for epoch in (4, 6):
        save_epoch_weights(tmp_path, model, epoch)
        save_checkpoint(tmp_path, model, optimizer, TrainingProgress(epoch=epoch + 1, kept_epoch=epoch))
    assert epochs_with_weights(tmp_path) == [4, 6]
    save_checkpoint(tmp_path, model, optimizer, TrainingProgress(epoch=8, kept_epoch=6))
    assert epochs_with_weights(tmp_path) == [6]


def test_kept_weights_that_are_missing_or_damaged_are_said(saved, tmp_path):
    _, model, _, _ = saved
    save_epoch_weights(tmp_path, model, 4)
    damage(tmp_path / "kept-00004.npz")
    for epoch in (2, 4):
        assert not has_epoch_weights(tmp_path, epoch)
        with pytest.raises(UnreadableError, match=rf"kept-0000{epoch}\.npz"):
            restore_epoch_weights(tmp_path, model, epoch)
