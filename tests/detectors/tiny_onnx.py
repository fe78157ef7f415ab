"""Writes ONNX files of a few nodes byte by byte, so that tests need no real network and no other package.

Field numbers are those of onnx.proto; a field is (number, int) or (number, bytes).
"""

import struct
from collections.abc import Sequence

Shape = Sequence[int | str]


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def message(*fields: tuple[int, int | bytes | str]) -> bytes:
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += _varint(number << 3) + _varint(value)
        else:
            content = value.encode() if isinstance(value, str) else value
            out += _varint(number << 3 | 2) + _varint(len(content)) + content
    return out


def tensor(name: str, shape: Shape, kind: int = 1) -> bytes:
    """ValueInfoProto; kind 1 is float, 11 double."""
    sizes = [message((1, message((1, n) if isinstance(n, int) else (2, n)))) for n in shape]
    return message((1, name), (2, message((1, message((1, kind), (2, b"".join(sizes)))))))


def node(operator: str, inputs: Sequence[str], output: str, **ints: Sequence[int]) -> bytes:
    attributes = [message((1, name), *((8, value) for value in ints[name]), (20, 7)) for name in ints]
    return message(
        *((1, name) for name in inputs), (2, output), (4, operator), *((5, each) for each in attributes)
    )


def weight(name: str, value: float, *extra: tuple[int, int | bytes | str]) -> bytes:
    """TensorProto: one float, and whatever else is to be put in."""
    content: tuple[tuple[int, bytes], ...] = () if extra else ((9, struct.pack("<f", value)),)
    return message((1, 1), (2, 1), (8, name), *content, *extra)


def model(
    nodes: Sequence[bytes], inputs: Sequence[bytes], outputs: Sequence[bytes], weights: Sequence[bytes] = ()
) -> bytes:
    graph = message(
        *((1, each) for each in nodes),
        (2, "tiny"),
        *((5, each) for each in weights),
        *((11, each) for each in inputs),
        *((12, each) for each in outputs),
    )
    return message((1, 6), (7, graph), (8, message((2, 11))))


BLUR = {"kernel_shape": (3, 3), "pads": (1, 1, 1, 1)}


def autoencoder(shape: Shape, output_shape: Shape | None = None) -> bytes:
    """Takes `picture`, gives `mean` (each cell's mean with its neighbours, so the padding matters)."""
    return model(
        [node("AveragePool", ["picture"], "mean", **BLUR)],
        [tensor("picture", shape)],
        [tensor("mean", output_shape or shape)],
    )
