"""The door to onnxruntime: what it runs, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest

from caloscope.detectors.onnx import Session
from caloscope.errors import BundleError

from . import tiny_onnx
from .tiny_onnx import message, model, node, tensor, weight

SHAPE = (1, 1, 4, 5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.onnx"


def two_outputs() -> bytes:
    """Gives `negative` first, `mean` second."""
    nodes = [node("Neg", ["picture"], "negative"), node("AveragePool", ["picture"], "mean", **tiny_onnx.BLUR)]
    return model(nodes, [tensor("picture", SHAPE)], [tensor("negative", SHAPE), tensor("mean", SHAPE)])


def scaled(weights: bytes) -> bytes:
    """picture x factor, with the factor as given."""
    nodes = [node("Mul", ["picture", "factor"], "mean")]
    return model(nodes, [tensor("picture", SHAPE)], [tensor("mean", SHAPE)], [weights])


def test_runs_by_name_and_answers_in_float32(path: Path) -> None:
    path.write_bytes(scaled(weight("factor", 2.5)))
    session = Session(path, input_shape=(1, 1, None, None), input_name="picture", output_name="mean")
    assert session.input_shape == session.output_shape == SHAPE
    picture = np.arange(20, dtype=np.float32).reshape(SHAPE)
    answer = session.run(picture)
    assert answer.dtype == np.float32
    np.testing.assert_array_equal(answer, picture * 2.5)


def test_names_come_from_the_file_where_there_is_one_of_each(path: Path) -> None:
    path.write_bytes(tiny_onnx.autoencoder(SHAPE))
    session = Session(path, input_shape=SHAPE)
    assert (session.input_name, session.output_name) == ("picture", "mean")


def test_an_output_is_found_by_name_wherever_it_stands(path: Path) -> None:
    path.write_bytes(two_outputs())
    picture = np.full(SHAPE, 3, dtype=np.float32)
    negative = Session(path, input_shape=SHAPE, output_name="negative").run(picture)
    mean = Session(path, input_shape=SHAPE, output_name="mean").run(picture)
    assert (negative[0, 0, 1, 1], mean[0, 0, 1, 1]) == (-3, 3)


def test_a_choice_between_outputs_is_not_guessed(path: Path) -> None:
    path.write_bytes(two_outputs())
    with pytest.raises(BundleError, match="found outputs negative, mean, expected exactly one output"):
        Session(path, input_shape=SHAPE)


def test_more_than_one_input_is_refused(path: Path) -> None:
    inputs = [tensor("picture", SHAPE), tensor("other", SHAPE)]
    path.write_bytes(model([node("Add", ["picture", "other"], "sum")], inputs, [tensor("sum", SHAPE)]))
    with pytest.raises(BundleError, match=r"found 2 inputs \(picture, other\), expected one"):
        Session(path, input_shape=SHAPE)


@pytest.mark.parametrize("which", ["input_name", "output_name"])
def test_a_missing_name_is_refused(path: Path, which: str) -> None:
    path.write_bytes(tiny_onnx.autoencoder(SHAPE))
    names = {"input_name": "picture", "output_name": "mean"} | {which: "latent"}
    input_name, output_name = names["input_name"], names["output_name"]
    with pytest.raises(BundleError, match=r"net\.onnx: found .* expected .* latent"):
        Session(path, input_shape=SHAPE, input_name=input_name, output_name=output_name)


def test_a_wrong_input_shape_is_refused(path: Path) -> None:
    path.write_bytes(tiny_onnx.autoencoder(SHAPE))
    with pytest.raises(
        BundleError, match="found input picture of shape 1 x 1 x 4 x 5, expected 1 x 1 x 22 x 22"
    ):
        Session(path, input_shape=(1, 1, 22, 22))
    with pytest.raises(BundleError, match="found input picture of shape 1 x 1 x 4 x 5, expected any x 22"):
        Session(path, input_shape=(None, 22))


def test_a_wrong_output_shape_is_refused(path: Path) -> None:
    sizes = {"kernel_shape": (3, 3)}
    nodes = [node("AveragePool", ["picture"], "mean", **sizes)]
    path.write_bytes(model(nodes, [tensor("picture", SHAPE)], [tensor("mean", (1, 1, 2, 3))]))
    with pytest.raises(BundleError, match="found output mean of shape 1 x 1 x 2 x 3, expected 1 x 1 x 4 x 5"):
        Session(path, input_shape=SHAPE)
    assert Session(path, input_shape=SHAPE, output_shape=(1, 1, 2, 3)).output_shape == (1, 1, 2, 3)


def test_sizes_that_the_file_leaves_open_are_checked_when_it_runs(path: Path) -> None:
    path.write_bytes(tiny_onnx.autoencoder(("n", 1, "y", "x")))
    session = Session(path, input_shape=SHAPE)
    assert session.input_shape == SHAPE
    with pytest.raises(BundleError, match="found input of shape 1 x 1 x 4 x 6, expected 1 x 1 x 4 x 5"):
        session.run(np.zeros((1, 1, 4, 6), dtype=np.float32))
    nodes = [node("AveragePool", ["picture"], "mean", kernel_shape=(3, 3))]
    path.write_bytes(model(nodes, [tensor("picture", (1, 1, "h", "w"))], [tensor("mean", (1, 1, "y", "x"))]))
    with pytest.raises(BundleError, match="found output of shape 1 x 1 x 2 x 3, expected 1 x 1 x 4 x 5"):
        Session(path, input_shape=SHAPE).run(np.zeros(SHAPE, dtype=np.float32))


def test_another_number_type_is_refused(path: Path) -> None:
    nodes = [node("Neg", ["picture"], "mean")]
    path.write_bytes(model(nodes, [tensor("picture", SHAPE, kind=11)], [tensor("mean", SHAPE, kind=11)]))
    with pytest.raises(BundleError, match=r"input picture of tensor\(double\), expected tensor\(float\)"):
        Session(path, input_shape=SHAPE)


def external_weight(named: str) -> bytes:
    return weight("factor", 0.0, (13, message((1, "location"), (2, named))), (14, 1))


def test_external_data_are_refused_though_the_file_is_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    Path("weights.bin").write_bytes(np.float32(2).tobytes())
    path.write_bytes(scaled(external_weight("weights.bin")))
    with pytest.raises(BundleError, match="found weights kept in another file"):
        Session(path, input_shape=SHAPE)


def test_external_data_are_found_wherever_a_tensor_may_hide(path: Path) -> None:
    hidden = external_weight("elsewhere.bin")
    constant = message((1, "value"), (5, hidden), (20, 4))
    inner = message((1, message((2, "factor"), (4, "Constant"), (5, constant))))
    sparse = message((1, hidden), (3, 1))
    plain = scaled(weight("factor", 1.0))
    for extra in (
        (7, message((5, hidden))),
        (7, inner),
        (7, message((15, sparse))),
        (20, message((2, inner))),
    ):
        path.write_bytes(plain + message(extra))
        with pytest.raises(BundleError, match="found weights kept in another file"):
            Session(path, input_shape=SHAPE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a network at all\n",
        np.random.default_rng(1).bytes(300),
        tiny_onnx.autoencoder(SHAPE)[:-30],
        b"\x1c\x00\x00\x00ORTM" + bytes(64),
        message((1, 6), (7, message((2, "no nodes")))),
        model(
            [node("NoSuchOperator", ["picture"], "mean")], [tensor("picture", SHAPE)], [tensor("mean", SHAPE)]
        ),
        bytes([0x80] * 40),
    ],
    ids=["empty", "text", "noise", "cut", "flatbuffer", "no graph", "unknown operator", "endless number"],
)
def test_what_is_no_network_gives_one_line(
    path: Path, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"net\.onnx: found ") as caught:
        Session(path, input_shape=SHAPE)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_missing_file_gives_one_line(path: Path) -> None:
    with pytest.raises(BundleError, match=r"net\.onnx: found no readable file \(No such file"):
        Session(path, input_shape=SHAPE)
