"""What earlier versions wrote opens today.

The files in `tests/former` are never made again. Configurations and statuses are what the code of these commits wrote:
`config-1`, `status-1`, `status-1-running` the first of all (0f259dd), `config-1-last` that before schema 2 (3435bb9),
`config-2` and `status-2` the first of theirs (839098f, 89798a5). The model descriptions are those in the models that
were released with c92cb1b, d30fba9 and 4636114; of their arrays, digests, views and cards a few are left.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from allcore.config import make_config, read_config
from allcore.inference.metadata import KEY, from_properties
from allcore.inference.novelty import from_reference
from allcore.networks.vgg16 import VGG16
from allcore.runs.folder.status import read_status

FORMER = Path(__file__).parent / "former"


@pytest.mark.parametrize("name", ["config-1", "config-1-last", "config-2"])
def test_a_configuration_is_read_with_todays_defaults_for_what_came_later(name):
    assert read_config(FORMER / f"{name}.json") == make_config(
        dataset="/data/all", variant="Original", study="sizes", image_size=150, epochs=12, early_stopping=4, head="gap",
        learning_rate_schedule="plateau", seed=3, device="cpu", precision="float32", micro_batch_size=8,
        split={"protocol": "patient", "groups": "/data/patients.csv", "train": 0.7, "validation": 0.15, "test": 0.15,
               "seed": 3},
        augment={"brightness": (0.9, 1.1), "border": "white", "stain_jitter": 0.2, "grey": 0.1},
    )  # fmt: skip


@pytest.fixture
def status_of(tmp_path):
    """Return a reader of the status of a run whose folder holds a former one."""

    def read(name):
        shutil.copy(FORMER / f"{name}.json", tmp_path / "status.json")
        return read_status(tmp_path)

    return read


def test_a_run_that_succeeded_in_schema_1_has(status_of):
    status = status_of("status-1")
    assert (status.state, status.epoch, status.epochs, status.segment) == ("succeeded", 12, 12, 1)
    assert (status.queued_at, status.heartbeat, status.device) == (1795447300.75, 1795447362.5, "CPU, 8 threads")
    assert status.warnings == ("reporting failed: No space left on device",)


def test_a_run_of_schema_1_whose_worker_is_gone_was_interrupted(status_of):
    status = status_of("status-1-running")
    assert (status.state, status.epoch, status.step, status.phase) == ("interrupted", 4, 11, "training")


def test_a_run_that_failed_in_schema_2_has(status_of):
    status = status_of("status-2")
    assert (status.state, status.host, status.served_epoch) == ("failed", "lab", 2)
    assert status.error.startswith("the device ran out of memory")


def description(name):
    return from_properties({KEY: (FORMER / f"{name}.json").read_text(encoding="utf-8")})


@pytest.mark.parametrize(
    ("name", "size", "temperature", "threshold", "knows_colours"),
    [
        ("model-1", 128, 1.0, 1.6012613667443452, False),
        ("model-2", 150, 1.5772150332006054, 1.462146803415047, True),
        ("model-2-views", 150, 1.2816350214517285, 1.4136984581627003, True),
    ],
)
def test_the_description_of_a_released_model_is_read(name, size, temperature, threshold, knows_colours):
    read = description(name)
    assert (read.classes, read.image_size) == (("Benign", "Early", "Pre", "Pro"), size)
    assert (read.temperature, read.novelty.threshold, read.arithmetic) == (temperature, threshold, "int8")
    assert read.trunk is VGG16
    assert read.says_training
    novelty = from_reference(read.novelty)
    assert novelty.features.means.shape == (4, 3)
    assert (novelty.colours is not None) == knows_colours
    assert np.isfinite(novelty.distances(np.zeros((1, 3)), np.zeros((1, 9)))[0]).all()


def test_a_file_that_a_released_model_was_trained_on_is_known_as_such():
    read, written = description("model-1"), json.loads((FORMER / "model-1.json").read_text(encoding="utf-8"))
    for split, digests in written["split_digests"].items():
        assert [read.split_of(digest + "0" * 48) for digest in digests] == [split] * 2


def test_what_a_released_model_was_worth_is_read():
    assert description("model-1").held_out is None
    score = description("model-2").held_out
    assert (score.images, score.accuracy, score.shortcut) == (260, 0.9923076923076923, "colour histogram")
    assert score.views == ()
    views = {view.probe: view for view in description("model-2-views").held_out.views}
    assert list(views) == ["as it is", "cells alone", "cells on another class's field"]
    assert (views["cells alone"].lowest_class, views["cells alone"].lowest_recall) == ("Pro", 0.96875)
    assert views["cells on another class's field"].followed_other == 0.0038461538461538464
