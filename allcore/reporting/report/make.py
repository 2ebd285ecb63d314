"""From a run to the bytes of its report; the same state of run, dataset and caches gives the same bytes."""

from __future__ import annotations

from dataclasses import dataclass

from allcore.errors import InputError
from allcore.reporting.report.facts import RunFacts, gather
from allcore.reporting.report.model_card import model_card
from allcore.reporting.report.rendering.blocks import Document
from allcore.reporting.report.rendering.html import to_html
from allcore.reporting.report.rendering.markdown import to_markdown
from allcore.reporting.report.sections.calibration import calibration_section
from allcore.reporting.report.sections.checklist import checklist_section, not_provided
from allcore.reporting.report.sections.closing import limits_section, reproduce_section
from allcore.reporting.report.sections.data import data_section, partitions_section, reference_section
from allcore.reporting.report.sections.failures import failures_section
from allcore.reporting.report.sections.method import evaluation_section, model_section, training_section
from allcore.reporting.report.sections.opening import question_section, subtitle, summary_section, title
from allcore.reporting.report.sections.probes import robustness_section
from allcore.reporting.report.sections.scores import scores_section
from allcore.runs.folder.store import Run
from allcore.workspace import Workspace

FORMATS = ("html", "md")
_SECTIONS = (
    summary_section,
    question_section,
    data_section,
    reference_section,
    partitions_section,
    model_section,
    training_section,
    evaluation_section,
    robustness_section,
    scores_section,
    calibration_section,
    failures_section,
    limits_section,
    reproduce_section,
)
"""In the order of the checklist's items."""


@dataclass(frozen=True)
class Report:
    """A report as a file's content, and the items of the checklist that it lacks, with what is lacking."""

    content: bytes
    lacking: dict[int, str]


def check_form(form: str) -> None:
    """Raise `InputError` for a form that no report has."""
    if form not in FORMATS:
        raise InputError(f"format: unknown (received {form!r}); expected one of {', '.join(FORMATS)}")


def make_report(run: Run, workspace: Workspace, form: str = "html") -> Report:
    """Return the report of a run that has succeeded, as `html`, or its model card as `md`.

    Raises `InputError` for another form, `RunError` when the run has not succeeded or is damaged.
    """
    check_form(form)
    facts = gather(run, workspace)
    document = _report_document(facts)
    lacking = not_provided(document.sections)
    text = to_html(document) if form == "html" else to_markdown(model_card(facts, document.sections))
    return Report(text.encode(), lacking)


def _report_document(facts: RunFacts) -> Document:
    """Return the report before it is HTML."""
    sections = tuple(section(facts) for section in _SECTIONS)
    return Document(title(facts), subtitle(facts), (*sections, checklist_section(sections)))
