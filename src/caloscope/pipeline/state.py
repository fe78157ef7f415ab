"""What the pipeline knows between two lumisections, and how it is written down.

A checkpoint holds the state after one lumisection together with what that lumisection brought, so that the
pipeline can rewind to it, take in a late one and score the rest again. Plain arrays and JSON, no pickle.
"""

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from caloscope.detectors.base import Memory
from caloscope.errors import StoreError
from caloscope.evidence import EvidenceState
from caloscope.incidents import Track
from caloscope.records import LumiId, MapRecord

MAX_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What one lumisection brought for one map; `record` is None where the map was missing.

    `companions` are the records of other maps that the detector asked for; `content` is the digest of all.
    """

    id: LumiId
    record: MapRecord | None
    content: str
    began_at: float | None = None
    companions: Mapping[str, MapRecord] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """All that carries over from one lumisection of a map to the next."""

    memory: Memory
    evidence: EvidenceState
    tracks: tuple[Track, ...] = ()


@dataclass(frozen=True, slots=True)
class _Record:
    """A `MapRecord` without its counts."""

    events: int | None
    pileup: float | None
    span: int


@dataclass(frozen=True, slots=True)
class _Plain:
    """All of a checkpoint that is not an array."""

    id: LumiId
    content: str
    began_at: float | None
    records: dict[str, _Record]
    tracks: tuple[Track, ...]


_JSON = TypeAdapter(_Plain)
_OWN = "own"


def encode(given: Given, state: State) -> bytes:
    """A checkpoint as bytes."""
    records = dict(given.companions)
    if given.record is not None:
        records[_OWN] = given.record
    plain = _Plain(
        given.id,
        given.content,
        given.began_at,
        {name: _Record(r.events, r.pileup, r.span) for name, r in records.items()},
        state.tracks,
    )
    arrays: dict[str, NDArray[Any]] = {f"counts:{name}": r.counts for name, r in records.items()}
    arrays |= {f"memory:{name}": array for name, array in state.memory.items()}
    arrays |= {"sums": state.evidence.sums, "since": state.evidence.since}
    arrays["plain"] = np.frombuffer(_JSON.dump_json(plain), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return zlib.compress(buffer.getvalue(), 1)


def decode(blob: bytes) -> tuple[Given, State]:
    """A checkpoint from its bytes. Raises `StoreError` when they are not one."""
    try:
        data = zlib.decompressobj().decompress(blob, MAX_BYTES)
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        plain = _JSON.validate_json(arrays["plain"].tobytes())
        evidence = EvidenceState(arrays["sums"], arrays["since"])
        records = {n: _record(plain.records[n], arrays[f"counts:{n}"]) for n in plain.records}
    except (zlib.error, zipfile.BadZipFile, ValueError, KeyError, OSError, ValidationError) as error:
        raise StoreError(f"a checkpoint cannot be read: {error}") from error
    own = records.pop(_OWN, None)
    memory = {name.removeprefix("memory:"): a for name, a in arrays.items() if name.startswith("memory:")}
    given = Given(LumiId(*plain.id), own, plain.content, plain.began_at, records)
    return given, State(memory, evidence, plain.tracks)


def _record(plain: _Record, counts: NDArray[Any]) -> MapRecord:
    return MapRecord(counts.astype(np.uint32), plain.events, plain.pileup, plain.span)
