"""From whatever an experiment has to a data set: fast, resumable, the same however it was made.

Portions of the sources become shards, hidden beside the data set, on as many cores as are given. When all
are there they are put in order of time, what grows is differenced, what does not pass the selection is left
out, and the data set appears under its name. Stopped at any moment and asked again, a conversion goes on from
the shards that are there; the arrays are the same.
"""

from caloscope.convert.build import Progress, Report, convert
from caloscope.convert.dropped import EVERY_MAP, Drop, Why
from caloscope.convert.request import Request

__all__ = ["EVERY_MAP", "Drop", "Progress", "Report", "Request", "Why", "convert"]
