"""What goes back to the experiment: verdicts as DQM output, written from the store alone."""

from importlib import import_module

from caloscope.outputs.dqm_root import write_run

__all__ = ["get_ready", "write_run"]


def get_ready() -> None:
    """Load what writing needs, half a second of it, before there is anything to write."""
    import_module("caloscope.writers.content")
