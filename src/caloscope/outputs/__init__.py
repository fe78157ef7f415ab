"""What goes back to the experiment: verdicts as DQM output, written from the store alone."""

from caloscope.outputs.dqm_root import write_run

__all__ = ["write_run"]
