"""Which epoch's weights a training leaves in its model, and that patience does not depend on it."""

import time
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from allcore.config import make_config
from allcore.runs.status import Status
from allcore.training.checkpoint import FOLDER
from allcore.training.loop import Trainer
from allcore.training.reporter import Reporter

BATCH = SimpleNamespace(labels=np.zeros(4), checksum=lambda: 1)


class CountingLearner:
    """A learner whose one weight is the number of steps taken, and whose validation losses are given."""

    def __init__(self, losses):
        self.model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1, use_bias=False)])
        self.optimizer = keras.optimizers.SGD()
        self.optimizer.build(self.model.trainable_variables)
        self.losses = iter(losses)
        self.steps = 0

    def train_batch(self, batch):
        self.steps += 1
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


def trained(folder, losses, **fields):
    """Return the progress of a training with one step an epoch and these validation losses, and the weight it left."""
    learner = CountingLearner(losses)
    source = SimpleNamespace(rows=range(4), steps=1, batches=lambda epoch, start=0: [BATCH])
    config = make_config(dataset="smears", epochs=len(losses), **fields)
    reporter = Reporter(folder, Status(state="running", heartbeat=time.time(), queued_at=0.0))
    try:
        progress = Trainer(config, None, learner, source, source, folder, reporter, lambda: False).run()
    finally:
        reporter.close()
    return progress, float(learner.model.get_weights()[0].item())


@pytest.mark.parametrize(("keep", "epoch"), [("best", 1), ("last", 3)])
def test_kept_epoch_is_the_one_that_was_asked_for(tmp_path, keep, epoch):
    progress, weight = trained(tmp_path, [0.9, 0.2, 0.5, 0.4], keep=keep)
    assert (progress.kept_epoch, progress.best_loss) == (epoch, 0.2)
    assert weight == epoch + 1
    assert [file.name for file in (tmp_path / FOLDER).glob("kept-*")] == [f"kept-{epoch:05d}.npz"]


@pytest.mark.parametrize(("keep", "weight"), [("best", 1), ("last", 3)])
def test_patience_counts_epochs_without_a_lower_loss_whichever_is_kept(tmp_path, keep, weight):
    progress, left = trained(tmp_path, [0.2, 0.5, 0.4, 0.1], keep=keep, early_stopping=2)
    assert (progress.epoch, left) == (3, weight)
