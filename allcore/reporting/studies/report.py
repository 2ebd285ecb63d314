"""A study's report: HTML as a run's report is, or Markdown, and the two tables that a README takes from it."""

from __future__ import annotations

from allcore.reporting.report.make import check_form
from allcore.reporting.report.rendering.blocks import Code
from allcore.reporting.report.rendering.html import to_html
from allcore.reporting.report.rendering.markdown import block_to_markdown, to_markdown
from allcore.reporting.studies.sections import study_document
from allcore.reporting.studies.tables import methods_table, study_settings_table
from allcore.studies.findings import StudyFindings
from allcore.studies.recipe import study_command
from allcore.workspace import Workspace


def make_study_report(found: StudyFindings, workspace: Workspace, form: str = "html") -> bytes:
    """Return the report of what a study found, as `html` or `md`.

    Raises `InputError` for another form, or while no member has succeeded.
    """
    check_form(form)
    document = study_document(found, workspace)
    return (to_html if form == "html" else to_markdown)(document).encode()


def readme_tables(found: StudyFindings) -> str:
    """Return the tables of settings and of methods as Markdown, with the command that made the study."""
    blocks = (study_settings_table(found), methods_table(found), Code(study_command(found.plan)))
    return "\n\n".join(map(block_to_markdown, blocks))
