import pandas as pd

from allcore.reporting.class_counts import class_counts_figure
from allcore.reporting.colours import class_colours

COUNTS = pd.DataFrame({"class": ["Benign", "Pro"], "images": [5, 7], "unusable": [0, 1]})


def test_bars_are_the_usable_images_in_the_classes_colours():
    (bars,) = class_counts_figure(COUNTS).data
    assert (list(bars.x), list(bars.y)) == (["Benign", "Pro"], [5, 7])
    assert list(bars.marker.color) == list(class_colours(["Benign", "Pro"]).values())


def test_with_a_split_there_is_a_bar_for_each_part():
    figure = class_counts_figure(COUNTS.assign(train=[3, 5], validation=[1, 1], test=[1, 1]))
    assert {bars.name: list(bars.y) for bars in figure.data} == {
        "train": [3, 5], "validation": [1, 1], "test": [1, 1],
    }  # fmt: skip


def test_axes_are_named():
    figure = class_counts_figure(COUNTS)
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("Class", "Usable images")
