"""Training, top to bottom: model, batches, steps, validation, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from allcore.config import TrainConfig
from allcore.errors import InputError
from allcore.hardware import HardwarePlan
from allcore.runs.estimate import epoch_seconds
from allcore.runs.folder.files import CHECKPOINTS_FOLDER
from allcore.runs.folder.status import SAVING, TRAINING, VALIDATING
from allcore.training.batches import BatchSource
from allcore.training.checkpoint import TrainingProgress, restore_checkpoint, save_checkpoint, write_making_room
from allcore.training.epoch_weights import has_epoch_weights, save_epoch_weights
from allcore.training.learner import Learner
from allcore.training.pace import Pace
from allcore.training.reporter import Reporter
from allcore.training.served_weights import take_served_weights

REPORTS_PER_EPOCH = 100
_PLATEAU_PATIENCE = 3


class DivergedError(InputError):
    """Training cannot go on: the loss is no longer a number."""


class Stopped(Exception):  # noqa: N818 - not an error: the user asked for it
    """Training ended early because a stop was requested; the checkpoint is written."""


@dataclass(frozen=True)
class Trainer:
    """Everything that one run's training needs."""

    config: TrainConfig
    plan: HardwarePlan
    learner: Learner
    train: BatchSource
    validation: BatchSource
    folder: Path
    reporter: Reporter
    stop_requested: Callable[[], bool]
    after_seconds: Callable[[float], float]
    """About how long what follows takes, of the images that are trained on a second."""
    pace: Pace = field(default_factory=Pace)

    def run(self) -> TrainingProgress:
        """Train from the last checkpoint, or from the start, to the end; leave the weights to be served in the model.

        Raises `Stopped` after a checkpoint when a stop was requested, `DivergedError` when the loss is no longer a
        number and no epoch before is kept.
        """
        progress = self._begin()
        try:
            while not progress.finished:
                self._train_epoch(progress)
                self._end_epoch(progress)
                self._save(progress)
        except DivergedError as error:
            progress.diverged, progress.finished = str(error), True
        folder, model = self.folder / CHECKPOINTS_FOLDER, self.learner.model
        served = take_served_weights(folder, model, progress, self.config.keep, self.reporter.warn)
        if served is None:
            raise DivergedError(progress.diverged)
        self.reporter.update(served_epoch=served)
        if progress.diverged:
            self._save(progress)  # so that a resumed run goes on with its results
        return progress

    def _begin(self) -> TrainingProgress:
        progress = restore_checkpoint(
            self.folder / CHECKPOINTS_FOLDER, self.learner.model, self.learner.optimizer, self.reporter.warn
        )
        previous = self.reporter.status.segment
        if progress is None:
            progress = TrainingProgress()
        elif progress.kept_epoch >= 0 and not has_epoch_weights(self.folder / CHECKPOINTS_FOLDER, progress.kept_epoch):
            self.reporter.warn(f"the saved weights of epoch {progress.kept_epoch + 1} cannot be read")
            progress.kept_epoch, progress.best_loss = -1, math.inf
        progress.segment = previous
        if previous > 0:
            self.reporter.record(
                {
                    "kind": "segment",
                    "segment": previous,
                    "epoch": progress.epoch,
                    "step": progress.step,
                    "time": time.time(),
                }
            )
        self.reporter.update(phase=TRAINING, epoch=progress.epoch, step=progress.step, steps_per_epoch=self.train.steps)
        return progress

    def _train_epoch(self, progress: TrainingProgress) -> None:
        self.reporter.update(phase=TRAINING)
        saved = started = time.monotonic()
        seconds_before = progress.epoch_seconds
        self.pace.begin_epoch()
        for batch in self.train.batches(progress.epoch, progress.step):
            self.learner.set_learning_rate(learning_rate(self.config, progress, self.train.steps))
            loss, correct = self.learner.train_batch(batch)
            if not math.isfinite(loss):
                raise DivergedError(
                    f"the loss is {loss} in epoch {progress.epoch + 1}, step {progress.step + 1}; {self._against_it()}"
                )
            progress.step += 1
            _add(progress.epoch_sums, loss, correct, len(batch.labels))
            _add(progress.report_sums, loss, correct, len(batch.labels))
            progress.report_checksum = (progress.report_checksum * 31 + batch.checksum()) % 2**32
            progress.epoch_seconds = seconds_before + time.monotonic() - started
            self.pace.note(len(batch.labels))
            self._report_step(progress)
            self._stop_if_asked(progress)
            if time.monotonic() - saved > 60 * self.config.checkpoint_minutes:
                self.reporter.update(phase=SAVING)
                self._save(progress)
                self.pace.note_pause()
                self.reporter.update(phase=TRAINING)
                saved = time.monotonic()

    def _stop_if_asked(self, progress: TrainingProgress) -> None:
        if self.stop_requested():
            self.reporter.update(state="stopping", phase=SAVING)
            self._save(progress, stops=True)
            raise Stopped

    def _report_step(self, progress: TrainingProgress) -> None:
        interval = math.ceil(self.train.steps / REPORTS_PER_EPOCH)
        rate = self._images_per_second(progress)
        if progress.step % interval == 0 or progress.step == self.train.steps:
            self.reporter.record(
                {
                    "kind": "batch",
                    "segment": progress.segment,
                    "epoch": progress.epoch,
                    "step": progress.step,
                    "global_step": progress.epoch * self.train.steps + progress.step,
                    **_means(progress.report_sums),
                    "learning_rate": self.learner.learning_rate(),
                    "images_per_second": self.pace.since_report(),
                    "memory_bytes": self.learner.memory_bytes(),
                    "checksum": progress.report_checksum,
                    "time": time.time(),
                }
            )
            progress.report_sums = dict.fromkeys(progress.report_sums, 0.0)
            progress.report_checksum = 0
        self.reporter.update(step=progress.step, images_per_second=rate, eta_seconds=self._eta(progress, rate))

    def _images_per_second(self, progress: TrainingProgress) -> float:
        """Return how fast the epoch is trained on; where a resumed one has no batch left, how fast it was."""
        return self.pace.of_epoch() or progress.epoch_sums["images"] / progress.epoch_seconds

    def _eta(self, progress: TrainingProgress, images_per_second: float) -> float:
        """Return the seconds left, with validation and what follows."""
        epochs = self.config.epochs - progress.epoch
        whole = epochs * epoch_seconds(len(self.train.rows), len(self.validation.rows), images_per_second)
        return self.after_seconds(images_per_second) + whole - progress.epoch_sums["images"] / images_per_second

    def _end_epoch(self, progress: TrainingProgress) -> None:
        self.reporter.update(phase=VALIDATING)
        began = time.monotonic()
        validation = self._validate(progress)
        if not math.isfinite(validation["loss"]):
            raise DivergedError(
                f"the validation loss is {validation['loss']} after epoch {progress.epoch + 1}; {self._against_it()}"
            )
        record = {
            "kind": "epoch",
            "segment": progress.segment,
            "epoch": progress.epoch,
            "step": progress.step,
            **_means(progress.epoch_sums),
            "validation_loss": validation["loss"],
            "validation_accuracy": validation["accuracy"],
            "learning_rate": self.learner.learning_rate(),
            "images_per_second": self._images_per_second(progress),
            "seconds": progress.epoch_seconds + time.monotonic() - began,
            "memory_bytes": self.learner.memory_bytes(),
            "time": time.time(),
        }
        self.reporter.update(phase=SAVING)
        self._note_progress(progress, validation["loss"])
        progress.epoch += 1
        progress.step = 0
        progress.epoch_seconds = 0.0
        progress.epoch_sums = dict.fromkeys(progress.epoch_sums, 0.0)
        progress.finished = progress.epoch >= self.config.epochs or self._gives_up(progress)
        self.reporter.record(record)
        self.reporter.update(epoch=progress.epoch, step=0)

    def _against_it(self) -> str:
        return f"a learning rate below {self.config.learning_rate:g} or precision float32 may help"

    def _validate(self, progress: TrainingProgress) -> dict[str, float]:
        sums = dict.fromkeys(("loss", "correct", "images"), 0.0)
        for batch in self.validation.batches(0):
            loss, correct = self.learner.score_batch(batch)
            _add(sums, loss, correct, len(batch.labels))
            self._stop_if_asked(progress)
        return _means(sums)

    def _note_progress(self, progress: TrainingProgress, validation_loss: float) -> None:
        """Keep the weights where the configuration says so, and count epochs without a lower loss.

        The count is the same whether or not the disk takes the weights.
        """
        better = progress.kept_epoch < 0 or validation_loss < progress.best_loss
        if (better or self.config.keep == "last") and self._keep(progress):
            progress.kept_epoch = progress.epoch
            if better:
                progress.best_loss = validation_loss
        if validation_loss < progress.lowest_loss:
            progress.lowest_loss = validation_loss
            progress.epochs_without_progress = progress.plateau_epochs = 0
            return
        progress.epochs_without_progress += 1
        progress.plateau_epochs += 1
        if self.config.learning_rate_schedule == "plateau" and progress.plateau_epochs >= _PLATEAU_PATIENCE:
            progress.learning_rate_factor /= 2.0
            progress.plateau_epochs = 0

    def _gives_up(self, progress: TrainingProgress) -> bool:
        patience = self.config.early_stopping
        return patience is not None and progress.epochs_without_progress >= patience

    def _keep(self, progress: TrainingProgress) -> bool:
        """Keep the weights of the epoch and return whether they are safely there."""
        folder, epoch = self.folder / CHECKPOINTS_FOLDER, progress.epoch
        try:
            write_making_room(
                folder, progress.kept_epoch, lambda: save_epoch_weights(folder, self.learner.model, epoch)
            )
        except OSError as error:
            self.reporter.warn(f"the weights of epoch {epoch + 1} could not be kept ({error.strerror or error})")
            return False
        return True

    def _save(self, progress: TrainingProgress, *, stops: bool = False) -> None:
        """Write a checkpoint, after everything that was reported before it, or warn that it could not be."""
        self.reporter.flush()
        try:
            save_checkpoint(self.folder / CHECKPOINTS_FOLDER, self.learner.model, self.learner.optimizer, progress)
        except OSError as error:
            until = "" if stops else "training goes on without it. If the run is stopped before one is written, "
            self.reporter.warn(
                f"a checkpoint could not be written ({error.strerror or error}); {until}"
                "what was learned since the last checkpoint is lost"
            )


def learning_rate(config: TrainConfig, progress: TrainingProgress, steps_per_epoch: int) -> float:
    """Return the step size of the next batch: a linear warm-up from zero, then the configured schedule."""
    warm_up = config.warmup_epochs * steps_per_epoch
    step = progress.epoch * steps_per_epoch + progress.step
    if step < warm_up:
        return config.learning_rate * (step + 1) / (warm_up + 1)
    if config.learning_rate_schedule == "cosine":
        done = (step - warm_up) / (config.epochs * steps_per_epoch - warm_up)
        return config.learning_rate * 0.5 * (1.0 + math.cos(math.pi * done))
    return config.learning_rate * progress.learning_rate_factor


def _add(sums: dict[str, float], loss: float, correct: float, images: int) -> None:
    sums["loss"] += loss * images
    sums["correct"] += correct
    sums["images"] += images


def _means(sums: dict[str, float]) -> dict[str, float]:
    images = np.maximum(sums["images"], 1.0)
    return {"loss": float(sums["loss"] / images), "accuracy": float(sums["correct"] / images)}
