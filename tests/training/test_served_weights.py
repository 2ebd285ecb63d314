"""Which epoch's weights a training leaves in its model, and that patience does not depend on it."""

import errno
import os
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from allcore.config import make_config
from allcore.runs.folder.files import CHECKPOINTS_FOLDER
from allcore.runs.folder.status import SAVING, TRAINING, VALIDATING, Status
from allcore.training import loop
from allcore.training.epoch_weights import epochs_with_weights
from allcore.training.loop import DivergedError, Stopped, Trainer
from allcore.training.reporter import Reporter

BATCH = SimpleNamespace(labels=np.zeros(4), checksum=lambda: 1)


class CountingLearner:
    """A learner whose one weight is the number of steps taken, and whose validation losses are given."""

    def __init__(self, losses):
        self.model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1, use_bias=False)])
        self.optimizer = keras.optimizers.SGD()
        self.optimizer.build(self.model.trainable_variables)
        self.losses = iter(losses)
        self.steps, self.rate, self.rates = 0, 0.0, []

    def train_batch(self, batch):
        self.steps += 1
        self.rates.append(self.rate)
        self.model.set_weights([np.array([[self.steps]], np.float32)])
        return 1.0, 2.0

    def score_batch(self, batch):
        return next(self.losses), 2.0

    def set_learning_rate(self, rate):
        self.rate = rate

    def learning_rate(self):
        return self.rate

    def memory_bytes(self):
        return 1


class Training:
    """A training with one step an epoch and these validation losses, that can be run again as after a kill."""

    def __init__(self, folder, losses, epochs=None, **fields):
        self.folder, self.losses = folder, losses
        self.config = make_config(dataset="smears", epochs=epochs or len(losses), **fields)
        self.warnings = ()
        self.served = None
        self.rates = []

    def run(self, stop=lambda: False, losses=None):
        """Train and return the progress and the weight that is left."""
        learner = CountingLearner(self.losses if losses is None else losses)
        source = SimpleNamespace(rows=range(4), steps=1, batches=lambda epoch, start=0: [BATCH][start:])
        reporter = Reporter(self.folder, Status(state="running", heartbeat=time.time(), queued_at=0.0))
        try:
            progress = Trainer(
                self.config, None, learner, source, source, self.folder, reporter, stop, lambda _: 0.0
            ).run()
        finally:
            reporter.close(patience=0.0)
            self.warnings, self.served = reporter.status.warnings, reporter.status.served_epoch
            self.rates += learner.rates
        return progress, float(learner.model.get_weights()[0].item())


def trained(folder, losses, **fields):
    return Training(folder, losses, **fields).run()


@pytest.mark.parametrize(("keep", "epoch"), [("best", 1), ("last", 3)])
def test_kept_epoch_is_the_one_that_was_asked_for(tmp_path, keep, epoch):
    progress, weight = trained(tmp_path, [0.9, 0.2, 0.5, 0.4], keep=keep)
    assert (progress.kept_epoch, progress.best_loss) == (epoch, 0.2)
    assert weight == epoch + 1
    assert epoch in epochs_with_weights(tmp_path / CHECKPOINTS_FOLDER)


@pytest.mark.parametrize(("keep", "weight"), [("best", 1), ("last", 3)])
def test_patience_counts_epochs_without_a_lower_loss_whichever_is_kept(tmp_path, keep, weight):
    progress, left = trained(tmp_path, [0.2, 0.5, 0.4, 0.1], keep=keep, early_stopping=2)
    assert (progress.epoch, left) == (3, weight)


def test_patience_is_the_same_where_the_disk_refused_the_weights_of_the_best_epoch(tmp_path, no_room):
    def losses():
        with no_room(".npz"):  # while the first epoch, the best, is kept and its checkpoint written
            yield 0.2
        yield from (0.5, 0.4, 0.3)

    progress, weight = trained(tmp_path, losses(), epochs=4, early_stopping=2)
    assert (progress.epoch, weight) == (3, 3)  # of the epochs that could be kept, the third is the best


@pytest.mark.parametrize(("last", "served"), [(0.5, 1), (0.3, 3)])
def test_epoch_whose_weights_the_disk_refused_is_never_the_kept_one(tmp_path, no_room, last, served):
    def losses():
        yield from (0.9, 0.4)
        with no_room(".npz"):  # while the third epoch, the best, is kept and its checkpoint written
            yield 0.2
        yield last

    training = Training(tmp_path, losses(), epochs=4)
    assert training.run()[1] == served + 1
    assert training.served == served
    assert training.warnings == (
        "the weights of epoch 3 could not be kept (No space left on device)",
        "a checkpoint could not be written (No space left on device); training goes on without it. If the run is "
        "stopped before one is written, what was learned since the last checkpoint is lost",
    )


