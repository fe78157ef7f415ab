"""Looking into an ONNX file before anything runs it: what it may hold, and what it may not.

The file is a protobuf message; it is walked by hand, so that this needs neither the `onnx` package nor
trust in what parses the file later.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from caloscope.detectors.plain_file import read_plain
from caloscope.errors import BundleError

MOST_BYTES: Final = 256 * 1024 * 1024
"""Of a file; the networks of this field hold one to ten million."""

MOST_FIELDS: Final = 2_000_000
"""Fields that are looked at: seconds. A network of a thousand nodes has some ten thousand."""

LOOPING: Final = frozenset({"Loop", "Scan", "If", "SequenceMap"})
"""Operators that run a graph of their own, as often as the file says."""

# Which fields of ONNX's protobuf messages hold messages that may, further down, hold a tensor or a node
# (numbers from onnx.proto, IR version 13).
_PARTS: Final = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_OPERATOR: Final = 4
_TENSOR_EXTERNAL_DATA: Final = 13
_TENSOR_DATA_LOCATION: Final = 14


def read_model(path: Path) -> bytes:
    """The bytes of an ONNX file, once it is known that it keeps its weights itself and only goes forward.

    Raises `BundleError` for a file that cannot be read, is no plain one, is too large or no ONNX model; for
    weights in another file; for operators that loop or branch, wherever they hide; and for functions of the
    file's own, which may call one another and so grow without end while they are unfolded.
    """
    try:
        content = read_plain(path, MOST_BYTES, follow=True)
    except OSError as error:
        found = f"{path}: found no readable file ({error.strerror})"
        raise BundleError(f"{found}, expected an ONNX model") from None
    try:
        fault = _fault(content)
    except (ValueError, IndexError):
        raise BundleError(f"{path}: found {len(content)} bytes that are no ONNX model") from None
    if fault is not None:
        raise BundleError(f"{path}: found {fault}")
    return content


def _fault(content: bytes) -> str | None:
    """What makes a file unfit, and what was expected.

    Raises ValueError or IndexError on what is no protobuf message.
    """
    waiting, left, functions = [("model", memoryview(content))], MOST_FIELDS, False
    while waiting:
        kind, message = waiting.pop()
        for number, value in _fields(message):
            left -= 1
            if left < 0:
                return f"more than {MOST_FIELDS} fields, expected the file of a network of moderate size"
            if fault := _fault_of(kind, number, value):
                return fault
            part = _PARTS[kind].get(number)
            if part is not None and isinstance(value, memoryview):
                waiting.append((part, value))
                functions = functions or part == "function"
    return "functions of its own, expected a model of plain operators" if functions else None


def _fault_of(kind: str, number: int, value: int | memoryview) -> str | None:
    """What is wrong with one field."""
    if kind == "tensor" and number in (_TENSOR_EXTERNAL_DATA, _TENSOR_DATA_LOCATION) and value != 0:
        return "weights kept in another file, expected a model that holds them all"
    if kind == "node" and number == _OPERATOR and isinstance(value, memoryview):
        named = bytes(value).decode("utf-8", "replace")
        if named in LOOPING:
            return f"operator {named}, expected none that loops or branches"
    if kind == "attribute" and _PARTS[kind].get(number) == "graph":
        return "an operator that runs a graph of its own, expected none that loops or branches"
    return None


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field of a protobuf message; fixed-size numbers come as their bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        key &= 0xFFFFFFFF  # as protobuf's own parser does, so that no tag can look like another one here
        wire_type = key & 7
        if wire_type == 0:
            number, at = _varint(message, at)
            yield key >> 3, number
            continue
        if wire_type == 2:
            size, at = _varint(message, at)
        elif wire_type in (1, 5):
            size = 8 if wire_type == 1 else 4
        else:
            raise ValueError(f"wire type {wire_type}")
        if size > len(message) - at:
            raise ValueError("a field longer than its message")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """The variable-length integer at a place, and the place after it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("an integer of more than ten bytes")
