"""What a lumisection adds to maps that grow through the run: that is what is judged.

The baseline that it is compared with is part of the state, so it is saved and rewound with the rest: a record
that comes late changes the difference of the one after it as if it had come in time.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from caloscope.detectors.base import NotKnown
from caloscope.geometry import View
from caloscope.pipeline.state import OWN, Given
from caloscope.prepare import Difference, Seen, difference, with_plateau_events
from caloscope.records import LumiId, MapRecord, Reason

Baselines: TypeAlias = Mapping[str, Seen]


class Gain(NamedTuple):
    """The records to be judged, none of which grows."""

    record: MapRecord
    companions: Mapping[str, MapRecord]


def gained(given: Given, baselines: Baselines, view: View) -> tuple[Gain | NotKnown, Baselines]:
    """What came since the baselines, and the baselines for the next one; on `view` is the map itself.

    Maps that do not grow pass as they are. NO_BASELINE where a difference cannot be told: what came is the
    new baseline then. A companion stands beside the map only where both cover the same lumisections. Where
    the map is missing nothing changes, whatever else came: what takes its place starts from the same.
    """
    if given.record is None:
        return NotKnown(Reason.MAP_MISSING), baselines
    records = {OWN: given.record, **given.companions}
    growing = {name: (given.id, record) for name, record in records.items() if record.cumulative}
    found = {name: _gain(given.id, record, baselines.get(name)) for name, record in records.items()}
    own, after = found.pop(OWN), {**baselines, **growing}
    if own.record is None:
        return NotKnown(own.reason or Reason.NO_BASELINE, own.detail), after
    span = own.record.span
    beside = {name: d.record for name, d in found.items() if d.record is not None and d.record.span == span}
    record = with_plateau_events(own.record, view) if given.record.cumulative else own.record
    return Gain(record, beside), after


def _gain(lumi_id: LumiId, record: MapRecord, baseline: Seen | None) -> Difference:
    return difference(baseline, (lumi_id, record)) if record.cumulative else Difference(record)
