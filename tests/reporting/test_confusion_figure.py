import numpy as np
import pytest

from allcore.reporting.confusion import confusion_figure

CLASSES = ("Benign", "Early", "Pre")
MATRIX = [[30, 9, 1], [3, 70, 6], [0, 0, 0]]


def texts(figure):
    right, wrong = (np.asarray(trace.text) for trace in figure.data[:2])
    return np.where(right == "", wrong, right).tolist()


def test_counts_stand_in_their_cells():
    assert texts(confusion_figure(MATRIX, CLASSES)) == [["30", "9", "1"], ["3", "70", "6"], ["0", "0", "0"]]


def test_per_cent_are_of_the_true_class_and_zero_where_it_has_no_image():
    assert texts(confusion_figure(MATRIX, CLASSES, per_cent=True)) == [
        ["75.0", "22.5", "2.5"],
        ["3.8", "88.6", "7.6"],
        ["0.0", "0.0", "0.0"],
    ]


def test_a_share_that_is_not_all_or_not_nothing_is_not_rounded_to_it_in_its_cell_and_hover():
    figure = confusion_figure([[2999, 1], [0, 3000]], ("Benign", "Pro"), per_cent=True)
    assert texts(figure) == [["> 99.9", "< 0.1"], ["0.0", "100.0"]]
    assert [of_cell[4] for of_cell in figure.data[2].customdata] == ["> 99.9", "< 0.1", "0.0", "100.0"]


def test_each_cell_is_drawn_once_either_as_right_or_as_wrong():
    right, wrong = (~np.isnan(np.asarray(trace.z)) for trace in confusion_figure(MATRIX, CLASSES).data[:2])
    np.testing.assert_array_equal(right, np.eye(3, dtype=bool))
    np.testing.assert_array_equal(wrong, ~right)


def test_every_cell_has_a_marker_that_names_its_true_and_predicted_class():
    targets = confusion_figure(MATRIX, CLASSES).data[2]
    for x, y, (true, predicted, count, of_class, _) in zip(targets.x, targets.y, targets.customdata, strict=True):
        assert (y, x) == (true, predicted)
        assert count == MATRIX[CLASSES.index(true)][CLASSES.index(predicted)]
        assert of_class == sum(MATRIX[CLASSES.index(true)])
    assert len(targets.x) == 9


def test_markers_cannot_be_seen_before_or_after_a_click():
    targets = confusion_figure(MATRIX, CLASSES).data[2]
    assert (targets.marker.opacity, targets.selected.marker.opacity, targets.unselected.marker.opacity) == (0, 0, 0)


def test_true_classes_run_downwards_and_predicted_ones_to_the_right():
    layout = confusion_figure(MATRIX, CLASSES).layout
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("predicted class", "true class")
    assert layout.yaxis.range == (2.5, -0.5)
    assert layout.xaxis.range == (-0.5, 2.5)


@pytest.mark.parametrize(("chosen", "centre"), [(("Early", "Pre"), (2, 1)), (("Pre", "Benign"), (0, 2))])
def test_chosen_cell_is_outlined(chosen, centre):
    (shape,) = confusion_figure(MATRIX, CLASSES, chosen=chosen).layout.shapes
    assert ((shape.x0 + shape.x1) / 2, (shape.y0 + shape.y1) / 2) == pytest.approx(centre)


def test_nothing_is_outlined_while_no_cell_is_chosen():
    assert not confusion_figure(MATRIX, CLASSES).layout.shapes


def test_matrix_without_mistakes_can_be_drawn():
    assert texts(confusion_figure([[5, 0], [0, 7]], ("Benign", "Pro"))) == [["5", "0"], ["0", "7"]]
