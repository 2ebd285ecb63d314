"""A checkpoint brings a run back exactly, and a damaged one is refused by name."""

import keras
import numpy as np
import pytest

from allcore.config import make_config
from allcore.errors import RunError
from allcore.model.vgg16 import build_vgg16
from allcore.training.checkpoint import (
    Progress,
    drop_others,
    restore_checkpoint,
    restore_kept,
    save_checkpoint,
    save_kept,
)


def make_model(units=8, seed=0):
    keras.utils.set_random_seed(seed)
    model = build_vgg16(make_config(dataset="smears", image_size=32, head="gap", dense_units=units, seed=seed), 4)
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
    progress = Progress(segment=1, epoch=3, step=7, kept_epoch=2, best_loss=0.25, report_checksum=99)
    save_checkpoint(folder, model, optimizer, progress)
    return folder, model, optimizer, progress


def test_weights_optimizer_and_progress_come_back(saved):
    folder, model, optimizer, progress = saved
    other_model, other_optimizer = make_model(seed=1)
    assert restore_checkpoint(folder, other_model, other_optimizer) == progress
    for a, b in zip(values(model.variables), values(other_model.variables), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(values(optimizer.variables), values(other_optimizer.variables), strict=True):
        np.testing.assert_array_equal(a, b)


def test_dropout_goes_on_where_it_was(saved):
    folder, model, _, _ = saved
    image = keras.ops.ones((4, 32, 32, 3))
    other, optimizer = make_model(seed=1)
    restore_checkpoint(folder, other, optimizer)
    np.testing.assert_array_equal(model(image, training=True), other(image, training=True))


def test_only_the_newest_is_kept(saved, tmp_path):
    _, model, optimizer, _ = saved
    for step in (1, 2, 3):
        save_checkpoint(tmp_path, model, optimizer, Progress(step=step))
    assert [folder.name for folder in tmp_path.iterdir()] == ["000-00000-000003"]


def test_half_written_one_is_passed_over(saved, tmp_path):
    _, model, optimizer, _ = saved
    save_checkpoint(tmp_path, model, optimizer, Progress(step=1))
    (tmp_path / ".000-00000-000002.part").mkdir()
    assert restore_checkpoint(tmp_path, model, optimizer).step == 1


def test_nothing_saved_is_none(saved, tmp_path):
    _, model, optimizer, _ = saved
    assert restore_checkpoint(tmp_path / "checkpoints", model, optimizer) is None


def test_another_model_is_refused(saved):
    folder, *_ = saved
    with pytest.raises(RunError, match=r"checkpoint 001-00003-000007 cannot be read"):
        restore_checkpoint(folder, *make_model(units=9))


def test_pickled_arrays_are_refused(saved, tmp_path):
    _, model, optimizer, _ = saved
    save_checkpoint(tmp_path, model, optimizer, Progress())
    file = tmp_path / "000-00000-000000" / "model.npz"
    arrays = {f"{i:04d}": np.array([{}], dtype=object) for i in range(len(model.variables))}
    np.savez(file, **arrays)
    with pytest.raises(RunError, match="cannot be read"):
        restore_checkpoint(tmp_path, model, optimizer)


def test_kept_weights_come_back(saved, tmp_path):
    _, model, _, _ = saved
    save_kept(tmp_path, model, 4)
    other, _ = make_model(seed=1)
    restore_kept(tmp_path, other, 4)
    for a, b in zip(values(model.variables), values(other.variables), strict=True):
        np.testing.assert_array_equal(a, b)


def test_older_kept_weights_go_only_when_told(saved, tmp_path):
    _, model, _, _ = saved
    save_kept(tmp_path, model, 4)
    save_kept(tmp_path, model, 6)
    assert len(list(tmp_path.glob("kept-*"))) == 2
    drop_others(tmp_path, 6)
    assert [file.name for file in tmp_path.glob("kept-*")] == ["kept-00006.npz"]


def test_missing_kept_weights_are_said(saved, tmp_path):
    with pytest.raises(RunError, match="kept weights, of epoch 3, cannot be read"):
        restore_kept(tmp_path, saved[1], 2)
