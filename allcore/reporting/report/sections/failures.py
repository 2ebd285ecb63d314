"""The section on what the model got wrong."""

from __future__ import annotations

import pandas as pd

from allcore.evaluation.predictions.error_groups import KINDS, errors_by
from allcore.evaluation.predictions.mistakes import mistakes
from allcore.number_text import part_of, per_cent
from allcore.reporting.report.facts import RunFacts
from allcore.reporting.report.rendering.blocks import Block, Gallery, Matrix, Section, Table, text
from allcore.text import counted

_MISTAKES = 40
"""Rows of a table of mistakes; a run that makes more is not understood one by one."""


def failures_section(facts: RunFacts) -> Section:
    """Return the confusion matrix, and every mistake with its evidence."""
    shown = facts.pictures
    blocks: list[Block] = [confusion(facts), *mistake_table(facts), *repeated_mistakes(facts)]
    if shown.pictures:
        blocks.append(
            text(
                f"The {counted(len(shown.pictures), 'most confident mistake')}, the image and the evidence for "
                "the predicted class: orange speaks for it, blue against it; each map has its own scale."
                if facts.metadata is not None
                else "The most confident mistakes. The run's model is gone or damaged, so there is no evidence."
            )
        )
        blocks.append(Gallery(shown.pictures))
    if shown.problem:
        blocks.append(text(shown.problem))
    return Section("failures", "Errors", tuple(blocks), answers=(39,))


def confusion(facts: RunFacts) -> Matrix:
    """Return the confusion matrix of the test."""
    counts = tuple(map(tuple, facts.scores.confusion_matrix))
    return Matrix("Confusion matrix: rows are true classes, columns predicted ones", facts.split.classes, counts)


def mistake_table(facts: RunFacts) -> tuple[Block, ...]:
    """Return the mistakes, the most confident first; a sentence where there are none, or too many to list."""
    wrong = mistakes(facts.test.table)
    if wrong.empty:
        return (text("No test image is misclassified."),)
    rows = tuple(
        (
            row["path"], row["label"], row["predicted"], per_cent(row["confidence"], 1),
            "yes" if row["novel"] else "", "yes" if row["twin"] else "",
        )
        for row in wrong.head(_MISTAKES).to_dict("records")
    )  # fmt: skip
    caption = f"{counted(len(wrong), 'mistake')}, the most confident first"
    if len(wrong) > _MISTAKES:
        caption += f"; the first {_MISTAKES} of them"
    return (Table(caption, ("image", "true", "predicted", "#probability", "novel", "twin in train"), rows),)


def repeated_mistakes(facts: RunFacts) -> tuple[Table, ...]:
    """Return the mistakes by stain cluster where clusters are known, and the groups that hold several mistakes."""
    by_group, by_stain = (errors_by(facts.test.table, kind) for kind in ("group", "stain"))
    clusters_known = bool((by_stain["stain"] != "").any())
    return (
        *(_grouped(by_stain, "stain", "Mistakes by stain cluster") if clusters_known else ()),
        *_grouped(by_group[by_group["wrong"] > 1], "group", "Overlap groups that hold several mistakes"),
    )


def _grouped(errors: pd.DataFrame, kind: str, caption: str) -> tuple[Table, ...]:
    if errors.empty:
        return ()
    rows = tuple(
        (row[kind] or "not known", row["label"], part_of(row["wrong"], row["images"]), row["predicted"])
        for row in errors.head(_MISTAKES).to_dict("records")
    )
    if len(errors) > _MISTAKES:
        caption += f": {len(errors):,}, the first {_MISTAKES} of them"
    return (Table(caption, (KINDS[kind], "class", "#wrong", "predicted"), rows),)
