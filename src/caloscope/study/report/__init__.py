"""The report of a study: one page that needs no network, tables, and figures for paper."""

from caloscope.study.report.summary import summary
from caloscope.study.report.write import write_report

__all__ = ["summary", "write_report"]
