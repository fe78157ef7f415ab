"""The monitor: files in, verdicts into the store, DQM files out."""

from caloscope.monitor.intake import Intake, Taken
from caloscope.monitor.live import monitor, write_outputs

__all__ = ["Intake", "Taken", "monitor", "write_outputs"]
