"""What is written for CMSSW is what CMSSW's chain runs: the same numbers to the last bit."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope import training
from caloscope.config.catalogue import load
from caloscope.detectors.base import Observation, Score
from caloscope.detectors.cmssw_ml import Parameters, open_network, read_average
from caloscope.detectors.network import Autoencoder, pictures
from caloscope.geometry import view
from caloscope.records import LumiId
from caloscope.training.to_cmssw import export_cmssw

from ..detectors.endcaps import MINUS, PLUS, Endcaps, Side, fill, scores
from .exporting import (
    DEAD,
    ERA,
    EVENTS,
    THRESHOLD,
    autoencoder,
    cmssw,
    counts_of,
    imported,
    lumisections,
    typical_of,
)


def observation(place: int, counts: NDArray[np.generic], pileup: float | None) -> Observation:
    return Observation(LumiId(1, place + 1), counts.astype(np.float64), EVENTS, pileup)


def real(shared_data: Path, name: str, parameters: Parameters) -> tuple[Side, Path]:
    folder = shared_data / "ecal"
    table = folder / f"{name}_avgocc_Run2022_500ev.dat"
    return Side(folder / f"{name}_resnet2018.onnx", read_average(table, (22, 22)), parameters), table


@pytest.mark.realdata
def test_networks_of_cmssw_go_there_and_back(shared_data: Path, tmp_path: Path) -> None:
    sides = [real(shared_data, *each) for each in (("EEm", MINUS), ("EEp", PLUS))]
    endcaps: Endcaps = (sides[0][0], sides[1][0])
    seen = list(zip(*fill(40, endcaps, seed=4), strict=True))
    for place, (name, (side, table)) in enumerate(zip(("EE-", "EE+"), sides, strict=True)):
        spec, on = load()[f"{name}/digi"], view(name, ERA)
        first = training.import_cmssw(
            tmp_path / f"{name}.bundle", spec, on, onnx=side.model, average=table, parameters=side.parameters
        )
        made = export_cmssw(first, tmp_path / name)
        second = imported(made, first, tmp_path / f"{name}-again.bundle")
        assert made.files[0].read_bytes() == side.model.read_bytes()
        assert made.opset is None
        assert cmssw(second).parameters == side.parameters
        np.testing.assert_array_equal(
            read_average(made.files[1], (22, 22)).astype(np.float32), side.average.astype(np.float32)
        )
        answers = [scores(cmssw(each), list(seen[place]), {})[0] for each in (first, second)]
        values = [[each.value for each in one if isinstance(each, Score)] for one in answers]
        assert len(values[0]) > 20
        np.testing.assert_array_equal(values[0], values[1])
        # The layout is CMSSW's: six numbers on a line, a row on lines of its own.
        shape = [
            [len(line.split()) for line in path.read_text().splitlines()] for path in (made.files[1], table)
        ]
        assert shape[0] == shape[1]
        assert bool(made.warnings) == (name == "EE+")


@pytest.mark.parametrize(("map_name", "padded"), [("EB/digi", (36, 72)), ("EE-/digi", (22, 22))])
def test_an_autoencoder_is_wrapped_and_gives_the_same_bits(
    map_name: str, padded: tuple[int, int], tmp_path: Path
) -> None:
    old = autoencoder(tmp_path, map_name)
    assert isinstance(old.detector, Autoencoder)
    made = export_cmssw(old, tmp_path / "out", threshold=THRESHOLD)
    assert made.opset == 11
    again = imported(made, old, tmp_path / "again.bundle")
    network = open_network(made.files[0])
    assert network.input_shape == network.output_shape == (1, 1, *padded)
    assert (network.input_name, network.output_name) == ("picture", "reconstruction")
    average = read_average(made.files[1], padded)
    inner = average[1:-1, 1:-1] if padded[1] == 22 else average[1:-1]
    np.testing.assert_array_equal(inner, np.where(old.detector.alive, old.detector.network.average, 1.0))
    assert inner[DEAD] == 1.0
    np.testing.assert_array_equal(average[[0, -1]], average[[1, -2]])
    np.testing.assert_array_equal(cmssw(again).alive, old.detector.alive)
    assert again.card.threshold == THRESHOLD


def test_the_chain_is_what_numpy_makes_of_it(tmp_path: Path) -> None:
    old = autoencoder(tmp_path)
    assert isinstance(old.detector, Autoencoder)
    made = export_cmssw(old, tmp_path / "out", threshold=THRESHOLD, n_ls=2, n_loss=3)
    again = cmssw(imported(made, old, tmp_path / "again.bundle", n_ls=2, n_loss=3))
    typical, session = old.detector.known.typical, old.detector.network.session
    seen = [each.maps["EE+/digi"] for each in lumisections(old, 1, 8)]
    observations = [observation(place, each.counts, each.pileup) for place, each in enumerate(seen)]
    answers, _ = scores(again, observations, {})
    average = np.where(typical.alive, old.detector.network.average, 1.0).astype(np.float32)
    parameters, losses = again.parameters, []
    for place in range(1, 8):
        pileup = observations[place].pileup
        assert pileup is not None
        line = np.float32(parameters.slope * pileup + parameters.intercept)
        counts = observations[place - 1].counts.astype(np.float32) + observations[place].counts.astype(
            np.float32
        )
        picture = counts / line * np.float32(20) * np.float32(20) * np.float32(500 / 600)
        shown = picture[np.newaxis, np.newaxis].astype(np.float32)
        rebuilt = session.run(shown)[0, 0]
        losses.append(np.square(rebuilt / average - picture / average))
        # It is the picture that the network was trained on: counts over events x activity, 1 in the mean.
        activity = 1 + typical.slope * (pileup - typical.pileup_mean)
        usual = typical.rate[typical.alive] * 600 * activity
        ratio = counts[typical.alive] / usual
        trained = pictures.picture(old.detector.network.average[typical.alive] * ratio, typical.alive)
        np.testing.assert_allclose(shown, trained, rtol=1e-5, atol=1e-6)
        answer = answers[place]
        if len(losses) < 3:
            assert not isinstance(answer, Score)
            continue
        assert isinstance(answer, Score)
        product = losses[-3] * losses[-2] * losses[-1]
        np.testing.assert_array_equal(answer.value, product.astype(np.float64))
        assert answer.reconstruction is not None
        np.testing.assert_array_equal(answer.reconstruction, rebuilt.astype(np.float64))


@pytest.mark.parametrize(("architecture", "map_name"), [("resnet", "EE+/digi"), ("masked", "EB/digi")])
def test_networks_of_torch_are_wrapped(architecture: str, map_name: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from caloscope.training.neural import export, picture
    from caloscope.training.recipe import Recipe

    on = view(map_name.removesuffix("/digi"), ERA)
    average = pictures.average_of(typical_of(on))
    torch.manual_seed(1)
    recipe = Recipe(architecture=architecture, channels=(4,), latent=4)  # type: ignore[arg-type]  # a literal
    module = picture.autoencoder(recipe, on, average)
    for each in module.parameters():
        torch.nn.init.normal_(each, std=0.2)
    shown = np.repeat(average[np.newaxis, np.newaxis], 2, axis=0).astype(np.float32)
    model = tmp_path / "net.onnx"
    export.export(module, shown, (pictures.PICTURE, pictures.RECONSTRUCTION), model)
    old = autoencoder(tmp_path, map_name, model)
    made = export_cmssw(old, tmp_path / "out", threshold=THRESHOLD)
    # Shape has no way back beyond 15, which onnxruntime 1.10 and all later ones read.
    assert made.opset == 15
    assert isinstance(old.detector, Autoencoder)
    pads = ((0, 0), (0, 0), (1, 1), (0, 0) if on.name == "EB" else (1, 1))
    counts = counts_of(typical_of(on), 45.0, np.random.default_rng(8)) / 100
    network = open_network(made.files[0])
    for scale in (0.0, 1.0, 30.0):
        plain = (scale * counts[np.newaxis, np.newaxis]).astype(np.float32)
        rebuilt = np.pad(old.detector.network.session.run(plain), pads, mode="edge")
        # Whatever CMSSW puts into the padding: EE+ gets columns of EE-.
        padded = np.pad(plain, pads, mode="constant", constant_values=7.0)
        np.testing.assert_array_equal(network.run(padded), rebuilt)