def full_for(monkeypatch, refused):
    """Let the disk have no room for the files that are `refused`."""
    sync = os.fsync

    def fsync(descriptor):
        if refused(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


def test_the_older_checkpoint_makes_room_for_the_weights_of_the_best_epoch(tmp_path, monkeypatch):
    folder = tmp_path / CHECKPOINTS_FOLDER
    full_for(
        monkeypatch,
        lambda file: file.suffix == ".npz" and file.parent == folder and len([*folder.glob("000-*")]) == 2,
    )
    training = Training(tmp_path, [0.9, 0.4, 0.2, 0.5])
    assert training.run()[1] == 3
    assert (training.served, training.warnings) == (2, ())


def test_where_no_checkpoint_fits_superseded_weights_make_room_for_those_of_a_better_epoch(tmp_path, monkeypatch):
    folder = tmp_path / CHECKPOINTS_FOLDER
    full_for(
        monkeypatch,
        lambda file: file.name == "model.npz" or (file.suffix == ".npz" and epochs_with_weights(folder) == [0, 1]),
    )
    training = Training(tmp_path, [0.9, 0.4, 0.2, 0.5])
    assert training.run()[1] == 3
    assert training.served == 2


@pytest.mark.parametrize("harm", [lambda file: file.unlink(), lambda file: file.write_bytes(b"PK")])
def test_where_the_kept_weights_cannot_be_read_the_newest_that_can_are_served_and_said(tmp_path, harm):
    training = Training(tmp_path, [0.2, 0.5])
    training.run()
    harm(tmp_path / CHECKPOINTS_FOLDER / "kept-00000.npz")
    assert training.run()[1] == 2
    assert training.served == 1
    assert training.warnings[-1] == "no saved weights can be read, so those of the last epoch, 2, are served"


def test_kept_weights_that_were_lost_meanwhile_do_not_hold_later_epochs_to_their_loss(tmp_path):
    training = Training(tmp_path, [0.1, 0.6, 0.5])
    stopping = iter([False, False, False, True])
    with pytest.raises(Stopped):
        training.run(stop=lambda: next(stopping))
    (tmp_path / CHECKPOINTS_FOLDER / "kept-00000.npz").unlink()
    progress, _ = training.run(losses=[0.6, 0.5])
    assert (progress.kept_epoch, progress.best_loss) == (2, 0.5)


@pytest.mark.parametrize("keep", ["best", "last"])
def test_training_that_diverges_in_its_very_last_step_serves_the_epoch_before_and_says_so(tmp_path, keep):
    training = Training(tmp_path, [0.5, 0.4, float("nan")], keep=keep)
    assert training.run()[1] == 2
    assert training.served == 1
    (warning,) = training.warnings
    assert warning.startswith("the validation loss is nan after epoch 3; a learning rate below")
    assert warning.endswith("Training ended there, and epoch 2 is served")


def test_diverged_training_is_not_trained_again_when_only_its_results_are_missing(tmp_path):
    training = Training(tmp_path, [0.5, float("inf")])
    training.run()
    assert training.run(losses=[])[1] == 1
    assert "epoch 1 is served" in training.warnings[-1]


def test_training_that_diverges_in_its_first_epoch_fails_with_that_message(tmp_path):
    with pytest.raises(DivergedError, match="the validation loss is nan after epoch 1; a learning rate below"):
        Training(tmp_path, [float("nan")]).run()


def test_stop_while_validating_is_obeyed_and_the_epoch_is_not_trained_again(tmp_path):
    training = Training(tmp_path, [0.5, 0.4])
    stopping = iter([False, True])
    with pytest.raises(Stopped):
        training.run(stop=lambda: next(stopping))
    progress, weight = training.run()
    assert (progress.epoch, weight) == (2, 1)  # one step more: a new learner counts from nought


def test_stop_on_a_full_disk_says_what_is_lost_and_not_that_training_goes_on(tmp_path, no_room):
    training = Training(tmp_path, [0.5, 0.4])
    with no_room(".npz"), pytest.raises(Stopped):
        training.run(stop=lambda: True)
    assert training.warnings == (
        "a checkpoint could not be written (No space left on device); what was learned since the last checkpoint is "
        "lost",
    )


def test_training_whose_folder_is_deleted_ends_and_does_not_bring_it_back(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()

    def losses():
        yield 0.5
        # As a run is deleted: moved away in one step, for its reporter may put a file into it meanwhile.
        shutil.rmtree(folder.rename(tmp_path / "deleted"), ignore_errors=True)
        yield 0.4

    with pytest.raises(Stopped):
        Training(folder, losses(), epochs=3).run(stop=lambda: not folder.exists())
    assert not folder.exists()


def test_whatever_is_saved_is_said_to_be_saved_and_then_it_is_trained_on(tmp_path, monkeypatch):
    phases, saved, update = [], [], Reporter.update

    def noted(reporter, **fields):
        phases.extend([fields["phase"]] if "phase" in fields else [])
        update(reporter, **fields)

    def noting(save):
        return lambda *arguments: saved.append(phases[-1]) or save(*arguments)

    monkeypatch.setattr(Reporter, "update", noted)
    for name in ("save_checkpoint", "save_epoch_weights"):
        monkeypatch.setattr(loop, name, noting(getattr(loop, name)))
    Training(tmp_path, [0.5, 0.4], checkpoint_minutes=1e-9).run()
    assert saved == [SAVING] * 6  # of each epoch after its step, its weights, and after it
    whole = [TRAINING, SAVING, TRAINING, VALIDATING, SAVING]
    assert phases == [TRAINING, *whole, *whole]
