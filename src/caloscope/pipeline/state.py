"""What the pipeline knows of one map: what a lumisection brought, and what carries over to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from caloscope.detectors.base import Memory
from caloscope.evidence import EvidenceState
from caloscope.incidents import Track
from caloscope.prepare import Seen
from caloscope.records import Conditions, LumiId, LumiState, MapRecord, Mask

NOTHING_TOLD = Conditions()
USUAL = frozenset({LumiState.COLLISIONS})
OWN = ""
"""In place of the name of a map, which is never empty."""


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What one lumisection brought for one map; `record` is None where the map was missing.

    `companions` are the records of other maps that the detector asked for; `content` is the digest of all.
    `masked` holds the masks that were in force when it was first scored, None before that: when it is scored
    again, because something came late, later masks must not rewrite history. The same holds for `raised`,
    which is added to all thresholds. `accepted` are the states in which the map is judged, `conditions` is
    what is told of the lumisection. `coherent` says by how much all maps of the lumisection, this one
    included, were off in the same way, as a relative change. `retriggered`: a source tells that from here on
    the trigger has another setting. `source` is the file that it came in.
    """

    id: LumiId
    record: MapRecord | None
    content: str
    began_at: float | None = None
    companions: Mapping[str, MapRecord] = field(default_factory=dict)
    masked: Mask | None = None
    coherent: float = 0.0
    conditions: Conditions = NOTHING_TOLD
    accepted: frozenset[LumiState] = USUAL
    raised: float = 0.0
    source: str = ""
    retriggered: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """All that carries over from one lumisection of a map to the next.

    `baselines` are the newest records that grow, which the next ones are compared with: of the map itself
    under `OWN`, of the maps that its detector wants beside it under their names. `coherent` is what all maps
    did together in the last one that was judged.
    """

    memory: Memory
    evidence: EvidenceState
    tracks: tuple[Track, ...] = ()
    baselines: Mapping[str, Seen] = field(default_factory=dict)
    coherent: float = 0.0
