"""Whether the histograms of a lumisection are an experiment's or a simulation's."""

from caloscope.errors import Fault, SourceError
from caloscope.readers.shelf import Shelf

PROCESS = "caloscope-simulated"
"""What our simulation calls the process that made its files, in `<top folder>/EventInfo/processName`."""

_MOST_FOLDERS = 50
"""Top folders that are asked; a real file has about thirty."""


def is_simulated(shelf: Shelf) -> bool:
    """Whether any of the top folders says that it is of our simulation; raises `SourceError` for damage."""
    return any(_process(shelf, top) == PROCESS for top in sorted(shelf.tops)[:_MOST_FOLDERS])


def _process(shelf: Shelf, top: str) -> str | None:
    """The name of the process that made a folder, None where there is none, or several."""
    try:
        return shelf.scalar(f"{top}/EventInfo/processName")
    except SourceError as error:
        if error.fault is not Fault.INVALID_SCALAR:
            raise
        return None
