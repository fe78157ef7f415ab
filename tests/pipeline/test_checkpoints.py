"""What the pipeline writes down between two lumisections, and what it refuses to read back."""

import io
import json
import zipfile
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given as over
from hypothesis import settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from caloscope.detectors.base import Memory
from caloscope.errors import StoreError
from caloscope.evidence import EvidenceState
from caloscope.incidents import Track
from caloscope.pipeline.checkpoint import decode, encode
from caloscope.pipeline.state import Given, State
from caloscope.records import Direction, Incident, LumiId, MapRecord, Reason, Severity

from .making import LABEL, MAP, seen

INCIDENT = Incident(
    id="a1",
    label=LABEL,
    map=MAP,
    bundle="b1",
    hardware="TOY cell (1, 2)",
    cells=((0, 1), (4, 5)),
    opened=LumiId(2, 3),
    last=LumiId(2, 5),
    onset=LumiId(1, 99),
    closed=None,
    direction=Direction.HIGH,
    reason=Reason.EMPTY_MAP,
    severity=Severity.CLUSTER,
    factor=None,
    peak_evidence=12.625,
    masked=True,
)


def evidence() -> EvidenceState:
    """Evidence of which no two numbers are alike."""
    arrays = EvidenceState.empty(seen()).arrays()
    rng = np.random.default_rng(1)
    return EvidenceState.restored(
        {n: rng.integers(0, 100, a.shape).astype(a.dtype) for n, a in arrays.items()}
    )


def sample(record: MapRecord | None) -> tuple[Given, State]:
    """Something of everything that a checkpoint can hold."""
    counts = np.arange(6, dtype=np.uint32).reshape(2, 3)
    companions = {"EE-/digi": MapRecord(counts + 7, None, 3.5, 2), "own": MapRecord(counts, 1, None)}
    given = Given(LumiId(2, 5), record, "c5", 1_700_000_000.25, companions, coherent=-0.1 - 0.2)
    memory: Memory = {
        "loss/1": np.array([[1e-300, np.inf]]),
        "seen": np.array([5], np.int32),
        "whole": np.array([True]),
    }
    return given, State(memory, evidence(), (Track(INCIDENT, 2, 1, 10.5, 99.0),))


@pytest.mark.parametrize(
    "record",
    [
        None,
        MapRecord(np.array([[2**32 - 1, 0], [1, 2]], np.uint32), 10**12, 0.1 + 0.2),
        MapRecord(np.array([[3]], np.uint32)),
    ],
)
def test_it_comes_back_as_it_was(record: MapRecord | None) -> None:
    given, state = sample(record)
    again, restored = decode(encode(given, state), seen())
    assert (again.id, again.content, again.began_at) == (given.id, given.content, given.began_at)
    assert again.coherent == given.coherent
    assert restored.tracks == state.tracks
    assert isinstance(restored.tracks[0].incident.opened, LumiId)
    kept, found = state.evidence.arrays(), restored.evidence.arrays()
    assert kept.keys() == found.keys()
    pairs: list[tuple[NDArray[Any], NDArray[Any]]] = [(kept[name], found[name]) for name in kept]
    assert state.memory.keys() == restored.memory.keys()
    pairs += [(state.memory[name], restored.memory[name]) for name in state.memory]
    assert again.companions.keys() == given.companions.keys()
    records = [(given.companions[name], again.companions[name]) for name in given.companions]
    assert (again.record is None) is (record is None)
    if record is not None and again.record is not None:
        records.append((record, again.record))
    for one, other in records:
        assert (one.events, one.pileup, one.span) == (other.events, other.pileup, other.span)
        pairs.append((one.counts, other.counts))
    for array, same in pairs:
        assert array.dtype == same.dtype
        assert np.array_equal(array, same)


def archive(**arrays: object) -> bytes:
    """A checkpoint that holds something else."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return zlib.compress(buffer.getvalue())


def plain_array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.arange(3))
    return zlib.compress(buffer.getvalue())


def other_archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("plain.npy", b"text")
        file.writestr("sums", b"no array")
    return zlib.compress(buffer.getvalue())


GARBAGE = {
    "nothing": b"",
    "text": b"not a checkpoint",
    "compressed nothing": zlib.compress(b""),
    "compressed text": zlib.compress(b"not an archive"),
    "an empty archive": archive(),
    "one array": plain_array(),
    "an archive of something": other_archive(),
    "no state": archive(plain=np.frombuffer(b"{}", np.uint8)),
    "no JSON": archive(plain=np.frombuffer(b"\xff{", np.uint8), sums=np.zeros(1), since=np.zeros(1)),
    "another JSON": archive(
        plain=np.frombuffer(json.dumps({"id": [1]}).encode(), np.uint8), sums=np.zeros(1), since=np.zeros(1)
    ),
    "a pickle": archive(plain=np.array([{"a": 1}], dtype=object)),
}


@pytest.mark.parametrize("blob", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_refused(blob: bytes) -> None:
    with pytest.raises(StoreError, match=r"^a checkpoint cannot be read: [ -~]*$"):
        decode(blob, seen())


@over(st.binary(max_size=200))
def test_any_bytes_are_refused(blob: bytes) -> None:
    for each in (blob, zlib.compress(blob)):
        with pytest.raises(StoreError):
            decode(each, seen())


@settings(max_examples=200, deadline=None)
@over(st.data())
def test_damage_is_refused_or_harmless(data: st.DataObject) -> None:
    """A few bits of a compressed stream mean nothing; whatever is not refused must be what was written."""
    whole = encode(*sample(MapRecord(np.array([[1, 2]], np.uint32))))
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        blob = whole[:place]
    else:
        blob = whole[:place] + bytes([whole[place] ^ 1 << data.draw(st.integers(0, 7))]) + whole[place + 1 :]
    try:
        decoded = decode(blob, seen())
    except StoreError:
        return
    assert encode(*decoded) == whole
