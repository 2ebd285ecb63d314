"""The pictures of the mistakes that a report shows."""

from allcore.data.intake.images import decode
from allcore.evaluation.predictions.mistakes import mistakes
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.reporting.report.pictures import MOST, error_pictures
from tests.held import Held


def test_mistakes_are_decoded_one_after_the_other(finished_run, readers, monkeypatch):
    table = recorded_predictions(finished_run, "test").table
    table["predicted"] = table["label"].map({"Benign": "Early", "Early": "Pre", "Pre": "Pro", "Pro": "Benign"})
    wrong = mistakes(table.assign(correct=False))
    assert len(wrong) > 1
    held = Held()
    monkeypatch.setattr("allcore.reporting.report.pictures.decode", held.of(decode))
    shown = error_pictures(finished_run, wrong, readers, None)
    assert len(shown.pictures) == held.begun == min(MOST, len(wrong))
    assert held.most == 1
