"""From torch to a file and back: the same answers, batches of any size, and nothing of the machine in it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

pytest.importorskip("torch")

import torch

from caloscope.detectors.network.blind_spot import PREDICTION, SURROUNDINGS
from caloscope.detectors.network.cnn import cnn_session
from caloscope.detectors.network.pictures import PICTURE, RECONSTRUCTION, session_of
from caloscope.detectors.network.unet import CHANNELS, LOGITS, RESIDUALS
from caloscope.errors import BundleError
from caloscope.training.neural.autoencoders import Convolutional, Dense, Masked, ResNet
from caloscope.training.neural.blind import Surroundings
from caloscope.training.neural.export import export, parity
from caloscope.training.neural.making import make, shown
from caloscope.training.neural.picture import Pictured
from caloscope.training.neural.supervised import Classifier, UNetwork
from caloscope.training.recipe import Recipe

from .making import Smooth
from .test_layers import random_weights

SHAPE = (2, 7, 9)
D, P, C = SHAPE[0], (7, 9), (True, False)
PICTURES, BLIND, UNET = (PICTURE, RECONSTRUCTION), (SURROUNDINGS, PREDICTION), (RESIDUALS, LOGITS)


def pictured(inner: torch.nn.Module) -> torch.nn.Module:
    average = np.random.default_rng(1).uniform(0.5, 2.0, SHAPE)
    average[0, 2, 3] = 0.0
    return Pictured(inner, average, relative=True)


MAKERS: dict[str, tuple[Callable[[], torch.nn.Module], tuple[int, int], tuple[str, str]]] = {
    "resnet": (lambda: pictured(ResNet(D, P, C, (4, 8), 5)), (1, 1), PICTURES),
    "cae": (lambda: pictured(Convolutional(D, P, C, (4, 8), 9)), (1, 1), PICTURES),
    "dense": (lambda: pictured(Dense(np.ones(SHAPE, np.bool_), 5)), (1, 1), PICTURES),
    "masked": (lambda: pictured(Masked(P, D, C, (4,))), (1, 1), PICTURES),
    "blind-spot": (lambda: Surroundings(D, C), (3, 2), BLIND),
    "unet": (lambda: UNetwork(CHANNELS * D, 2 * D, P, C, (4, 8)), (CHANNELS, 2), UNET),
    "cnn": (lambda: Classifier(2 * D, C, (4, 8)), (2, 0), UNET),
}


def picture(batch: int, channels: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(batch).normal(size=(batch, channels * D, *P)).astype(np.float32)


@pytest.mark.parametrize("name", MAKERS)
def test_the_file_answers_as_torch_does(name: str, tmp_path: Path) -> None:
    maker, channels, names = MAKERS[name]
    module = random_weights(maker())
    path = tmp_path / "model.onnx"
    assert export(module, picture(4, channels[0]), names, path) < 1e-5
    whole = name == "cnn"
    session = cnn_session(path, SHAPE) if whole else session_of(name, path, SHAPE, channels, names)
    for batch in (1, 3, 17):
        with torch.no_grad():
            expected = module(torch.from_numpy(picture(batch, channels[0]))).numpy()
        found = session.run(picture(batch, channels[0]))
        np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    _says_nothing_of_the_machine(path)


def _says_nothing_of_the_machine(path: Path) -> None:
    content = path.read_bytes()
    for word in (b".py", b"/home", b"/root", b"/tmp", b"/work", b"site-packages", b"caloscope", b"Traceback"):
        assert word not in content, word
    model = onnx.load(path, load_external_data=False)
    assert not model.metadata_props
    assert not model.graph.metadata_props
    assert not any(each.external_data or each.data_location for each in model.graph.initializer)
    assert list(path.parent.iterdir()) == [path]
    onnx.checker.check_model(model)


def test_a_file_that_answers_otherwise_is_refused(tmp_path: Path) -> None:
    maker, channels, names = MAKERS["cae"]
    module = random_weights(maker())
    path = tmp_path / "model.onnx"
    export(module, picture(4, 1), names, path)
    with torch.no_grad():
        next(module.parameters()).mul_(1.1)
    with pytest.raises(BundleError, match=r"answers .* from torch's, expected at most 1e-04"):
        parity(module, picture(4, channels[0]), names, path)


def test_one_held_out_row_is_enough_to_export(tmp_path: Path) -> None:
    problem = Smooth(held=np.arange(40, 41))
    assert len(shown(problem)) == 2
    made = make(problem, Recipe(epochs=2), PICTURES, tmp_path)
    session = session_of("x", made.model, (5, 6), (1, 1), PICTURES)
    assert session.run(np.zeros((3, 1, 5, 6), np.float32)).shape == (3, 1, 5, 6)
    told = made.told()
    assert told["epochs"] == 2
    assert told["finished"] == "2 epochs"
    assert told["parameters"] == 10
    assert float(told["seconds_to_best"]) <= float(told["seconds"])
