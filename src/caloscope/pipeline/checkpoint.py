"""How what the pipeline knows is written down between two lumisections.

A checkpoint holds the state after one lumisection together with what that lumisection brought, so that the
pipeline can rewind to it, take in a late one and score the rest again. Plain arrays and JSON, no pickle.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from caloscope.errors import StoreError
from caloscope.evidence import EvidenceState
from caloscope.geometry import View
from caloscope.incidents import Track
from caloscope.pipeline.archive import DAMAGE, pack, unpack
from caloscope.pipeline.state import NOTHING_TOLD, OWN, USUAL, Given, State
from caloscope.prepare import Seen
from caloscope.records import Conditions, LumiId, LumiState, MapRecord
from caloscope.store.columns import storable


@dataclass(frozen=True, slots=True)
class _Record:
    """A `MapRecord` without its counts."""

    events: int | None
    pileup: float | None
    span: int
    cumulative: bool = False


@dataclass(frozen=True, slots=True)
class _Baseline:
    """A baseline without its counts; `record` is None where it is the one that came in under its name."""

    id: LumiId
    record: _Record | None


@dataclass(frozen=True, slots=True)
class _Plain:
    """All of a checkpoint that is not an array; `whole` where it holds a state."""

    id: LumiId
    content: str
    began_at: float | None
    records: dict[str, _Record]
    tracks: tuple[Track, ...]
    baselines: dict[str, _Baseline] = field(default_factory=dict)
    whole: bool = True
    coherent: float = 0.0
    conditions: Conditions = NOTHING_TOLD
    accepted: frozenset[LumiState] = USUAL
    raised: float = 0.0
    source: str = ""
    retriggered: bool = False
    before: float = 0.0


_JSON = TypeAdapter(_Plain)


def encode(given: Given, state: State | None) -> bytes:
    """A checkpoint as bytes; without a state it can be scored again from the one before."""
    records = dict(given.companions)
    if given.record is not None:
        records[OWN] = given.record
    arrays: dict[str, NDArray[Any]] = {f"counts:{name}": r.counts for name, r in records.items()}
    if given.masked is not None:
        arrays["masked"] = given.masked
    told = {name: _plain(record) for name, record in records.items()}
    plain = _Plain(
        given.id,
        given.content,
        given.began_at,
        told,
        (),
        whole=state is not None,
        coherent=given.coherent,
        conditions=given.conditions,
        accepted=given.accepted,
        raised=given.raised,
        source=storable(given.source),
        retriggered=given.retriggered,
    )
    if state is not None:
        others = {n: seen for n, seen in state.baselines.items() if records.get(n) is not seen[1]}
        kept = {n: _Baseline(s[0], _plain(s[1]) if n in others else None) for n, s in state.baselines.items()}
        plain = replace(plain, tracks=state.tracks, baselines=kept, before=state.coherent)
        arrays |= {f"baseline:{name}": record.counts for name, (_, record) in others.items()}
        arrays |= {f"memory:{name}": array for name, array in state.memory.items()}
        arrays |= {f"evidence:{name}": array for name, array in state.evidence.arrays().items()}
    arrays["plain"] = np.frombuffer(_JSON.dump_json(plain), np.uint8)
    return pack(arrays)


def decode(blob: bytes, view: View) -> tuple[Given, State]:
    """A checkpoint with its state, from its bytes. Raises `StoreError` when they are not one."""
    given, state = decode_step(blob, view)
    if state is None:
        raise StoreError("a checkpoint cannot be read: found none but what came in, expected a state too")
    return given, state


def decode_step(blob: bytes, view: View) -> tuple[Given, State | None]:
    """A checkpoint from its bytes, with its state where it has one; raises `StoreError` as `decode` does.

    Evidence of another make, as an older Caloscope kept it, begins anew; open incidents go on.
    """
    try:
        arrays = unpack(blob)
        plain = _JSON.validate_json(arrays["plain"].tobytes())
        records = {n: _record(plain.records[n], arrays[f"counts:{n}"]) for n in plain.records}
        state = _state(plain, records, arrays, view) if plain.whole else None
    except DAMAGE as error:
        raise StoreError(f"a checkpoint cannot be read: {' '.join(str(error).split())[:200]}") from error
    own = records.pop(OWN, None)
    masked = arrays["masked"].astype(np.bool_) if "masked" in arrays else None
    given = Given(
        LumiId(*plain.id),
        own,
        plain.content,
        plain.began_at,
        records,
        masked,
        plain.coherent,
        plain.conditions,
        plain.accepted,
        plain.raised,
        plain.source,
        plain.retriggered,
    )
    return given, state


def _state(
    plain: _Plain, records: Mapping[str, MapRecord], arrays: Mapping[str, NDArray[Any]], view: View
) -> State:
    baselines = {n: _seen(n, plain.baselines[n], records, arrays) for n in plain.baselines}
    memory = {name.removeprefix("memory:"): a for name, a in arrays.items() if name.startswith("memory:")}
    evidence = {n.removeprefix("evidence:"): a for n, a in arrays.items() if n.startswith("evidence:")}
    # Kept since conditions have a place of their own: before that nothing was loose.
    evidence.setdefault("loose", np.zeros(1, np.bool_))
    return State(memory, _evidence(evidence, view), plain.tracks, baselines, plain.before)


def _evidence(arrays: Mapping[str, NDArray[Any]], view: View) -> EvidenceState:
    """What was gathered; nothing where it was kept in other arrays than those of today."""
    fresh = EvidenceState.empty(view)
    if arrays.keys() != fresh.arrays().keys():
        return fresh
    found = EvidenceState.restored(arrays)
    return found if found.fits(view) else fresh


def _plain(record: MapRecord) -> _Record:
    return _Record(record.events, record.pileup, record.span, record.cumulative)


def _record(plain: _Record, counts: NDArray[Any]) -> MapRecord:
    return MapRecord(counts.astype(np.uint32), plain.events, plain.pileup, plain.span, plain.cumulative)


def _seen(
    name: str, plain: _Baseline, records: Mapping[str, MapRecord], arrays: Mapping[str, NDArray[Any]]
) -> Seen:
    """A baseline: the record that came in, or one that was kept beside it."""
    if plain.record is None:
        return LumiId(*plain.id), records[name]
    return LumiId(*plain.id), _record(plain.record, arrays[f"baseline:{name}"])
