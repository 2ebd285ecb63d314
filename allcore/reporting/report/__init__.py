"""The report of a run: one HTML file in the order of the CLAIM checklist, or a model card in Markdown."""

from allcore.reporting.report.baselines_and_probes import complete
from allcore.reporting.report.make import FORMATS, Report, check_form, make_report

__all__ = ["FORMATS", "Report", "check_form", "complete", "make_report"]
