"""Figures drawn by hand: everything lies where its value says, and text stays text."""

import re

import numpy as np
import pandas as pd
import pytest

from allcore.evaluation.scoring.calibration import reliability_diagram
from allcore.reporting.report.rendering.figures import (
    HEIGHT,
    WIDTH,
    Line,
    Mark,
    lines_figure,
    reliability_figure,
    track_figure,
)
from allcore.reporting.report.sections.curves import training_figures
from allcore.runs.folder.history import History, read_history


def numbers(markup, attribute):
    return [float(value) for value in re.findall(rf'\b{attribute}="(-?[\d.]+)"', markup)]


def test_points_of_a_curve_are_in_order_and_inside_the_drawing():
    y = np.array([3.0, 1.0, 2.0])
    markup = lines_figure("Loss", [Line("train", "train", np.arange(3.0), y)], "epoch", "nats", 1.0, "alt").markup
    across, down = numbers(markup, "cx"), numbers(markup, "cy")
    assert across == sorted(across)
    assert list(np.argsort(down)) == list(np.argsort(-y))
    assert all(0 <= x <= WIDTH for x in across)
    assert all(0 <= x <= HEIGHT for x in down)


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5], [1e-9, 2e-9], [0.0, 1e6], [np.nan, 1.0, 2.0]])
def test_curves_of_any_range_are_drawn_with_a_few_ticks(values):
    line = Line("train", "train", np.arange(len(values), dtype=float), np.array(values))
    markup = lines_figure("Loss", [line], "epoch", "nats", 1.0, "alt").markup
    assert 2 <= markup.count('class="grid"') <= 12


def test_text_in_a_figure_is_escaped():
    assert "<b>x" not in track_figure("Scores", [Mark("<b>x", 0.5)]).markup
    line = Line("<b>x", "train", np.arange(2.0), np.arange(2.0))
    assert "<b>x" not in lines_figure("Loss", [line], "<b>x", "<b>x", 1.0, '"<b>x').markup


@pytest.mark.parametrize("lowest", [0.0, 0.13, 0.5, 0.88, 0.97, 0.9999, 1.0])
def test_scores_lie_on_their_track_from_a_round_number_to_100(lowest):
    markup = track_figure("Scores", [Mark("a", 1.0), Mark("b", lowest, lowest, 1.0)]).markup
    places = [float(place) for place in re.findall(r"left:(-?[\d.]+)%", markup)]
    assert all(0 <= place <= 100 for place in places)
    ticks = [int(tick) for tick in re.findall(r"<i [^>]*>(\d+)</i>", markup)]
    assert ticks[-1] == 100
    assert ticks == sorted(set(ticks))
    assert ticks[0] <= 100 * lowest


def test_interval_of_a_score_is_said_and_drawn_around_it():
    markup = track_figure("Scores", [Mark("a", 0.9, 0.85, 0.94)]).markup
    left, width, dot = (
        float(re.search(p, markup)[1]) for p in (r"<u .*?left:([\d.]+)", r"width:([\d.]+)", r"<b .*?left:([\d.]+)")
    )
    assert left < dot < left + width
    assert "90.0&nbsp;%" in markup.replace(" %", "&nbsp;%")
    assert "85.0 to 94.0" in markup


def test_reliability_diagram_has_a_point_and_a_bar_for_each_bin_that_holds_images():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([1, 1, 1], 50)
    diagram = reliability_diagram(rng.integers(3, size=50), probabilities, np.arange(50))
    markup = reliability_figure(diagram).markup
    assert markup.count("<circle") == markup.count("<rect") == int((diagram.counts > 0).sum())


def test_training_curves_are_drawn_of_what_was_recorded(finished_run, tmp_path):
    loss, accuracy = training_figures(finished_run.history(), 8)
    assert loss.markup.count("<circle") == 2 * 3
    assert 'class="band"' in accuracy.markup
    assert training_figures(read_history(tmp_path), 8) == ()


def test_training_curves_are_described_without_an_accuracy_that_is_rounded_to_all():
    of_last = {"epoch": 24, "loss": 0.0123, "accuracy": 0.9997, "validation_loss": 0.25, "validation_accuracy": 0.981}
    loss, accuracy = training_figures(History(pd.DataFrame([of_last]), pd.DataFrame()), 8)
    assert "Loss by epoch: 0.0123 in train and 0.25 in validation after epoch 25" in loss.markup
    assert "&gt; 99.9 % in train and 98.1 % in validation after epoch 25" in accuracy.markup
