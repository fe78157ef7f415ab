"""What an ONNX file may not hold: endless work in a few bytes."""

import os
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from caloscope.detectors import onnx_file
from caloscope.detectors.onnx import Session
from caloscope.errors import BundleError

from . import tiny_onnx
from .tiny_onnx import message, model, node, tensor

SHAPE = (1, 1, 4, 5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.onnx"


def integers(name: str, values: Sequence[int], kind: int = 7, shape: Sequence[int] | None = None) -> bytes:
    """TensorProto of int64 (7) or bool (9)."""
    content = b"".join(struct.pack("<q" if kind == 7 else "<?", value) for value in values)
    sizes = (len(values),) if shape is None else shape
    return message(*((1, size) for size in sizes), (2, kind), (8, name), (9, content))


def loop(times: int) -> bytes:
    """A `Loop` that adds the picture to nothing so many times."""
    body = message(
        (1, node("Identity", ["going"], "on")),
        (1, node("Neg", ["state"], "next")),
        (2, "body"),
        (11, tensor("turn", (), kind=7)),
        (11, tensor("going", (), kind=9)),
        (11, tensor("state", SHAPE)),
        (12, tensor("on", (), kind=9)),
        (12, tensor("next", SHAPE)),
    )
    attribute = message((1, "body"), (6, body), (20, 5))
    turning = message((1, "times"), (1, "yes"), (1, "picture"), (2, "mean"), (4, "Loop"), (5, attribute))
    weights = [integers("times", [times], shape=()), integers("yes", [1], kind=9, shape=())]
    return model([turning], [tensor("picture", SHAPE)], [tensor("mean", SHAPE)], weights)


def test_a_loop_is_refused_before_it_turns(path: Path) -> None:
    path.write_bytes(loop(2**40))
    assert path.stat().st_size < 400
    with pytest.raises(
        BundleError, match=r"net\.onnx: found operator Loop, expected none that loops"
    ) as caught:
        Session(path, input_shape=SHAPE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("operator", ["Loop", "Scan", "If", "SequenceMap"])
def test_operators_that_loop_are_found_wherever_they_hide(path: Path, operator: str) -> None:
    hidden = message((1, message((2, "x"), (4, operator))))
    plain = tiny_onnx.autoencoder(SHAPE)
    for extra in (
        (7, hidden),
        (7, message((1, message((4, operator), (4, "Neg"))))),
        (20, message((2, hidden))),
        (25, message((1, "own"), (7, message((4, operator))))),
    ):
        path.write_bytes(plain + message(extra))
        with pytest.raises(BundleError, match=f"found operator {operator}, expected none"):
            Session(path, input_shape=SHAPE)


@pytest.mark.parametrize("field", [6, 11])
def test_any_graph_within_an_operator_is_refused(path: Path, field: int) -> None:
    inner = message((1, node("Neg", ["picture"], "next")))
    odd = message((4, "BeamSearch"), (5, message((1, "decoder"), (field, inner))))
    path.write_bytes(tiny_onnx.autoencoder(SHAPE) + message((7, message((1, odd)))))
    with pytest.raises(BundleError, match="found an operator that runs a graph of its own"):
        Session(path, input_shape=SHAPE)


def test_functions_that_call_one_another_are_refused(path: Path) -> None:
    """Each calls the one before twice: a few kilobytes unfold to 2^40 operators."""
    functions = []
    for number in range(40):
        called = f"f{number - 1}" if number else "Neg"
        domain = ((7, "own"),) if number else ()
        nodes = [message((1, i), (2, o), (4, called), *domain) for i, o in (("a", "b"), ("b", "c"))]
        functions.append(message((1, f"f{number}"), (4, "a"), (5, "c"), *((7, each) for each in nodes)))
    path.write_bytes(tiny_onnx.autoencoder(SHAPE) + message(*((25, each) for each in functions)))
    with pytest.raises(BundleError, match="found functions of its own, expected a model of plain operators"):
        Session(path, input_shape=SHAPE)


@pytest.mark.parametrize("operator", ["ConstantOfShape", "Expand", "Tile"])
@pytest.mark.parametrize("size", [2**28, 2**38])
def test_a_few_bytes_that_stand_for_a_huge_tensor_fail_in_one_line(
    path: Path, operator: str, size: int
) -> None:
    given = ["sizes"] if operator == "ConstantOfShape" else ["picture", "sizes"]
    sizes = [1, 1, size, 1] if operator == "Tile" else [1, 1, size, 4, 5]
    axes = {"axes": (2,) if operator == "Tile" else (0, 1, 2)}
    nodes = [
        node(operator, given, "huge"),
        node("ReduceMax", ["huge"], "most", **axes),
        node("Expand", ["most", "back"], "mean"),
    ]
    weights = [integers("sizes", sizes), integers("back", SHAPE)]
    path.write_bytes(model(nodes, [tensor("picture", SHAPE)], [tensor("mean", SHAPE)], weights))
    with pytest.raises(BundleError, match=r"net\.onnx: ") as caught:
        Session(path, input_shape=SHAPE).run(np.ones(SHAPE, np.float32))
    assert "\n" not in str(caught.value)


def test_a_weight_that_says_to_be_huge_is_refused(path: Path) -> None:
    weight = message((1, 2**20), (1, 2**20), (2, 1), (8, "factor"), (9, b"\0" * 4))
    nodes = [node("Mul", ["picture", "factor"], "mean")]
    path.write_bytes(model(nodes, [tensor("picture", SHAPE)], [tensor("mean", SHAPE)], [weight]))
    with pytest.raises(BundleError, match=r"net\.onnx: found no usable ONNX model"):
        Session(path, input_shape=SHAPE)


def test_only_plain_files_of_moderate_size_are_read(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(BundleError, match="found 1000000000000 bytes, expected at most"):
        Session(path, input_shape=SHAPE)
    for other, make in (("pipe", os.mkfifo), ("folder", os.mkdir), ("link", zeros)):
        make(path.parent / other)
        with pytest.raises(BundleError, match="found a folder, a device or a pipe"):
            Session(path.parent / other, input_shape=SHAPE)


def zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def test_a_link_that_a_person_names_is_followed(path: Path) -> None:
    path.write_bytes(tiny_onnx.autoencoder(SHAPE))
    link = path.parent / "link.onnx"
    link.symlink_to(path)
    assert Session(link, input_shape=SHAPE).output_shape == SHAPE


@pytest.mark.timeout(60)
def test_a_file_of_nothing_but_fields_is_given_up(path: Path) -> None:
    path.write_bytes(message((1, 6)) * (onnx_file.MOST_FIELDS + 1))
    with pytest.raises(BundleError, match="found more than 2000000 fields"):
        Session(path, input_shape=SHAPE)


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["EEm", "EEp"])
def test_the_networks_that_cms_runs_are_let_in(name: str, shared_data: Path) -> None:
    session = Session(shared_data / "ecal" / f"{name}_resnet2018.onnx", input_shape=(1, 1, 22, 22))
    assert session.run(np.ones((1, 1, 22, 22), np.float32)).shape == (1, 1, 22, 22)
