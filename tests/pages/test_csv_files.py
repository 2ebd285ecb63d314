"""The CSV files of tables: they have fractions where the screen has per cents, as all other files have."""

import io

import numpy as np
import pandas as pd
import pytest

from allcore.evaluation.predictions.evaluate_model import evaluate_run
from allcore.evaluation.predictions.mistakes import mistakes
from allcore.evaluation.predictions.recorded import recorded_predictions
from tests.pages.opening import open_page, table


@pytest.fixture
def csv(offered):
    """Return a reader of the CSV file whose name begins so, of the page that was opened last."""

    def read(begin):
        (name,) = [name for name in offered if name and name.startswith(begin)]
        return pd.read_csv(io.BytesIO(offered[name]()))

    return read


def test_mistakes_have_the_probabilities_that_the_run_recorded(run, csv):
    app = open_page("evaluate", view="Mistakes", run=run.id)
    wrong, written = mistakes(recorded_predictions(run, "test").table), csv("mistakes-")
    for name in ("confidence", *(f"probability_{label}" for label in run.split.classes)):
        assert list(written[name]) == pytest.approx(list(wrong[name]))
        assert list(table(app, name)[name]) == pytest.approx(list(100 * wrong[name]))


def test_scores_are_fractions_and_so_are_those_of_the_list_of_runs(run, csv):
    accuracy = evaluate_run(run, "test").scores.accuracy
    open_page("evaluate", run=run.id)
    scores = csv("scores-").set_index("score")
    assert scores["weighted"].iloc[0] == pytest.approx(accuracy)
    open_page("runs", run=run.id, session={"epochs": True})
    (listed,) = csv("runs").to_dict("records")
    assert (listed["test_accuracy"], listed["progress"]) == (pytest.approx(accuracy), 1)
    epochs = csv("epochs")
    assert list(epochs["accuracy"]) == pytest.approx(list(run.history().epochs["accuracy"]))
    open_page("overview")
    assert csv("best-runs")["test_accuracy"].tolist() == [pytest.approx(accuracy)]


def test_what_is_not_known_is_empty_and_a_bar_is_a_fraction(csv):
    def page():
        import pandas as pd

        from pages.ui import show

        frame = pd.DataFrame({"a": [None, 50.0], "b": [25.0, 100.0], "c": [3, 4]})
        show.table(frame, "some", "Some", {"a": show.per_cent_column("a (%)"), "b": show.per_cent_bar("b"), "c": "c"})

    from streamlit.testing.v1 import AppTest

    app = AppTest.from_function(page).run()
    assert not app.exception
    written = csv("some")
    np.testing.assert_equal(written["a"].tolist(), [np.nan, 0.5])
    assert written[["b", "c"]].to_dict("list") == {"b": [0.25, 1.0], "c": [3, 4]}
