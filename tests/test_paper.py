"""The figures of the paper agree with each other, and its open readings with what is done here."""

import itertools

import pytest

from allcore import paper
from allcore.config import AugmentConfig, make_config


def test_images_of_the_classes_add_up_to_those_of_the_dataset():
    assert sum(paper.IMAGES.values()) == 3256
    assert list(paper.CLASSES) == sorted(paper.IMAGES)


def test_larger_images_took_longer_and_scored_higher_as_the_paper_concludes():
    rows = sorted(paper.TABLE_1, key=lambda row: row.image_size)
    for smaller, larger in itertools.pairwise(rows):
        assert smaller.training_seconds < larger.training_seconds
        assert smaller.accuracy < larger.accuracy


def test_every_score_is_a_fraction_near_one():
    of_others = [value for _, values in paper.TABLE_2 for value in values]
    assert all(0.9 < value < 1 for value in [*paper.HEADLINE.values(), *of_others])


def test_the_paper_gives_one_accuracy_in_all_its_places():
    (proposed,) = paper.TABLE_2[-1][1]
    assert paper.HEADLINE["accuracy"] == paper.TABLE_1[0].accuracy == proposed


def test_sensitivity_equals_accuracy_as_it_does_only_when_averages_are_weighted_by_support():
    assert paper.HEADLINE["recall_weighted"] == paper.HEADLINE["accuracy"]


def test_the_benign_test_images_are_more_than_a_tenth_as_the_open_reading_says():
    assert paper.BENIGN_TEST_IMAGES - 0.1 * paper.IMAGES["Benign"] > 1


@pytest.mark.parametrize(
    "topic", ["weights", "layers", "dropout", "optimizer", "rotation", "averaging", "f1", "test split", "image size"]
)
def test_each_open_reading_of_the_paper_is_there_once(topic):
    assert sum(topic in reading.topic.lower() for reading in paper.OPEN_READINGS) == 1


def test_sizes_that_the_open_reading_calls_up_sampled_are_those_above_the_native_one():
    larger = [str(row.image_size) for row in paper.TABLE_1 if row.image_size > paper.NATIVE_SIZE]
    (reading,) = (reading for reading in paper.OPEN_READINGS if reading.topic == "Image size")
    assert all(size in reading.paper for size in larger)
    assert not any(str(row.image_size) in reading.paper for row in paper.TABLE_1 if str(row.image_size) not in larger)


def test_what_the_paper_says_of_augmentation_is_the_default_here():
    default = AugmentConfig()
    assert set(paper.AUGMENTATION) <= set(AugmentConfig.model_fields)
    assert paper.AUGMENTATION["brightness"] == "{:g} to {:g}".format(*default.brightness)
    assert f"±{default.degrees:g}°" in paper.AUGMENTATION["degrees"]
    assert default.border in paper.AUGMENTATION["border"]
    assert (default.stain_jitter, default.grey, default.hide_scale_bar) == (0, 0, 0)


def test_what_is_done_where_the_paper_is_open_is_the_default_here():
    config = make_config(dataset="smears")
    here = {reading.topic: reading.here for reading in paper.OPEN_READINGS}
    assert f"{config.weights} weights by default" in here["Initial weights"].lower()
    assert "block 5 stay frozen" in here["Fine-tuned layers"]
    assert not any(layer.startswith("block5") for layer in config.trainable_layers)
    assert f"rate {config.dropout:g}" in here["Dropout"]
    chosen = here["Optimizer, rotation, border, averaging"]
    assert chosen.lower().startswith(
        f"{config.optimizer}, rotation within ±{config.augment.degrees:g}°, {config.augment.border}"
    )
    assert f"{100 * config.split.test:g} %" in here["Test split"]
