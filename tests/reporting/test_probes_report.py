import numpy as np
import pytest

from allcore.data.stain.normalise import StainLevels
from allcore.evaluation.comparing.comparison import accuracy_difference
from allcore.evaluation.held_out import views_of
from allcore.evaluation.probes.evidence_share import EvidenceShare, evidence_grid
from allcore.evaluation.probes.probing import ProbeReport, ProbeResult
from allcore.evaluation.probes.registry import AS_IT_IS, PROBES
from allcore.evaluation.scoring.scores import score
from allcore.networks.vgg16 import VGG16
from allcore.number_text import per_cent
from allcore.reporting.probes import (
    CAVEAT,
    cells_finding,
    chance,
    corner_finding,
    findings,
    image_finding,
    probe_figure,
    probe_table,
    what_it_looks_at,
)

CLASSES = ("Benign", "Early", "Pre", "Pro")
LABELS = np.repeat([0, 1, 2, 3], [50, 50, 50, 100])


def result_of(name, predicted):
    """Return the result of a probe after which the images are given the classes `predicted`."""
    probabilities = 0.6 * np.eye(4)[predicted] + 0.1
    scores = score([CLASSES[number] for number in LABELS], probabilities, CLASSES, samples=50)
    change, interval = accuracy_difference(predicted == LABELS, BEFORE == LABELS, np.arange(len(LABELS)))
    compared = {"change": change, "change_interval": interval, "decisions_changed": int((predicted != BEFORE).sum())}
    return ProbeResult(name=name, predicted=predicted.tolist(), scores=scores, **({} if name == AS_IT_IS else compared))


def with_errors(rows, called):
    return np.where(np.isin(np.arange(len(LABELS)), rows), called, LABELS)


BEFORE = with_errors(range(2), 1)


@pytest.fixture(scope="module")
def report():
    results = (
        result_of(AS_IT_IS, BEFORE),
        result_of("grey", np.full(len(LABELS), 3)),
        result_of("stain-normalised", with_errors(range(40), 2)),
        result_of("corner hidden", with_errors(range(10), 1)),
        ProbeResult(name="segmented", skipped="the dataset has no variant Segmented"),
        result_of("border only", BEFORE),
    )
    return ProbeReport(model="run", stain=StainLevels(mean=(0.2, 0.1), deviation=(0.2, 0.1)), results=results)


def test_table_gives_accuracy_and_change_in_per_cent_and_points(report):
    table = probe_table(report).set_index("probe")
    assert list(table.index) == [probe.name for probe in PROBES if report.result(probe.name)]
    assert table.loc[AS_IT_IS, "accuracy"] == pytest.approx(99.2)
    grey, scores = table.loc["grey"], report.result("grey").scores
    assert (grey["accuracy"], grey["change"]) == (pytest.approx(40.0), pytest.approx(-59.2))
    assert (grey["low"], grey["high"]) == tuple(100 * end for end in scores.intervals["accuracy"])
    assert grey["change_low"] <= grey["change"] <= grey["change_high"]


def test_table_names_the_commonest_change(report):
    table = probe_table(report).set_index("probe")
    assert table.loc["stain-normalised", "commonest_change"] == "Benign → Pre, 38 images"
    assert table.loc["grey", "decisions_changed"] == 150
    assert table.loc["border only", "commonest_change"] == ""


def test_table_says_why_a_probe_was_skipped(report):
    row = probe_table(report).set_index("probe").loc["segmented"]
    assert row["skipped"] == "the dataset has no variant Segmented"
    assert row[["accuracy", "change", "decisions_changed"]].isna().all()


def test_sentences_say_how_much_the_model_relies_on_what_was_taken(report):
    said = dict(sentence.split(": ") for sentence in findings(report))
    assert said == {
        "corner hidden": "right in 96.0 % instead of 99.2 %; it relies a little on the scale bar.",
        "grey": "right in 40.0 % instead of 99.2 %; it relies mostly on colour.",
        "stain-normalised": "right in 84.0 % instead of 99.2 %; it relies partly on how strongly the smear is stained.",
        "border only": "right in 99.2 % instead of 99.2 %; nothing shows that it relies on the centre of the image.",
    }


def test_what_makes_a_model_better_when_it_is_gone_misleads_it(report):
    plain = report.result("stain-normalised").model_copy(update={"name": AS_IT_IS, "change": None})
    worse = report.model_copy(update={"results": (plain,)})
    better = report.results[0].model_copy(
        update={"name": "grey", "change": 0.152, "change_interval": (0.1, 0.2), "decisions_changed": 40}
    )
    assert findings(worse.with_result(better)) == ["grey: right in 99.2 % instead of 84.0 %; it is misled by colour."]


def test_small_change_that_could_be_chance_shows_nothing(report):
    one_more = report.with_result(result_of("grey", with_errors(range(3), 1)))
    (said,) = (sentence for sentence in findings(one_more) if sentence.startswith("grey: "))
    assert "nothing shows that it relies on colour" in said


def test_it_is_said_that_each_probe_is_judged_by_itself_and_that_no_fall_proves_nothing():
    assert "Intervals are not adjusted for the number of probes" in CAVEAT
    assert "nothing shows that it needs" in CAVEAT


