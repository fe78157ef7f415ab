"""The one door to onnxruntime: a network in a file becomes a function from array to array.

A file from outside is not trusted: `onnx_file` looks into it before anything runs it (no weights elsewhere,
no loops), and its inputs and outputs are found by name and must have the shape that is asked for. All
networks of a process together get `MOST_MEMORY`, for weights and working memory, so that a few bytes that
stand for a huge tensor fail instead of filling the machine. Time is not bounded: onnxruntime looks for a wish
to stop only between operators, and one product of two large matrices within that memory takes minutes.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
import onnxruntime

from caloscope.detectors.onnx_file import read_model
from caloscope.errors import BundleError
from caloscope.records import Floats

Shape: TypeAlias = tuple[int | None, ...]
"""Sizes of a tensor's axes; None stands for any size."""

MOST_MEMORY: Final = 4 * 1024**3
"""Bytes that all networks of a process may take together."""


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

        Raises `BundleError` where one of the two does not have its shape, and where the network fails.
        """
        self._check("input", array.shape, self.input_shape)
        feed = {self.input_name: np.ascontiguousarray(array, dtype=np.float32)}
        try:
            answer = np.asarray(self._engine.run([self.output_name], feed)[0], dtype=np.float32)
        except Exception as error:  # noqa: BLE001 - onnxruntime's exceptions share no nearer base class
            raise BundleError(f"{self.path}: the network failed ({_reason(error)})") from None
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
    content = read_model(path)
    _limit_memory()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # fatal only: what matters reaches the caller as an exception
    # Never the flatbuffer format that onnxruntime also reads: its weights were not looked at above.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    options.add_session_config_entry("session.use_env_allocators", "1")
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - onnxruntime's exceptions share no nearer base class
        raise BundleError(f"{path}: found no usable ONNX model ({_reason(error)})") from None


@cache
def _limit_memory() -> None:
    """Give this process one allocator for all its networks that ends at `MOST_MEMORY`."""
    where = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    as_requested = 1  # grow by what is asked for, not to the next power of two
    limits = {"max_mem": MOST_MEMORY, "arena_extend_strategy": as_requested}
    onnxruntime.create_and_register_allocator(where, onnxruntime.OrtArenaCfg(limits))


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())


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
