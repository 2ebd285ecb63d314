"""The figures of the paper, typed a second time from its pages."""

import pytest

from allcore import paper
from allcore.config import AugmentConfig


def test_images_of_the_four_classes():
    assert paper.IMAGES == {"Benign": 504, "Early": 985, "Pre": 963, "Pro": 804}
    assert sum(paper.IMAGES.values()) == 3256


def test_classes_are_those_that_have_images_in_alphabetical_order():
    assert list(paper.CLASSES) == sorted(paper.IMAGES)


def test_patients_and_native_size():
    assert (paper.PATIENTS, paper.NATIVE_SIZE) == (89, 224)


def test_headline_in_per_cent():
    assert {name: round(100 * value, 4) for name, value in paper.HEADLINE.items()} == {
        "accuracy": 96.59,
        "precision_weighted": 96.61,
        "recall_weighted": 96.59,
        "f1_weighted": 96.58,
        "mcc": 95.35,
    }


def test_table_1():
    assert [(row.image_size, row.training_seconds, round(100 * row.accuracy, 4)) for row in paper.TABLE_1] == [
        (300, 12024, 96.59),
        (250, 10928, 96.31),
        (200, 9237, 95.88),
        (150, 8024, 95.11),
    ]


def test_table_2():
    assert {study: [round(100 * value, 4) for value in values] for study, values in paper.TABLE_2} == {
        "Tusar and Anik 2022": [96.13],
        "Mahdi et al. 2021": [94.40],
        "Kadhim et al. 2023": [98.15, 96.00, 94.68, 95.24],
        "Proposed (modified VGG16)": [96.59],
    }


def test_benign_images_of_the_test_split():
    assert (paper.BENIGN_TEST_RIGHT, paper.BENIGN_TEST_IMAGES) == (81, 89)


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
