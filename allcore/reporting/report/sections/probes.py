"""The section on what the trained model relies on, by its accuracy on changed test images."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from allcore.number_text import UNKNOWN, of_hundred, two_lines
from allcore.reporting.probes import CAVEAT, evidence_findings, findings, probe_table
from allcore.reporting.report.baselines_and_probes import how_to_complete
from allcore.reporting.report.facts import RunFacts
from allcore.reporting.report.rendering.blocks import Block, Mono, Section, Table, bullets, text


def robustness_section(facts: RunFacts) -> Section:
    """Return the probes of the trained model: its accuracy on test images that were changed."""
    missing = (
        {} if facts.probes is not None else {30: "probes of the trained model; report with --complete computes them"}
    )
    answers = () if missing else (30,)
    return Section("probes", "Probes of the trained model", probes(facts), answers, missing)


def probes(facts: RunFacts) -> tuple[Block, ...]:
    """Return the probes as a table with what they mean, or how to compute them."""
    if facts.probes is None:
        return (text("Not computed; ", Mono(how_to_complete(facts.run_id)), " computes them first."),)
    rows = tuple(map(_probe_row, probe_table(facts.probes).to_dict("records")))
    columns = (
        "images",
        "what is done",
        "#accuracy (%)",
        "#lowest of a class",
        "#change",
        "#predicted as the lender's class",
    )
    caption = "Accuracy on the test images without something that the model may rely on, with 95 % intervals"
    table = Table(caption, columns, rows, frozenset({0}))
    meaning = [*findings(facts.probes), *evidence_findings(facts.probes)]
    return (table, bullets(*meaning), text(CAVEAT)) if meaning else (table,)


def _probe_row(row: dict[Hashable, Any]) -> tuple[str, ...]:
    if row["skipped"]:
        return (row["probe"], f"{row['what']} Left out: {row['skipped']}.", *[UNKNOWN] * 4)
    accuracy = two_lines(row["accuracy"], (row["low"], row["high"]))
    lowest = (
        UNKNOWN if pd.isna(row["lowest_recall"]) else f"{of_hundred(row['lowest_recall'], 1)}\n{row['lowest_class']}"
    )
    change, followed = "", ""
    if not pd.isna(row["change"]):  # the images as they are have none
        change = two_lines(row["change"], (row["change_low"], row["change_high"]), "+")
    if not pd.isna(row["followed_other"]):
        followed = f"{of_hundred(row['followed_other'], 1)}\n(neither {of_hundred(row['followed_neither'], 1)})"
    return (row["probe"], row["what"], accuracy, lowest, change, followed)
