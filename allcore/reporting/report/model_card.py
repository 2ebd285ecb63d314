"""The model card of a run: what stands beside a model that is passed on (Mitchell et al. 2019, "Model cards")."""

from __future__ import annotations

from collections.abc import Sequence

from allcore.number_text import listed
from allcore.paper import AUTHORS, JOURNAL, TITLE
from allcore.reporting.report.facts import RunFacts
from allcore.reporting.report.rendering.blocks import Code, Document, Section, text
from allcore.reporting.report.sections.calibration import calibration, novelty
from allcore.reporting.report.sections.checklist import CITATION, missing_list
from allcore.reporting.report.sections.closing import availability, limits, reproduce
from allcore.reporting.report.sections.data import counts_table, groups_table, leak_table, protocol, source
from allcore.reporting.report.sections.failures import confusion, mistake_table
from allcore.reporting.report.sections.method import architecture, settings, training_table
from allcore.reporting.report.sections.opening import conclusion, intended_use, research_use, subtitle, tiles
from allcore.reporting.report.sections.operating import operating_points
from allcore.reporting.report.sections.probes import probes
from allcore.reporting.report.sections.scores import baselines, class_table, scores_table, two_classes


def model_card(facts: RunFacts, report: Sequence[Section]) -> Document:
    """Return the card; `report` are the sections of the run's report, whose open items of the checklist it names."""
    method = f"Architecture and recipe are those of {AUTHORS}, {TITLE}, {JOURNAL}, but for what the table says."
    use = "python -m allcore predict MODEL.onnx IMAGE… --evidence overlays"
    sections = (
        Section("summary", "In short", (research_use(facts.meanings), tiles(facts), conclusion(facts))),
        Section("model", "Model", (*architecture(facts), Code(use))),
        Section("use", "Intended use", (intended_use(),)),
        Section("data", "Data", (*source(facts), counts_table(facts))),
        Section("split", "Split", (*protocol(facts), groups_table(facts), leak_table(facts))),
        Section("recipe", "Recipe", (text(method), settings(facts, only_departures=True), training_table(facts))),
        Section("scores", "Scores", (scores_table(facts), class_table(facts), confusion(facts))),
        Section("sides", "Positive and negative", (*two_classes(facts), *operating_points(facts))),
        Section("baselines", "What needs no network", baselines(facts)),
        Section("probes", "Probes", probes(facts)),
        Section("calibration", "Calibration and novelty", (*calibration(facts), *novelty(facts))),
        Section("errors", "Errors", mistake_table(facts)),
        Section("limits", "Limits", (limits(facts),)),
        Section("licence", "Licences and credit", availability(facts, ("the ONNX file that this card stands beside",))),
        Section("made", "How it was made", reproduce(facts)),
        Section("open", "Not provided", (text("Of the CLAIM checklist: ", *CITATION), missing_list(report))),
    )
    return Document(
        f"Model card: modified {facts.config.trunk.title} for {listed(facts.split.classes)}",
        subtitle(facts),
        tuple(section for section in sections if section.blocks),
    )
