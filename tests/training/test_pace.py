"""How fast images are trained on: with the wait for batches, without what is compiled first."""

import json
import time
from types import SimpleNamespace

import pytest

from allcore.config import make_config
from allcore.runs.folder.status import Status
from allcore.training.loop import Stopped, Trainer
from allcore.training.reporter import Reporter
from tests.training.test_served_weights import CountingLearner


class Training:
    """A training by a clock that only its steps and its batches move; it can be run again as after a stop.

    A batch of so many images takes `making` seconds, and `step` to be learned from; the first step of each process,
    and the first with so many images, ten times as long.
    """

    def __init__(self, folder, monkeypatch, sizes, making=0.0, step=1.0):
        self.folder, self.sizes, self.making, self.step = folder, sizes, making, step
        self.now, self.left = 0.0, []
        monkeypatch.setattr("allcore.training.pace.monotonic", lambda: self.now)

    def batches(self, epoch, start=0):
        for number, size in enumerate(self.sizes[start:], start):
            self.now += self.making[number] if isinstance(self.making, list) else self.making
            yield SimpleNamespace(labels=range(size), checksum=lambda: 1)

    def run(self, epochs=1, stop_after=None):
        learner, compiled = CountingLearner([0.5] * epochs), set()
        take_step = learner.train_batch

        def train_batch(batch):
            size = len(batch.labels)
            self.now += self.step * (1 if size in compiled else 10)
            compiled.add(size)
            return take_step(batch)

        learner.train_batch = train_batch
        config = make_config(dataset="smears", epochs=epochs)
        source = SimpleNamespace(rows=range(sum(self.sizes)), steps=len(self.sizes), batches=self.batches)
        scored = SimpleNamespace(rows=range(4), steps=1, batches=lambda epoch: [SimpleNamespace(labels=range(4))])
        reporter = Reporter(self.folder, Status(state="running", heartbeat=time.time(), queued_at=0.0))
        stop = (lambda: learner.steps >= stop_after) if stop_after else (lambda: False)
        trainer = Trainer(config, None, learner, source, scored, self.folder, reporter, stop, lambda speed: 600 / speed)
        update = reporter.update

        def noted(**fields):
            self.left += [fields["eta_seconds"]] if "eta_seconds" in fields else []
            update(**fields)

        reporter.update = noted
        try:
            trainer.run()
        finally:
            reporter.close()
        return reporter.status

    def rates(self, kind):
        records = map(json.loads, (self.folder / "metrics.jsonl").read_text().splitlines())
        return [record["images_per_second"] for record in records if record["kind"] == kind]


def test_the_first_batch_of_each_size_which_is_compiled_for_does_not_count(tmp_path, monkeypatch):
    training = Training(tmp_path, monkeypatch, [4, 4, 4, 4, 2])
    status = training.run(epochs=2)
    assert training.rates("epoch") == pytest.approx([4.0, 3.6])  # 18 images in five steps
    assert status.images_per_second == pytest.approx(3.6)
    assert training.rates("batch") == pytest.approx([0.4, 4, 4, 4, 0.2, 4, 4, 4, 4, 2])


def test_a_run_of_one_epoch_lends_the_speed_of_its_other_steps(tmp_path, monkeypatch):
    assert Training(tmp_path, monkeypatch, [4] * 3).run().images_per_second == pytest.approx(4.0)


def test_where_each_size_comes_once_the_speed_is_that_of_all(tmp_path, monkeypatch):
    assert Training(tmp_path, monkeypatch, [4, 2]).run().images_per_second == pytest.approx(6 / 20)


def test_a_process_that_goes_on_compiles_again_and_its_first_step_does_not_count(tmp_path, monkeypatch):
    training = Training(tmp_path, monkeypatch, [4] * 4)
    with pytest.raises(Stopped):
        training.run(stop_after=2)
    assert training.run().images_per_second == pytest.approx(4.0)
    assert training.rates("epoch") == pytest.approx([4.0])


def test_an_epoch_that_only_has_to_be_scored_has_the_speed_at_which_it_was_trained(tmp_path, monkeypatch):
    training = Training(tmp_path, monkeypatch, [4] * 4)
    with pytest.raises(Stopped):
        training.run(stop_after=4)
    training.run()
    assert training.rates("epoch")[0] > 0


def test_the_wait_for_a_batch_counts(tmp_path, monkeypatch):
    training = Training(tmp_path, monkeypatch, [4] * 5, making=3.0)
    training.run()
    assert training.rates("batch")[1:] == pytest.approx([1.0] * 4)


def test_a_report_has_the_speed_of_all_its_batches(tmp_path, monkeypatch):
    making = [0.0, 2.0] * 100
    training = Training(tmp_path, monkeypatch, [4] * 200, making=making)
    training.run()
    assert len(training.rates("batch")) == 100
    assert training.rates("batch")[1:] == pytest.approx([8 / 4] * 99)  # two steps of one second, and one wait of two


def test_a_checkpoint_counts_to_its_epoch_and_to_no_report(tmp_path, monkeypatch):
    training = Training(tmp_path, monkeypatch, [4] * 12, step=100.0)
    save = Trainer._save

    def slowly_saved(self, progress):
        save(self, progress)
        training.now += 1000

    monkeypatch.setattr(Trainer, "_save", slowly_saved)
    monkeypatch.setattr(
        "allcore.training.loop.time", SimpleNamespace(monotonic=lambda: training.now, time=time.time)
    )  # so that a checkpoint is due every four steps, and at once after the first, which is compiled
    training.run()
    assert training.rates("batch")[1:] == pytest.approx([4 / 100] * 11)
    assert training.rates("epoch") == pytest.approx([44 / (11 * 100 + 3 * 1000)])


def test_the_time_left_is_that_of_all_epochs_with_their_scoring_and_of_what_follows(tmp_path, monkeypatch):
    """Of 12 images and 4 to be scored, at 4 a second; what follows takes 600 images' time."""
    training = Training(tmp_path, monkeypatch, [4] * 3)
    training.run(epochs=2)
    whole = 2 * (12 + 4 / 3) + 600
    expected = [(whole - done) / 4 for done in (8, 12)]
    expected += [(whole / 2 + 300 - done) / 4 for done in (4, 8, 12)]
    assert training.left[1:] == pytest.approx(expected)
