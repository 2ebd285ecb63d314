"""Landmarks of many images: whose they are, and what they take."""

import cv2
import numpy as np
import pytest

from allcore.data.shared_fields.landmarks import LENGTH, find_landmarks
from tests.data.shared_fields.planted import large_field

A_LANDMARK = 48
"""Bytes: those of 100,000 images, some 535 each, then take two and a half gigabytes."""


@pytest.fixture
def images():
    blank = np.full((96, 96), 200, np.uint8)
    first, second = (cv2.cvtColor(large_field(number, 128), cv2.COLOR_RGB2GRAY) for number in (1, 2))
    return [first, blank, second, np.zeros((5, 5), np.uint8)]


def test_landmarks_come_in_the_images_order_and_know_whose_they_are(images):
    together = find_landmarks(images, workers=2)
    assert set(together.owners) == {0, 2}
    assert (np.diff(together.owners) >= 0).all()
    alone = find_landmarks([images[2]], workers=1)
    of_second = together.owners == 2
    for array, single in zip(together[:-1], alone[:-1], strict=True):
        assert np.array_equal(array[of_second], single)


def test_descriptions_have_the_length_that_is_said(images):
    lengths = np.linalg.norm(find_landmarks(images, workers=1).descriptions.astype(float), axis=1)
    assert len(lengths)
    assert np.abs(lengths / LENGTH - 1).max() < 0.02


def test_landmarks_of_many_images_fit_into_memory(images):
    landmarks = find_landmarks(images, workers=1)
    assert sum(array.nbytes for array in landmarks) <= A_LANDMARK * len(landmarks.points)


def test_images_without_any_landmark_have_none():
    assert len(find_landmarks([np.zeros((5, 5), np.uint8), np.full((64, 64), 9, np.uint8)], 1).points) == 0
