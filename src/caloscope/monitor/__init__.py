"""The monitor: files in, verdicts into the store, DQM files out."""

from caloscope.monitor.intake import Intake
from caloscope.monitor.live import monitor, write_outputs
from caloscope.monitor.replay import Replayed, in_time_order, replay
from caloscope.monitor.taken import Taken

__all__ = ["Intake", "Replayed", "Taken", "in_time_order", "monitor", "replay", "write_outputs"]