def lent(right, other, neither):
    """Return what a report says of 250 images on other fields, of which so many follow cells, field, neither."""
    wrong = (np.arange(len(LABELS)) < len(LABELS) - right).astype(int)
    result = result_of("cells on another class's field", (LABELS + wrong) % 4)
    return result.model_copy(update={"followed_other": other / 250, "followed_neither": neither / 250})


def test_sentence_on_what_another_image_lent_says_what_the_answers_follow(report):
    more = report.with_result(lent(right=230, other=15, neither=5))
    (said,) = (sentence for sentence in findings(more) if sentence.startswith("cells on another class's field: "))
    assert "(6.0 % predicted as the class that lent its field, 2.0 % as neither); it relies" in said
    row = probe_table(more).set_index("probe").loc["cells on another class's field"]
    assert (row["followed_other"], row["followed_neither"]) == (pytest.approx(6.0), pytest.approx(2.0))


def test_table_names_the_class_that_suffers_most(report):
    row = probe_table(report).set_index("probe").loc["stain-normalised"]
    assert (row["lowest_class"], row["lowest_recall"]) == ("Benign", pytest.approx(20.0))


@pytest.mark.parametrize(
    ("right", "other", "worth"),
    [
        (60, 130, "is no evidence that it looks at the cells"),
        (200, 30, "comes partly from the field around the cells"),
        (230, 15, "comes mostly from the cells"),
    ],
)
def test_what_a_score_is_worth_is_told_by_what_cells_on_another_field_are_called(report, right, other, worth):
    views = views_of(report.with_result(lent(right, other, 250 - right - other)))
    said = what_it_looks_at(views)
    assert said.startswith(f"The model's score {worth}. ")
    assert said.endswith(
        f"{right / 2.5:.1f} % of the predictions follow the cells, {other / 2.5:.1f} % the field and "
        f"{(250 - right - other) / 2.5:.1f} % neither."
    )


def test_a_model_that_is_seldom_right_is_given_no_verdict(report):
    views = views_of(report.with_result(lent(230, 15, 5)))
    plain = views[0].model_copy(update={"accuracy": 0.3})
    assert what_it_looks_at((plain, *views[1:])).startswith("The model is wrong too often to say")


def test_cells_alone_are_told_beside_them(report):
    alone = result_of("cells alone", with_errors(range(50), 2))
    views = views_of(report.with_result(lent(230, 15, 5)).with_result(alone))
    assert what_it_looks_at(views).endswith("2.0 % neither. With the cells on plain grey, 80.0 % are right.")


def test_without_cells_on_other_fields_nothing_is_said_of_what_it_looks_at(report):
    skipped = ProbeResult(name="cells on another class's field", skipped="few of the images hold nucleated cells")
    assert what_it_looks_at(views_of(report.with_result(skipped))) == ""
    assert what_it_looks_at(()) == ""


def test_figure_has_a_point_for_each_probe_made_with_its_interval(report):
    points = probe_figure(report).data[0]
    made = [result for result in report.results if result.scores]
    assert list(points.y) == [result.name for result in made]
    assert list(points.hovertext) == [per_cent(result.scores.accuracy, 1) for result in made]
    for x, up, down, result in zip(points.x, points.error_x.array, points.error_x.arrayminus, made, strict=True):
        assert x == 100 * result.scores.accuracy
        assert (x - down, x + up) == pytest.approx([100 * end for end in result.scores.intervals["accuracy"]])


def test_figure_has_lines_at_the_accuracy_as_it_is_and_at_chance(report):
    lines = probe_figure(report).layout.shapes
    assert [line.x0 for line in lines] == [pytest.approx(99.2), pytest.approx(40)]
    assert chance(report.results[0].scores) == pytest.approx(0.4)


def test_share_of_the_evidence_is_said_beside_the_area():
    corner = EvidenceShare(share=0.069, interval=(0.05, 0.09), area=0.023)
    assert corner_finding(corner) == (
        "6.9 % (5.0 to 9.0) of the evidence for the predicted class falls in the scale-bar corner, 3.0 times its "
        "2.3 % of the area."
    )
    assert "leaves the scale-bar corner out" in corner_finding(
        EvidenceShare(share=None, interval=(None, None), area=0.0)
    )


def test_share_inside_cells_is_said_for_the_model_and_for_each_class():
    by_class = {
        "Benign": EvidenceShare(share=0.2, interval=(0.1, 0.3), area=0.1),
        "Pro": EvidenceShare(share=0.4, interval=(0.3, 0.5), area=0.2),
    }
    cells = EvidenceShare(share=0.3, interval=(0.25, 0.35), area=0.15)
    assert cells_finding(cells, by_class) == (
        "30.0 % (25.0 to 35.0) of the evidence for the predicted class falls inside nucleated cells, 2.0 times their "
        "15.0 % of the area: Benign 20.0 %, Pro 40.0 %."
    )


def test_share_of_one_images_evidence_is_said_beside_its_cells():
    cells, evidence = np.zeros((64, 64), np.uint8), np.ones((4, 4))
    cells[:16, :16], cells[:16, 32:48] = 1, 2
    evidence[0, 0] = -4
    grid = evidence_grid(VGG16, 64)
    said = "26 % of the evidence lies inside 2 nucleated cells, on 12 % of the image."
    assert image_finding(evidence, cells, grid) == said
    assert image_finding(np.zeros((4, 4)), cells, grid) == "2 nucleated cells on 12 % of the image."
    assert image_finding(evidence, np.zeros((8, 8), np.uint8), grid) == "No nucleated cells were found."
