"""The one place that finds out whether matplotlib is installed."""

from caloscope.errors import UsageError

try:
    import matplotlib
except ImportError as error:  # the rest of Caloscope does without
    raise UsageError(
        "pictures need matplotlib, which is not installed: pip install 'caloscope[plots]'"
    ) from error

VERSION: str = matplotlib.__version__
