"""Histograms that grow through a run, map by map, turned into what was added since the one before."""

from caloscope.dataset import Stored
from caloscope.geometry import View
from caloscope.prepare import Difference, difference, with_plateau_events
from caloscope.records import LumiId, MapRecord


class Growing:
    """Remembers of each map what came last; to be asked in order of run and lumisection.

    `views` are those of the maps, None for a map that is no view's. `from_start`: the first of a run counts
    since lumisection 1.
    """

    def __init__(self, *, from_start: bool) -> None:
        self._from_start = from_start
        self._before: dict[str, tuple[LumiId, MapRecord]] = {}

    def step(self, name: str, lumi: LumiId, stored: Stored, view: View | None) -> Difference:
        """What a map that grows has gained since the one before, see `prepare.difference`.

        The number of events is the forward calorimeter's where the source does not tell and it can.
        """
        now = (lumi, stored.record())
        found = difference(self._before.get(name), now, from_start=self._from_start)
        self._before[name] = now
        if found.record is not None and view is not None:
            return found._replace(record=with_plateau_events(found.record, view))
        return found
