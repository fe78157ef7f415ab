"""Files with which CMSSW makes histograms per lumisection: a cmsRun configuration, and batches of jobs.

Text is written and folders are looked at; nothing of CMSSW or HTCondor is run here.
"""

from caloscope.cmssw.batch import SUBMIT, SUBMIT_MISSING, write_batch, write_missing, write_text
from caloscope.cmssw.checks import absolute, chosen
from caloscope.cmssw.configuration import configuration
from caloscope.cmssw.inputs import file_names
from caloscope.cmssw.job import (
    Format,
    Job,
    Offline,
    Online,
    Part,
    Subsystem,
    default_tag,
    era_and_modifier,
)
from caloscope.cmssw.outputs import Output, State, is_whole, outputs
from caloscope.cmssw.plan import Plan, read_plan

__all__ = [
    "SUBMIT",
    "SUBMIT_MISSING",
    "Format",
    "Job",
    "Offline",
    "Online",
    "Output",
    "Part",
    "Plan",
    "State",
    "Subsystem",
    "absolute",
    "chosen",
    "configuration",
    "default_tag",
    "era_and_modifier",
    "file_names",
    "is_whole",
    "outputs",
    "read_plan",
    "write_batch",
    "write_missing",
    "write_text",
]
