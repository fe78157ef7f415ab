"""The test kit: what every detector promises, run on every detector that is registered.

A new detector is added to `DETECTORS` and gets a builder here; the promises come for free. The oracle, which
no bundle can keep, makes all promises but those about saving.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from scipy import sparse

from caloscope.detectors import DETECTORS, detector_class, learned
from caloscope.detectors.base import (
    Answer,
    Covariance,
    Detector,
    Expectation,
    Memory,
    NotKnown,
    Observation,
    Score,
)
from caloscope.detectors.beta_binomial import BetaBinomial
from caloscope.detectors.blind import Blind
from caloscope.detectors.cmssw_ml import CmsswMl, Parameters, open_network
from caloscope.detectors.network import Autoencoder, AutoencoderLoss, BlindSpot, Cnn, UNet, pictures
from caloscope.detectors.network.autoencoder import Network
from caloscope.detectors.network.blind_spot import PREDICTION, SURROUNDINGS
from caloscope.detectors.network.cnn import cnn_session
from caloscope.detectors.network.unet import CHANNELS, LOGITS, RESIDUALS
from caloscope.detectors.nmf import Nmf
from caloscope.detectors.notebook import Classifier
from caloscope.detectors.oracle import Oracle
from caloscope.detectors.pca import Pca
from caloscope.detectors.pull import Pull
from caloscope.detectors.reference import Reference
from caloscope.errors import BundleError
from caloscope.records import LumiId

from . import classifying, tiny_networks
from .plain_view import plain
from .tiny_onnx import autoencoder

SHAPE = (4, 4)
LUMIS = 14
Builder: TypeAlias = Callable[[Path], tuple[Detector, Path | None]]


def observations(seed: int = 7) -> list[Observation]:
    """Good lumisections of a small map; one cell is dead."""
    rng = np.random.default_rng(seed)
    found = []
    for lumi in range(1, LUMIS + 1):
        counts = rng.poisson(300.0, SHAPE).astype(np.float64)
        counts[1, 1] = 0.0
        found.append(Observation(LumiId(1, lumi), counts, 500, 50.0 + lumi % 3))
    return found


def reference(folder: Path) -> tuple[Detector, Path | None]:
    return Reference.fit(observations(1), "overdispersed", plain(SHAPE)), None


def fitted(kind: type[Pull | BetaBinomial | Pca | Nmf | Blind]) -> Builder:
    return lambda _: (kind.fit(observations(1), "overdispersed"), None)


def oracle(folder: Path) -> tuple[Detector, Path | None]:
    alive = np.ones(SHAPE, np.bool_)
    alive[1, 1] = False
    mean, exact = np.where(alive, 300.0, 0.0), np.zeros(SHAPE)
    return Oracle(lambda _: Expectation("overdispersed", mean, exact + 1.0, alive, exact), alive), None


def cmssw_ml(folder: Path) -> tuple[Detector, Path | None]:
    model = folder / "model.onnx"
    model.write_bytes(autoencoder((1, 1, 6, 6)))
    parameters = Parameters(slope=20.0, intercept=4000.0, threshold=0.3, n_ls=2, n_loss=3)
    average = np.full((6, 6), 1.2)
    return CmsswMl(parameters, open_network(model), average, np.ones(SHAPE, np.bool_)), model


def basis(folder: Path) -> tuple[learned.Typical, Network]:
    """The typical map, and a network that makes each bin the mean of its neighbourhood."""
    typical = learned.learn(learned.usable(observations(1), 30), "overdispersed", 30)
    model = tiny_networks.autoencoder(folder / "model.onnx", (SHAPE[0], SHAPE[1]), blurred=True)
    session = pictures.session_of("x", model, SHAPE, (1, 1), (pictures.PICTURE, pictures.RECONSTRUCTION))
    return typical, Network(session, pictures.average_of(typical), {"architecture": "cae"})


def network_autoencoder(folder: Path) -> tuple[Detector, Path | None]:
    typical, network = basis(folder)
    known = learned.Known(typical, np.full(SHAPE, 1.2), 0.01)
    return Autoencoder(known, network, np.ones(SHAPE)), network.session.path


def autoencoder_loss(folder: Path) -> tuple[Detector, Path | None]:
    typical, network = basis(folder)
    return AutoencoderLoss(typical, network, 0.1, n_ls=2, n_loss=2), network.session.path


def blind_spot(folder: Path) -> tuple[Detector, Path | None]:
    model = tiny_networks.blind_spot(folder / "model.onnx", (SHAPE[0], SHAPE[1]))
    found = Reference.fit(observations(1), "overdispersed", plain(SHAPE))
    session = pictures.session_of("x", model, SHAPE, (3, 2), (SURROUNDINGS, PREDICTION))
    hardware = np.zeros(int(found.alive.sum()), np.int64)
    return BlindSpot(found, session, np.ones(SHAPE), hardware), model


def unet(folder: Path) -> tuple[Detector, Path | None]:
    model = tiny_networks.unet(folder / "model.onnx", (SHAPE[0], SHAPE[1]))
    found = Reference.fit(observations(1), "overdispersed", plain(SHAPE))
    session = pictures.session_of("x", model, SHAPE, (CHANNELS, 2), (RESIDUALS, LOGITS))
    return UNet(found, session, 35.0), model


def cnn(folder: Path) -> tuple[Detector, Path | None]:
    model = tiny_networks.cnn(folder / "model.onnx", (SHAPE[0], SHAPE[1]))
    found = Reference.fit(observations(1), "overdispersed", plain(SHAPE))
    return Cnn(found, cnn_session(model, SHAPE), 35.0, 33.0, 4.0), model


BUILDERS: dict[str, Builder] = {
    "reference": reference,
    "pull": fitted(Pull),
    "beta-binomial": fitted(BetaBinomial),
    "pca": fitted(Pca),
    "nmf": fitted(Nmf),
    "logistic": lambda _: (classifying.logistic(observations(1)), None),
    "mlp": lambda _: (classifying.mlp(observations(1)), None),
    "cmssw-ml": cmssw_ml,
    "blind": fitted(Blind),
    "autoencoder": network_autoencoder,
    "autoencoder-loss": autoencoder_loss,
    "blind-spot": blind_spot,
    "unet": unet,
    "cnn": cnn,
    "oracle": oracle,
}


@pytest.fixture(params=sorted({*DETECTORS, "oracle"}))
def built(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Detector, Path | None]:
    """Every detector, built small; a registered detector without a builder fails here."""
    return BUILDERS[request.param](tmp_path)


@pytest.fixture(params=sorted(DETECTORS))
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Detector, Path | None]:
    """Every detector that a bundle can keep."""
    return BUILDERS[request.param](tmp_path)


def run(detector: Detector, shown: list[Observation], memory: Memory | None = None) -> list[Answer]:
    answers, memory = [], memory or {}
    for observation in shown:
        answer, memory = detector.look(observation, memory)
        answers.append(answer)
    return answers


def main_array(answer: Answer) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None:
    if isinstance(answer, NotKnown):
        return None
    return answer.mean if isinstance(answer, Expectation) else answer.value


def same(first: list[Answer], second: list[Answer]) -> None:
    for one, other in zip(first, second, strict=True):
        assert type(one) is type(other)
        a, b = main_array(one), main_array(other)
        if a is not None and b is not None:
            np.testing.assert_array_equal(a, b)


def test_it_keeps_the_contract_and_explains_itself(built: tuple[Detector, Path | None]) -> None:
    detector, _ = built
    assert isinstance(detector, Detector)
    assert type(detector).__doc__
    assert detector.shape == SHAPE
    assert detector.alive.shape == SHAPE


def test_answers_have_the_shape_of_the_map_and_are_finite(built: tuple[Detector, Path | None]) -> None:
    known = [answer for answer in run(built[0], observations()) if not isinstance(answer, NotKnown)]
    assert known, "it never came to know anything"
    for answer in known:
        array = main_array(answer)
        assert array is not None
        assert array.shape == answer.testable.shape == SHAPE
        assert np.isfinite(array).all()
        if isinstance(answer, Expectation) and answer.covariance is not None:
            _is_covariance(answer.covariance, SHAPE[0] * SHAPE[1])


def _is_covariance(found: Covariance, cells: int) -> None:
    """Rows of a symmetric, positive definite matrix; groups that have a common mode."""
    matrix = sparse.csr_array((found.data, found.indices, found.indptr), shape=(cells, cells)).toarray()
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-5, atol=1e-6)
    assert np.linalg.eigvalsh(matrix).min() > 0
    assert found.group.shape == (cells,)
    assert found.group.min() >= -1
    assert found.group.max() < len(found.common)
    assert (found.common > 0).all()
    assert min(found.region_change, found.map_change) > 0


def test_the_same_input_gives_the_same_answers(built: tuple[Detector, Path | None]) -> None:
    same(run(built[0], observations()), run(built[0], observations()))


def test_looking_changes_neither_input_nor_memory(built: tuple[Detector, Path | None]) -> None:
    memory: Memory = {}
    for observation in observations():
        counts = observation.counts.copy()
        before = {name: array.copy() for name, array in memory.items()}
        _, new = built[0].look(observation, memory)
        np.testing.assert_array_equal(observation.counts, counts)
        for name, array in before.items():
            np.testing.assert_array_equal(memory[name], array)
        memory = new


def test_it_goes_on_from_a_saved_memory(built: tuple[Detector, Path | None]) -> None:
    shown = observations()
    memory: Memory = {}
    whole = run(built[0], shown)
    for observation in shown[:9]:
        _, memory = built[0].look(observation, memory)
    saved = {name: array.copy() for name, array in memory.items()}
    same(run(built[0], shown[9:], saved), whole[9:])


def test_its_name_stands_for_it(kept: tuple[Detector, Path | None]) -> None:
    assert detector_class(kept[0].name) is type(kept[0])


def test_it_survives_being_saved_and_restored(kept: tuple[Detector, Path | None]) -> None:
    detector, model = kept
    again = type(detector).restore(detector.settings(), detector.arrays(), model)
    same(run(detector, observations()), run(again, observations()))


def test_a_bundle_without_its_arrays_is_refused(kept: tuple[Detector, Path | None]) -> None:
    detector, model = kept
    with pytest.raises(BundleError):
        type(detector).restore(detector.settings(), {}, model)


def test_numbers_of_events_below_zero_are_refused(kept: tuple[Detector, Path | None]) -> None:
    detector, model = kept
    for wrong in (-5, 2.5):
        if "min_events" in detector.settings():
            with pytest.raises(BundleError, match="min_events"):
                type(detector).restore({**detector.settings(), "min_events": wrong}, detector.arrays(), model)


def test_a_dead_cell_looks_worse_than_a_healthy_one(built: tuple[Detector, Path | None]) -> None:
    shown = observations(3)
    for observation in shown:
        observation.counts[2, 2] = 0.0
    last = run(built[0], shown)[-1]
    if isinstance(built[0], Blind):
        assert isinstance(last, Score)
        assert not last.value.any()
    elif isinstance(built[0], Classifier | Cnn):  # it says the same of all cells of a map
        healthy = run(built[0], observations(3))[-1]
        assert isinstance(last, Score)
        assert isinstance(healthy, Score)
        assert last.value[2, 2] > healthy.value[2, 2]
    elif isinstance(last, Score):
        assert last.value[2, 2] > np.median(last.value)
    else:
        assert isinstance(last, Expectation)
        assert last.mean[2, 2] > 100


def test_an_unknown_detector_is_named_with_those_that_exist() -> None:
    with pytest.raises(BundleError, match=r"expected one of .*cmssw-ml.*, reference"):
        detector_class("oracle")


@pytest.mark.parametrize("events", [500, 3, 0, None])
@pytest.mark.parametrize("pileup", [51.0, None])
@pytest.mark.parametrize("level", [1.0, 0.01, 0.0])
def test_odd_lumisections_are_answered_with_numbers_or_not_at_all(
    built: tuple[Detector, Path | None], events: int | None, pileup: float | None, level: float
) -> None:
    odd = [
        replace(shown, counts=np.floor(shown.counts * level), events=events, pileup=pileup)
        for shown in observations(5)
    ]
    for answer in run(built[0], odd):
        array = main_array(answer)
        if isinstance(answer, NotKnown):
            assert answer.reason
            if answer.guess is not None:
                assert answer.guess.shape == SHAPE
                assert np.isfinite(answer.guess).all()
                assert (answer.guess >= 0).all()
        elif array is not None:
            assert np.isfinite(array[answer.testable]).all()


def test_what_was_never_alive_is_not_tested(built: tuple[Detector, Path | None]) -> None:
    if not built[0].alive[1, 1]:
        for answer in run(built[0], observations(5)):
            assert isinstance(answer, NotKnown) or not answer.testable[1, 1]
