"""The section on what the probabilities are worth, and on which images the model calls unlike its own."""

from __future__ import annotations

from allcore.evaluation.probes.novelty_check import FORM, NoveltyReport
from allcore.evaluation.scoring.calibration import reliability_diagram
from allcore.number_text import interval, part_of
from allcore.reporting.report.facts import RunFacts
from allcore.reporting.report.rendering.blocks import Block, Section, Table, text
from allcore.reporting.report.rendering.figures import reliability_figure
from allcore.reporting.score_tables import calibration_table
from allcore.text import counted


def calibration_section(facts: RunFacts) -> Section:
    """Return whether the probabilities mean what they say, and what is called novel."""
    diagram = reliability_diagram(facts.test.labels, facts.test.probabilities, facts.test.table["group"])
    return Section(
        "calibration", "Calibration and novelty", (reliability_figure(diagram), *calibration(facts), *novelty(facts))
    )


def calibration(facts: RunFacts) -> tuple[Block, ...]:
    """Return the errors of the probabilities, and the temperature that was fitted."""
    rows = tuple(
        (row["score"], f"{row['value']:.4f}", interval((row["low"], row["high"]), 4))
        for row in calibration_table(facts.scores).to_dict("records")
    )
    fitted = (
        "The temperature is not known: the run's model is gone or damaged."
        if facts.metadata is None
        else f"Temperature {facts.metadata.temperature:.3f}, fitted on validation; all probabilities here include it."
    )
    return (Table("Errors of the probabilities", ("error", "#value", "#95 % interval"), rows), text(fitted))


def novelty(facts: RunFacts) -> tuple[Block, ...]:
    """Return how many test images are called unlike those of train, and how many of other laboratories."""
    table = facts.test.table
    novel, wrong = table["novel"], ~table["correct"]
    threshold = "" if facts.metadata is None else f" The threshold is {facts.metadata.novelty.threshold:.2f}."
    others = (
        " Whether images of other laboratories are called novel was not measured here." if facts.novelty is None else ""
    )
    own = text(
        f"{part_of(int(novel.sum()), len(table))} of the test images are called novel, unlike the images of train; "
        f"among them are {int((novel & wrong).sum())} of the {counted(int(wrong.sum()), 'mistake')}. An image's "
        "novelty is its distance from the nearest class of train, by the network's features and by nine colour "
        "moments; it is about 1 for images like those. The threshold is chosen so that one in twenty validation "
        "images is called novel."
        f"{threshold}{others}"
    )
    return (own,) if facts.novelty is None else (own, _others(facts.novelty))


def _others(report: NoveltyReport) -> Table:
    rows = tuple(
        (
            of.folder,
            str(of.images),
            str(of.called_novel),
            f"{of.auroc:.4f}",
            interval(of.interval if report.form == FORM else (None, None), 4),
        )
        for of in report.others
    )
    caption = "Images of other kinds, and how well novelty tells them from the test images"
    return Table(caption, ("folder", "#images", "#called novel", "#AUROC", "#95 % interval"), rows)
