"""Networks of a few nodes with the inputs and outputs that detectors expect, for any batch."""

import struct
from pathlib import Path

from caloscope.detectors.network.blind_spot import PREDICTION, SURROUNDINGS
from caloscope.detectors.network.pictures import PICTURE, RECONSTRUCTION
from caloscope.detectors.network.unet import LOGITS, RESIDUALS

from .tiny_onnx import message, model, node, tensor

Plane = tuple[int, int]


def _ints(name: str, *values: int) -> bytes:
    """TensorProto of whole numbers."""
    packed = b"".join(value.to_bytes(8, "little", signed=True) for value in values)
    return message((1, len(values)), (2, 7), (8, name), (9, packed))


def _part(name: str, source: str, first: int, last: int) -> tuple[bytes, list[bytes]]:
    """A node that takes some channels, and its constants."""
    ends = [_ints(f"{name}_first", first), _ints(f"{name}_last", last), _ints(f"{name}_axis", 1)]
    return node("Slice", [source, *(f"{name}_{each}" for each in ("first", "last", "axis"))], name), ends


def _with(operator: str, inputs: list[str], output: str, **attributes: int | tuple[int, ...]) -> bytes:
    """A node with attributes that are one number or several."""
    told = [
        message((1, name), (3, value), (20, 2))
        if isinstance(value, int)
        else message((1, name), *((8, each) for each in value), (20, 7))
        for name, value in attributes.items()
    ]
    return message(*((1, name) for name in inputs), (2, output), (4, operator), *((5, each) for each in told))


BLUR: dict[str, int | tuple[int, ...]] = {
    "kernel_shape": (3, 3),
    "pads": (1, 1, 1, 1),
    "count_include_pad": 1,
}


def autoencoder(path: Path, plane: Plane, *, blurred: bool = False) -> Path:
    """Gives the picture back, the worst that one can do; or the mean of each bin and its neighbours."""
    shape = ("batch", 1, *plane)
    nodes = [node("Identity", [PICTURE], RECONSTRUCTION)]
    if blurred:
        nodes = [_with("AveragePool", [PICTURE], RECONSTRUCTION, **BLUR)]
    path.write_bytes(model(nodes, [tensor(PICTURE, shape)], [tensor(RECONSTRUCTION, shape)]))
    return path


def blind_spot(path: Path, plane: Plane, *, over: float = 9.0) -> Path:
    """Expects what the eight cells around have together over a number; all variance is left."""
    inputs, outputs = ("batch", 3, *plane), ("batch", 2, *plane)
    taken, ends = _part("residual", SURROUNDINGS, 0, 1)
    nine, factor = (
        message((1, 1), (2, 1), (8, name), (9, struct.pack("<f", value)))
        for name, value in (("nine", 9.0), ("factor", 9.0 / over))
    )
    nodes = [
        taken,
        _with("AveragePool", ["residual"], "mean", **BLUR),
        node("Div", ["residual", "nine"], "own"),
        node("Sub", ["mean", "own"], "ninth"),
        node("Mul", ["ninth", "factor"], "others"),
        node("Sub", ["residual", "residual"], "nothing"),
        _with("Concat", ["others", "nothing"], PREDICTION, axis=1),
    ]
    content = model(
        nodes, [tensor(SURROUNDINGS, inputs)], [tensor(PREDICTION, outputs)], [*ends, nine, factor]
    )
    path.write_bytes(content)
    return path


def unet(path: Path, plane: Plane) -> Path:
    """Odds of too few are minus the residual of the newest lumisection, of too many the residual."""
    inputs, outputs = ("batch", 4, *plane), ("batch", 2, *plane)
    taken, ends = _part("newest", RESIDUALS, 0, 1)
    nodes = [taken, node("Neg", ["newest"], "low"), _with("Concat", ["low", "newest"], LOGITS, axis=1)]
    path.write_bytes(model(nodes, [tensor(RESIDUALS, inputs)], [tensor(LOGITS, outputs)], ends))
    return path


def cnn(path: Path, plane: Plane) -> Path:
    """Of each map: the mean square over cells of the residuals below and above; 0 for a good one."""
    inputs, outputs = ("batch", 2, *plane), ("batch", 3)
    taken, ends = _part("residual", RESIDUALS, 0, 1)
    nodes = [
        taken,
        node("Neg", ["residual"], "turned"),
        node("Relu", ["residual"], "above"),
        node("Relu", ["turned"], "below"),
        node("Sub", ["residual", "residual"], "nothing"),
        _with("Concat", ["nothing", "below", "above"], "three", axis=1),
        node("Mul", ["three", "three"], "squares"),
        _with("ReduceMean", ["squares"], LOGITS, axes=(2, 3), keepdims=0),
    ]
    path.write_bytes(model(nodes, [tensor(RESIDUALS, inputs)], [tensor(LOGITS, outputs)], ends))
    return path
