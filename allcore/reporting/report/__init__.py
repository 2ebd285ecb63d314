"""The report of a run: one HTML file in the order of the CLAIM checklist, or a model card in Markdown."""

from allcore.reporting.report.make import FORMATS, Report, make_report, write_report
from allcore.reporting.report.worth import complete

__all__ = ["FORMATS", "Report", "complete", "make_report", "write_report"]
