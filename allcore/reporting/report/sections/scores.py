"""The section on the scores of the test, beside the paper's and what needs no network."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from allcore.evaluation.predictions.two_sides import two_sides
from allcore.evaluation.scoring.scores import CLASS_METRICS, Interval
from allcore.number_text import (
    decimal,
    hundredfold,
    interval,
    listed,
    of_hundred,
    or_blank,
    per_cent,
    percentages,
    two_lines,
)
from allcore.paper import BENIGN_TEST_IMAGES, BENIGN_TEST_RIGHT, HEADLINE
from allcore.reporting.comparison import p_value
from allcore.reporting.report.baselines_and_probes import how_to_complete
from allcore.reporting.report.facts import RunFacts
from allcore.reporting.report.known_data import given, lacking
from allcore.reporting.report.rendering.blocks import Block, Mono, Section, Table, Text, text
from allcore.reporting.report.rendering.figures import Mark, track_figure
from allcore.reporting.report.sections.operating import operating_points
from allcore.reporting.score_tables import CLASS_METRIC_NAMES, headline_table
from allcore.text import counted

_SHORT = {"npv": "NPV", "average_precision": "AP"}


def best_shortcut_row(facts: RunFacts) -> dict[Hashable, Any] | None:
    """Return the row of the shortcut with the highest accuracy, None while they are not computed."""
    rows = [] if facts.baselines is None else facts.baselines.to_dict("records")
    return next((row for row in rows if not row["sees_cells"]), None)


def scores_section(facts: RunFacts) -> Section:
    """Return the scores of the test, beside the paper's and what needs no network."""
    blocks: tuple[Block, ...] = (
        track_figure("Accuracy with its 95 % interval (per cent), on one scale", _marks(facts)),
        scores_table(facts),
        *baselines(facts),
        class_table(facts),
        *two_classes(facts),
        *operating_points(facts),
    )
    missing = lacking(facts.known, 36)
    if not facts.are_drawn:
        missing |= {35: "numbers of patients; images alone are known"}
    return Section("scores", "Scores", blocks, (35, *given(facts.known, 36), 37, 38), missing)


def scores_table(facts: RunFacts) -> Table:
    """Return the headline scores in per cent, with intervals, beside the paper's where those may stand there."""
    table = headline_table(facts.scores)
    beside = facts.beside_paper
    rows = []
    for row in table.to_dict("records"):
        weighted = (or_blank(of_hundred(row["weighted"])), or_blank(interval((row["low"], row["high"]))))
        paper = (or_blank(decimal(row["paper"])),) if beside else ()
        macro = (or_blank(of_hundred(row["macro"])), or_blank(interval((row["macro_low"], row["macro_high"]))))
        rows.append((row["score"], *weighted, *paper, *macro))
    columns = ("score", "#weighted", "#95 % interval", *(("#the paper",) if beside else ()), "#macro", "#95 % interval")
    note = "; the paper tested other images, at 300 px" if beside else ""
    return Table(f"Scores of {counted(facts.scores.n, 'test image')} in per cent{note}", columns, tuple(rows))


def class_table(facts: RunFacts) -> Table:
    """Return each class's scores against the rest in per cent, with intervals."""
    rows = tuple(
        (
            name,
            f"{of_class.support:,}",
            *(_in_per_cent(getattr(of_class, m), of_class.intervals[m]) for m in CLASS_METRICS),
        )
        for name, of_class in facts.scores.per_class.items()
    )
    columns = ("class", "#images", *(f"#{_SHORT.get(m, CLASS_METRIC_NAMES[m])}" for m in CLASS_METRICS))
    return Table("Each class against the rest, in per cent with 95 % intervals", columns, rows)


def baselines(facts: RunFacts) -> tuple[Block, ...]:
    """Return the shortcut baselines on the run's split, or how to compute them."""
    if facts.baselines is None:
        command = how_to_complete(facts.run_id)
        return (text("Shortcut baselines: not computed; ", Mono(command), " computes them first."),)
    scores = facts.scores
    own = ("the network", "", _in_per_cent(scores.accuracy, scores.intervals["accuracy"]), "", "")
    rows = tuple(map(_baseline_row, facts.baselines.to_dict("records")))
    columns = ("name", "what it sees", "#accuracy (%)", "#network minus it", "#p")
    caption = (
        "Baselines: what classifiers without the network reach on the same split, with 95 % intervals; all but "
        "the cell morphology are shortcuts (p: McNemar's test over overlap groups, corrected for the number of "
        "classifiers by Holm's method)"
    )
    return (Table(caption, columns, (own, *rows), frozenset({0})),)


def two_classes(facts: RunFacts) -> tuple[Text, ...]:
    """Return positive classes against the others, where some are named so, beside the paper's where it has a figure."""
    if not facts.meanings.positive:
        return ()
    both = two_sides(facts.test, facts.meanings.positive)
    sensitivity, specificity = (
        f"{per_cent(side.right)} of {counted(side.images, 'image')} ({percentages(side.interval)})"
        for side in (both.sensitivity, both.specificity)
    )
    positive, negative = facts.meanings.sides
    beside = ""
    if facts.beside_paper and negative == "benign":
        beside = (
            f" The paper has {BENIGN_TEST_RIGHT} of {BENIGN_TEST_IMAGES} benign test images right "
            f"({per_cent(BENIGN_TEST_RIGHT / BENIGN_TEST_IMAGES)})."
        )
    return (
        text(
            f"{positive.capitalize()} ({listed(facts.meanings.positive)}) against {negative}, whichever class of its "
            f"side is predicted: sensitivity {sensitivity}, specificity {specificity}.{beside}"
        ),
    )


def _marks(facts: RunFacts) -> list[Mark]:
    low, high = facts.scores.intervals["accuracy"]
    marks = [Mark("This run, all test images", facts.scores.accuracy, low, high, "model")]
    alone = facts.alone_scores
    if alone is not None and alone.n < facts.scores.n:
        marks.append(Mark("without twins in train", alone.accuracy, *alone.intervals["accuracy"], "part"))
    if facts.beside_paper:
        marks.append(Mark("The paper, its own images", HEADLINE["accuracy"], style="paper"))
    shortcuts = [] if facts.baselines is None else facts.baselines.to_dict("records")
    return marks + [Mark(row["baseline"], row["accuracy"], row["low"], row["high"]) for row in shortcuts]


def _baseline_row(row: dict[Hashable, Any]) -> tuple[str, ...]:
    accuracy = _in_per_cent(row["accuracy"], (row["low"], row["high"]))
    difference = _in_per_cent(row["difference"], (row["difference_low"], row["difference_high"]), "+")
    return (row["baseline"], row["what"], accuracy, difference, p_value(row["p"]))


def _in_per_cent(value: float | None, of_interval: Interval, sign: str = "") -> str:
    low, high = map(hundredfold, of_interval)
    return two_lines(hundredfold(value), (low, high), sign)
