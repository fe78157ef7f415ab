"""A network of our own as CMSSW's `MLClient` takes one: its padding is cut away in front, and made behind.

The one place of `onnx` beside `training.neural.export`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from caloscope.detectors.base import Array
from caloscope.detectors.cmssw_ml import open_network
from caloscope.detectors.network import pictures
from caloscope.detectors.onnx import Session
from caloscope.errors import BundleError, UsageError

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, TensorProto, ValueInfoProto

OLDEST: Final = 11
"""Operator set of CMSSW's own networks; `Pad` takes its sizes as an input since then."""

SHOWN: Final = 8
"""Pictures that the written network is compared on."""

FLOAT: Final = 1
"""ONNX's number for float32."""

_INNER: Final = "network_"


def write_wrapped(session: Session, average: Array, pads: tuple[int, int], path: Path) -> int:
    """Write a network for pictures that are padded by rows and columns `pads`; answers with its operator set.

    `session` takes and gives `(batch, 1, y, x)`; what is written takes and gives one picture, `(1, 1, Y, X)`:
    the padding is cut away in front, and made behind from the edge. It has the lowest operator set in which
    it gives the same numbers to the last bit on pictures around `average`, `(y, x)`. Raises `UsageError`
    where onnx is not installed, `BundleError` where there is no such operator set.
    """
    why = ""
    for opset in _opsets(session.path):
        try:
            content = _wrapped(session.path, average.shape, pads, opset)
        except Exception as error:  # noqa: BLE001 - onnx's exceptions share no nearer base class
            why = why or " ".join(str(error).split())[:200]
            continue
        path.write_bytes(content)
        if _same(session, average, pads, path):
            return opset
        why = f"other answers in operator set {opset}"
    raise BundleError(f"{session.path}: found no form of it that CMSSW could run ({why})")


def _opsets(path: Path) -> Iterator[int]:
    """Operator sets to try, from the oldest to the network's own."""
    try:
        import onnx
    except ImportError as error:
        raise UsageError(
            f"{error}: networks are exported with onnx: pip install 'caloscope[train]'"
        ) from error
    model = onnx.load(path)
    own = max((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), default=OLDEST)
    yield from range(OLDEST, max(own, OLDEST) + 1)


def _wrapped(network: Path, shape: tuple[int, ...], pads: tuple[int, int], opset: int) -> bytes:
    """The network between a `Slice` and a `Pad`, serialised."""
    from onnx import checker, compose, helper

    ids = [helper.make_opsetid("", opset)]
    oldest = helper.find_min_ir_version_for(ids)
    inner = compose.add_prefix(_converted(network, opset), _INNER)
    inner.ir_version = oldest
    front, back = (
        helper.make_model(graph, opset_imports=ids, ir_version=oldest) for graph in _around(shape, pads)
    )
    model = compose.merge_models(front, inner, [("unpadded", _INNER + pictures.PICTURE)])
    model = compose.merge_models(model, back, [(_INNER + pictures.RECONSTRUCTION, "rebuilt")])
    # Sizes in between were told for a batch of any size.
    del model.graph.value_info[:]
    model.graph.name, model.producer_name = "caloscope", "caloscope"
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _converted(network: Path, opset: int) -> "ModelProto":
    """The network in another operator set."""
    import onnx
    from onnx import version_converter

    model = onnx.load(network)
    if any(each.version != opset for each in model.opset_import):
        model = version_converter.convert_version(model, opset)
    del model.graph.value_info[:]
    _plain_reshapes(model)
    return model


def _plain_reshapes(model: "ModelProto") -> None:
    """Leaves out `allowzero` where no size is zero: onnxruntime 1.10 takes it for a fault beside a -1."""
    from onnx import numpy_helper

    known = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Reshape" and (known.get(node.input[1], np.zeros(1)) != 0).all():
            kept = [each for each in node.attribute if each.name != "allowzero"]
            del node.attribute[:]
            node.attribute.extend(kept)


def _around(shape: tuple[int, ...], pads: tuple[int, int]) -> "tuple[GraphProto, GraphProto]":
    """What cuts the padding away, and what makes it again."""
    from onnx import helper, numpy_helper

    (y, x), (above, left) = shape, pads

    def picture(name: str, above: int = 0, left: int = 0) -> "ValueInfoProto":
        return helper.make_tensor_value_info(name, FLOAT, (1, 1, y + 2 * above, x + 2 * left))

    def numbers(name: str, *values: int) -> "TensorProto":
        return numpy_helper.from_array(np.array(values, np.int64), name)

    front = helper.make_graph(
        [helper.make_node("Slice", [pictures.PICTURE, "first", "end", "axes"], ["unpadded"])],
        "front",
        [picture(pictures.PICTURE, above, left)],
        [picture("unpadded")],
        [numbers("first", above, left), numbers("end", above + y, left + x), numbers("axes", 2, 3)],
    )
    back = helper.make_graph(
        [helper.make_node("Pad", ["rebuilt", "pads"], [pictures.RECONSTRUCTION], mode="edge")],
        "back",
        [picture("rebuilt")],
        [picture(pictures.RECONSTRUCTION, above, left)],
        [numbers("pads", 0, 0, above, left, 0, 0, above, left)],
    )
    return front, back


def _same(session: Session, average: Array, pads: tuple[int, int], path: Path) -> bool:
    """Whether what was written gives the same numbers to the last bit."""
    try:
        written = open_network(path)
    except BundleError:
        return False
    edges = ((0, 0), (0, 0), (pads[0], pads[0]), (pads[1], pads[1]))
    random = np.random.default_rng(1)
    for place in range(SHOWN):
        # The usual picture, then ones that scatter by 5 % to a third, as counts of one to many events do.
        scatter = random.gamma(3.0 * place**2, 1.0 / (3.0 * place**2), average.shape) if place else 1.0
        shown = (average * scatter).astype(np.float32)[np.newaxis, np.newaxis]
        made = np.pad(session.run(shown), edges, mode="edge")
        if not np.array_equal(made, written.run(np.pad(shown, edges, mode="edge"))):
            return False
    return True
