"""Other counts than before, for a lumisection that is on record."""

from collections.abc import Sequence

from caloscope.errors import Fault, SourceError
from caloscope.records import Lumisection, MapResult


class ConflictError(SourceError):
    """Maps came with other counts than before; `results` are those of the lumisection's other maps."""

    def __init__(self, lumisection: Lumisection, maps: Sequence[str], results: Sequence[MapResult]) -> None:
        where = f"{lumisection.run}:{lumisection.lumi}"
        found = f"other counts for {', '.join(sorted(set(maps)))} in {where}"
        super().__init__(lumisection.source, Fault.CONFLICT, found, "what was seen first")
        self.results = tuple(results)
