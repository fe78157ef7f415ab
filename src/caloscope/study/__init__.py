"""The systematic study: detectors against faults, in every era, with the oracle beside them.

A study is a text (TOML). Its matrix is taken apart into cells; each is measured once, kept by its
content, and put together as tables and a report.

    from caloscope import study
    planned = study.plan("mine.toml")
    found = study.run(planned, "report", workers=2)
    found.ranking[0].setting.detector
"""

from caloscope.study.results import Interval, Results
from caloscope.study.whole import Plan, plan, run

__all__ = ["Interval", "Plan", "Results", "plan", "run"]
