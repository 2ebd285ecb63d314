"""Two models are compared on the images that both saw, known by their content."""

import numpy as np
import pytest

from allcore.errors import InputError
from allcore.evaluation.comparing.pairing import pair
from allcore.evaluation.predictions.recorded import RecordedPredictions
from tests.evaluation.made_predictions import CLASSES, of_rows, recorded, with_column


def test_images_are_paired_by_content_whatever_they_are_called():
    one = recorded(n=8)
    other = with_column(of_rows(recorded(seed=1, n=8), [7, 2, 5, 0]), path=[f"elsewhere/{n}.jpg" for n in range(4)])
    paired = pair(one, other)
    assert list(paired.first.table["path"]) == [one.table["path"][n] for n in (0, 2, 5, 7)]
    assert list(paired.second.table["path"]) == [f"elsewhere/{n}.jpg" for n in (3, 1, 2, 0)]
    assert (paired.n_first, paired.n_second) == (8, 4)


def test_equal_files_are_paired_as_often_as_both_have_them():
    thrice = with_column(recorded(n=4), sha256=["a", "a", "a", "b"], label="Pre")
    twice = with_column(recorded(n=4), sha256=["a", "c", "a", "d"], label="Pre")
    assert list(pair(thrice, twice).first.table["path"]) == ["Benign/0.jpg", "Early/1.jpg"]


def test_equal_files_under_two_labels_are_paired_label_by_label():
    one = with_column(recorded(n=2), sha256=["a", "a"])
    other = of_rows(one, [1, 0])
    assert list(pair(one, other).second.table["label"]) == ["Benign", "Early"]


def test_of_equal_files_under_two_labels_the_one_that_both_have_is_paired():
    one = with_column(recorded(n=2), sha256=["a", "a"])
    other = of_rows(one, [1])
    for first, second in ((one, other), (other, one)):
        paired = pair(first, second)
        assert list(paired.first.table["label"]) == list(paired.second.table["label"]) == ["Early"]


def test_classes_in_another_order_are_brought_into_the_firsts():
    one, other = recorded(), recorded(seed=1)
    shuffled = RecordedPredictions(("Pro", "Pre", "Benign", "Early"), other.table)
    np.testing.assert_array_equal(pair(one, shuffled).second.probabilities, other.probabilities)


def test_images_are_connected_by_the_groups_of_either():
    one = with_column(recorded(n=6), group=list("aabcde"))
    other = with_column(recorded(n=6), group=list("uvvwxx"))
    np.testing.assert_array_equal(pair(one, other).groups, [0, 0, 0, 1, 2, 2])


def test_models_without_a_shared_image_are_refused():
    everything = recorded(n=12)
    with pytest.raises(InputError, match=r"share no image \(of 5 and 7, .*one labelled folder"):
        pair(of_rows(everything, range(5)), of_rows(everything, range(5, 12)))


def test_models_of_other_classes_are_refused():
    three = RecordedPredictions(CLASSES[:3], recorded().table)
    with pytest.raises(InputError, match=r"different classes \(Benign, Early, Pre, Pro; Benign, Early, Pre\)"):
        pair(recorded(), three)


def test_labels_that_disagree_are_refused_with_the_first_image():
    other = recorded(n=8)
    labels = ["Pro" if n in (2, 5) else label for n, label in enumerate(other.table["label"])]
    with pytest.raises(InputError, match=r"Pre/2.jpg: Pre for the first, Pro for the second; 2 of 8"):
        pair(recorded(n=8), with_column(other, label=labels))
