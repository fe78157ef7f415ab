"""The one door to onnxruntime: a network in a file becomes a function from array to array.

A file from outside is not trusted: it must hold all its weights itself (ONNX "external data" could name any
file of the machine), and its inputs and outputs are found by name and must have the shape that is asked for.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
import onnxruntime

from caloscope.errors import BundleError
from caloscope.records import Floats

Shape: TypeAlias = tuple[int | None, ...]
"""Sizes of a tensor's axes; None stands for any size."""


class Session:
    """A network ready to run: one input, one output, float32, one thread, no talk on the terminal.

    `input_shape` is what the input must look like, None for an axis that may have any size; `output_shape`
    the same for the output, by default that of the input. The names may be left out only where the file has
    exactly one input and one output; they are then taken from the file. After construction `input_shape`
    and `output_shape` hold the sizes that the file declares, completed by those asked for.
    Raises `BundleError` for a file that cannot be read, keeps its weights elsewhere or does not fit.
    """

    def __init__(
        self,
        path: Path,
        *,
        input_shape: Shape,
        output_shape: Shape | None = None,
        input_name: str | None = None,
        output_name: str | None = None,
    ) -> None:
        self.path = path
        self._engine = _engine(path)
        inputs, outputs = self._engine.get_inputs(), self._engine.get_outputs()
        if len(inputs) > 1:
            raise BundleError(f"{path}: found {len(inputs)} inputs ({_names(inputs)}), expected one")
        found = _choose(path, "input", inputs, input_name)
        self.input_name: Final[str] = found.name
        self.input_shape: Final[Shape] = _fit(path, "input", found, input_shape)
        found = _choose(path, "output", outputs, output_name)
        self.output_name: Final[str] = found.name
        self.output_shape: Final[Shape] = _fit(path, "output", found, output_shape or self.input_shape)

    def run(self, array: Floats) -> Floats:
        """The network's answer to `array` (float32, `input_shape`), as float32 of `output_shape`.

        Raises `BundleError` where one of the two does not have its shape.
        """
        self._check("input", array.shape, self.input_shape)
        feed = {self.input_name: np.ascontiguousarray(array, dtype=np.float32)}
        answer = np.asarray(self._engine.run([self.output_name], feed)[0], dtype=np.float32)
        self._check("output", answer.shape, self.output_shape)
        return answer

    def _check(self, what: str, found: tuple[int, ...], expected: Shape) -> None:
        if not _matches(found, expected):
            raise BundleError(
                f"{self.path}: found {what} of shape {_show(found)}, expected {_show(expected)}"
            )


class _Tensor(Protocol):
    """What onnxruntime says about an input or an output."""

    name: str
    shape: list[int | str | None]
    type: str


def _engine(path: Path) -> Any:  # onnxruntime ships no types
    """An onnxruntime session on the content of a file, read once so that what was checked is what runs."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BundleError(
            f"{path}: found no readable file ({error.strerror}), expected an ONNX model"
        ) from None
    try:
        external = _external_data(content)
    except (ValueError, IndexError):
        raise BundleError(f"{path}: found {len(content)} bytes that are no ONNX model") from None
    if external:
        raise BundleError(f"{path}: found weights kept in another file, expected a model that holds them all")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # fatal only: what matters reaches the caller as an exception
    # Never the flatbuffer format that onnxruntime also reads: its weights were not looked at above.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - onnxruntime's exceptions share no nearer base class
        reason = " ".join(str(error).split())
        raise BundleError(f"{path}: found no usable ONNX model ({reason})") from None


def _names(tensors: list[_Tensor]) -> str:
    return ", ".join(tensor.name for tensor in tensors)


def _choose(path: Path, what: str, tensors: list[_Tensor], name: str | None) -> _Tensor:
    """The tensor with that name, or the only one there is."""
    chosen = [tensor for tensor in tensors if name is None or tensor.name == name]
    if len(chosen) == 1:
        return chosen[0]
    expected = f"exactly one {what}" if name is None else f"{what} {name}"
    raise BundleError(f"{path}: found {what}s {_names(tensors) or 'none'}, expected {expected}")


def _fit(path: Path, what: str, tensor: _Tensor, expected: Shape) -> Shape:
    """The shape that a tensor will have, if what the file declares and what is asked for agree."""
    if tensor.type != "tensor(float)":
        raise BundleError(f"{path}: found {what} {tensor.name} of {tensor.type}, expected tensor(float)")
    declared = tuple(size if isinstance(size, int) else None for size in tensor.shape)
    if not _matches(declared, expected):
        raise BundleError(
            f"{path}: found {what} {tensor.name} of shape {_show(declared)}, expected {_show(expected)}"
        )
    return tuple(asked if size is None else size for size, asked in zip(declared, expected, strict=True))


def _matches(found: Shape, expected: Shape) -> bool:
    pairs = zip(found, expected, strict=False)
    return len(found) == len(expected) and all(None in pair or pair[0] == pair[1] for pair in pairs)


def _show(shape: Shape) -> str:
    return " x ".join("any" if size is None else str(size) for size in shape) or "a single number"


# Which fields of ONNX's protobuf messages hold messages that may, further down, hold a tensor
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
_TENSOR_EXTERNAL_DATA: Final = 13
_TENSOR_DATA_LOCATION: Final = 14


def _external_data(content: bytes) -> bool:
    """Whether any tensor of an ONNX file keeps its numbers in another file.

    Raises ValueError or IndexError on what is no protobuf message.
    """
    waiting = [("model", memoryview(content))]
    while waiting:
        kind, message = waiting.pop()
        for number, value in _fields(message):
            if isinstance(value, memoryview):
                if kind == "tensor" and number == _TENSOR_EXTERNAL_DATA:
                    return True
                if number in _PARTS[kind]:
                    waiting.append((_PARTS[kind][number], value))
            elif kind == "tensor" and number == _TENSOR_DATA_LOCATION and value != 0:
                return True
    return False


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
