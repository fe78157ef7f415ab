"""What detectors make of their networks: who takes part, what is summed, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope.detectors import learned
from caloscope.detectors.base import Array, Detector, Expectation, Memory, NotKnown, Observation, Score
from caloscope.detectors.network import Autoencoder, AutoencoderLoss, BlindSpot, Cnn, UNet, pictures, windows
from caloscope.detectors.network.autoencoder import Network
from caloscope.detectors.network.blind_spot import PREDICTION, SURROUNDINGS
from caloscope.detectors.network.cnn import cnn_session
from caloscope.detectors.network.residuals import variance
from caloscope.detectors.network.unet import CHANNELS, LOGITS, RESIDUALS
from caloscope.detectors.notebook import SHIFT
from caloscope.detectors.reference import Reference
from caloscope.errors import BundleError
from caloscope.evidence import EvidenceState, Thresholds, Told, layout_of, weigh
from caloscope.records import LumiId, Reason

from . import tiny_networks
from .plain_view import plain

PLANE = (6, 8)
EVENTS, MEAN = 500, 300.0


def observations(lumis: int = 12, seed: int = 7, run: int = 1) -> list[Observation]:
    """Good lumisections; one cell never counts."""
    rng = np.random.default_rng(seed)
    found = []
    for lumi in range(1, lumis + 1):
        counts = rng.poisson(MEAN, PLANE).astype(np.float64)
        counts[0, 0] = 0.0
        found.append(Observation(LumiId(run, lumi), counts, EVENTS, 50.0))
    return found


def changed(shown: Observation, cell: tuple[int, int], counts: float) -> Observation:
    found = shown.counts.copy()
    found[cell] = counts
    return replace(shown, counts=found)


def basis(folder: Path, *, blurred: bool = False) -> tuple[learned.Typical, Network]:
    typical = learned.learn(learned.usable(observations(60, 1), 30), "overdispersed", 30)
    model = tiny_networks.autoencoder(folder / "model.onnx", PLANE, blurred=blurred)
    session = pictures.session_of("x", model, PLANE, (1, 1), (pictures.PICTURE, pictures.RECONSTRUCTION))
    return typical, Network(session, pictures.average_of(typical), {"architecture": "cae", "latent": 4})


def autoencoder(folder: Path, correction: Array | None = None) -> Autoencoder:
    typical, network = basis(folder)
    known = learned.Known(typical, np.full(PLANE, 1.1), 0.01)
    return Autoencoder(known, network, np.ones(PLANE) if correction is None else correction)


def reference() -> Reference:
    return Reference.fit(observations(60, 1), "overdispersed", plain(PLANE))


def blind_spot(folder: Path, over: float = 9.0) -> BlindSpot:
    found = reference()
    model = tiny_networks.blind_spot(folder / "model.onnx", PLANE, over=over)
    session = pictures.session_of("x", model, PLANE, (3, 2), (SURROUNDINGS, PREDICTION))
    return BlindSpot(found, session, np.ones(PLANE), np.zeros(int(found.alive.sum()), np.int64))


def unet(folder: Path) -> UNet:
    model = tiny_networks.unet(folder / "model.onnx", PLANE)
    session = pictures.session_of("x", model, PLANE, (CHANNELS, 2), (RESIDUALS, LOGITS))
    return UNet(reference(), session, 35.0)


def cnn(folder: Path) -> Cnn:
    model = tiny_networks.cnn(folder / "model.onnx", PLANE)
    return Cnn(reference(), cnn_session(model, PLANE), 35.0, 33.0, 4.0)


def expected(detector: Autoencoder, shown: Observation) -> Expectation:
    answer, _ = detector.look(shown, {})
    assert isinstance(answer, Expectation)
    return answer


@pytest.mark.parametrize("counts", [0.0, 30.0, 3_000.0])
def test_an_autoencoder_that_passes_everything_does_not_follow_one_cell(
    counts: float, tmp_path: Path
) -> None:
    detector, shown = autoencoder(tmp_path), observations()[0]
    usual, now = (expected(detector, each).mean for each in (shown, changed(shown, (3, 4), counts)))
    assert now[3, 4] == pytest.approx(MEAN, rel=0.05)
    others = np.arange(PLANE[0] * PLANE[1]).reshape(PLANE) != 3 * PLANE[1] + 4
    np.testing.assert_allclose(now[others], usual[others], rtol=0.01)
    assert expected(detector, shown).testable[0, 0] == np.False_
    assert usual[0, 0] == 0


def test_what_a_network_rebuilds_wrongly_is_corrected(tmp_path: Path) -> None:
    correction = np.ones(PLANE)
    correction[2, 2] = 1.1
    shown = changed(observations()[0], (2, 2), 0.0)
    plain_mean, corrected = (expected(autoencoder(tmp_path, each), shown).mean for each in (None, correction))
    assert corrected[2, 2] / plain_mean[2, 2] == pytest.approx(1.1, rel=0.01)


def test_a_cell_that_is_not_asked_says_nothing_of_others(tmp_path: Path) -> None:
    detector = blind_spot(tmp_path)
    residual = np.random.default_rng(1).normal(size=PLANE)
    asked = detector.alive.copy()
    asked[3, 4] = False
    found, left = detector.given(residual, asked)
    for other in (-12.0, 0.0, 300.0):
        residual[3, 4] = other
        again, _ = detector.given(residual, asked)
        np.testing.assert_array_equal(again, found)
    assert (left[detector.alive] > 0).all()
    assert (left[~detector.alive] == 1.0).all()
    assert not found[~detector.alive].any()


def test_no_cell_has_a_say_in_its_own_expectation_and_its_neighbours_have(tmp_path: Path) -> None:
    detector = blind_spot(tmp_path)
    residual = np.zeros(PLANE)
    residual[2:5, 3:6] = 2.0
    for own in (-5.0, 0.0, 5.0):
        residual[3, 4] = own
        expected_, _ = detector.given(residual, detector.alive)
        assert expected_[3, 4] == pytest.approx(8 * 2.0 / 9.0)
        assert expected_[3, 5] == pytest.approx((own + 4 * 2.0) / 9.0)


@pytest.mark.parametrize("over", [9.0, 2.0, 1.3])
def test_a_faulty_cell_is_flagged_and_its_neighbours_are_not(over: float, tmp_path: Path) -> None:
    # With 1.3 all eight neighbours of a dead cell would be far from what they are expected to count.
    detector, shown, on = blind_spot(tmp_path, over), observations()[0], plain(PLANE)
    quiet = np.where(detector.alive, MEAN, 0.0)
    cell = np.zeros(PLANE, np.bool_)
    cell[3, 4] = True
    for factor in (0.0, 0.5, 2.0, 10.0):
        state = EvidenceState.empty(on)
        memory: Memory = {}
        for lumi in range(1, 9):
            counts = np.where(cell, factor * MEAN, quiet)
            answer, memory = detector.look(replace(shown, id=LumiId(1, lumi), counts=counts), memory)
            assert isinstance(answer, Expectation)
            assert answer.covariance is not None
            told = Told(LumiId(1, lumi), counts, answer, np.zeros(PLANE, np.bool_))
            evidence, state = weigh(state, told, layout_of(on), Thresholds.of(14.0, {}))
        np.testing.assert_array_equal(evidence.flagged, cell)


def test_windows_are_sums_by_hand() -> None:
    rng = np.random.default_rng(3)
    off = rng.normal(size=(12, 5)).astype(np.float32)
    spread = rng.uniform(1.0, 4.0, (12, 5)).astype(np.float32)
    found = windows.windows(off, spread)
    for row, size in zip(found, (1, 3, 10), strict=True):
        for cell in range(5):
            by_hand = sum(off[-size:, cell]) / np.sqrt(sum(spread[-size:, cell]))
            assert row[cell] == pytest.approx(by_hand, rel=1e-5)
    young = windows.windows(off[:2], spread[:2])
    np.testing.assert_array_equal(young[1], young[2])
    assert np.abs(windows.windows(off * 1e6, spread)).max() == windows.CLIPPED
    answer = variance(np.array([2.0]), np.array([0.1]), 10.0)
    assert answer[0] == pytest.approx(2.0 * 0.8 * 1.9)
    assert variance(np.array([2.0]), np.array([3.0]), 0.0)[0] == 6.0


def test_a_new_run_begins_with_empty_windows(tmp_path: Path) -> None:
    detector = unet(tmp_path)
    memory: Memory = {}
    for shown in observations():
        _, memory = detector.look(shown, memory)
    assert memory[windows.OFF].shape == (10, int(detector.alive.sum()))
    _, after = detector.look(observations(1, run=2)[0], memory)
    assert after[windows.OFF].shape == after[windows.VARIANCE].shape == (1, int(detector.alive.sum()))
    unknown, kept = detector.look(replace(observations(1, run=2)[0], events=3), after)
    assert isinstance(unknown, NotKnown)
    np.testing.assert_array_equal(kept[windows.OFF], after[windows.OFF])
    with pytest.raises(BundleError, match="saved state"):
        detector.look(observations(1, run=2)[0], {**after, windows.OFF: np.zeros((1, 3), np.float32)})


@pytest.mark.parametrize(("counts", "side"), [(0.0, -1), (900.0, 1)])
def test_the_u_net_scores_the_worse_direction(counts: float, side: int, tmp_path: Path) -> None:
    detector = unet(tmp_path)
    answer, _ = detector.look(changed(observations()[0], (3, 4), counts), {})
    assert isinstance(answer, Score)
    assert answer.direction is not None
    assert answer.direction[3, 4] == side
    assert answer.value[3, 4] > SHIFT + 10
    assert answer.value[0, 0] == 0
    assert answer.direction[0, 0] == 0
    whole, _ = cnn(tmp_path).look(changed(observations()[0], (3, 4), counts), {})
    assert isinstance(whole, Score)
    assert whole.direction is not None
    assert whole.direction[5, 5] == side
    assert len(np.unique(whole.value[detector.alive])) == 1


def test_losses_are_multiplied_as_prior_work_does(tmp_path: Path) -> None:
    typical, network = basis(tmp_path, blurred=True)
    shown = [changed(each, (3, 4), 0.0) for each in observations(4)]
    alive = typical.alive
    for spatial in (True, False):
        detector = AutoencoderLoss(typical, network, 0.1, spatial, n_ls=2, n_loss=2)
        memory: Memory = {}
        answers = []
        for each in shown:
            answer, memory = detector.look(each, memory)
            answers.append(answer)
        assert [isinstance(each, NotKnown) for each in answers] == [True, True, False, False]
        product = np.ones(int(alive.sum()))
        for newest in (2, 3):
            pair = shown[newest - 1 : newest + 1]
            found = [typical.expected(each, follow=False) for each in pair]
            means = np.sum([each.mean[alive] for each in found if not isinstance(each, NotKnown)], axis=0)
            ratio = np.sum([each.counts[alive] for each in pair], axis=0) / means
            unit = 1.0 if spatial else network.average[alive]
            product *= ((network.rebuilt(ratio, alive) - ratio) * unit) ** 2
        last = answers[-1]
        assert isinstance(last, Score)
        np.testing.assert_allclose(last.value[alive], product, rtol=1e-5)
        assert last.image_events == 2 * EVENTS
        assert last.direction is not None
        assert last.direction[3, 4] == -1
        answer, fresh = detector.look(observations(1, run=2)[0], memory)
        assert isinstance(answer, NotKnown)
        assert answer.reason is Reason.WARM_UP
        assert len(fresh["counts"]) == 1


def test_where_channels_saturate_a_network_sees_activities_and_counts_are_compared(tmp_path: Path) -> None:
    # All channels are a tenth more active: counts of quiet ones rise by that, those of busy ones hardly.
    hazard, every = np.where(np.indices(PLANE).sum(axis=0) % 2, 0.05, 3.0), np.ones(PLANE, np.bool_)
    rate = -np.expm1(-hazard)
    typical = learned.Typical("binomial", rate, 0.0 * rate, every, 0.0, True, 40.0, 30.0, 50.0, 30)
    network = replace(basis(tmp_path, blurred=True)[1], average=np.ones(PLANE))
    detector = AutoencoderLoss(typical, network, 0.1, n_loss=1)
    shown = Observation(LumiId(1, 1), 1e6 * -np.expm1(-1.1 * hazard), 1_000_000, 40.0)
    answer, _ = detector.look(shown, {})
    assert isinstance(answer, Score)
    inside = (slice(1, -1), slice(1, -1))
    assert answer.value[inside].max() < 1e-4
    assert answer.reconstruction is not None
    np.testing.assert_allclose(answer.reconstruction[inside], shown.counts[inside], rtol=0.01)


def loss_scored(folder: Path) -> AutoencoderLoss:
    return AutoencoderLoss(*basis(folder), 0.1)


MAKERS: dict[str, Callable[[Path], Detector]] = {
    "autoencoder": autoencoder,
    "autoencoder-loss": loss_scored,
    "blind-spot": blind_spot,
    "unet": unet,
    "cnn": cnn,
}


@pytest.mark.parametrize("name", MAKERS)
def test_what_does_not_fit_is_refused(name: str, tmp_path: Path) -> None:
    detector = MAKERS[name](tmp_path)
    restore, model = type(detector).restore, tmp_path / "model.onnx"
    settings, arrays = detector.settings(), detector.arrays()
    again = restore(settings, arrays, model)
    assert again.settings() == settings
    for missing in arrays:
        with pytest.raises(BundleError):
            restore(settings, {key: array for key, array in arrays.items() if key != missing}, model)
    for key, array in arrays.items():
        if array.ndim and array.shape == PLANE:
            with pytest.raises(BundleError):
                restore(settings, arrays | {key: array[:-1]}, model)
    with pytest.raises(BundleError, match="found no network"):
        restore(settings, arrays, None)
    other = tmp_path / "other.onnx"
    for wrong in (
        tiny_networks.autoencoder(other, (PLANE[0], PLANE[1] + 1)),
        tiny_networks.cnn(other, PLANE) if name != "cnn" else tiny_networks.unet(other, PLANE),
    ):
        with pytest.raises(BundleError):
            restore(settings, arrays, wrong)
    if "threshold" in settings:
        with pytest.raises(BundleError, match="threshold"):
            restore({**settings, "threshold": 0.0}, arrays, model)


def test_arrays_with_values_that_cannot_be_are_refused(tmp_path: Path) -> None:
    detector = autoencoder(tmp_path)
    arrays = detector.arrays()
    arrays["average"], model = np.zeros(PLANE), tmp_path / "model.onnx"
    with pytest.raises(BundleError, match="average of zero"):
        Autoencoder.restore(detector.settings(), arrays, model)
    blind = blind_spot(tmp_path)
    for wrong in (-2.0, 1e6, 0.5):
        hardware = np.full(blind.hardware.shape, wrong)
        with pytest.raises(BundleError, match="hardware"):
            BlindSpot.restore(blind.settings(), blind.arrays() | {"hardware": hardware}, blind.session.path)
    loss = AutoencoderLoss(*basis(tmp_path), 0.1)
    for numbers in (0, 61):
        with pytest.raises(BundleError, match="n_ls"):
            AutoencoderLoss.restore({**loss.settings(), "n_ls": numbers}, loss.arrays(), model)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("architecture", "unet"),
        ("input", 3),
        ("loss", "XX"),
        ("latent", 0),
        ("latent", "many"),
        ("latent", True),
    ],
)
def test_a_network_that_no_recipe_makes_is_refused(tmp_path: Path, key: str, value: str | int) -> None:
    detector = autoencoder(tmp_path)
    with pytest.raises(BundleError, match=f"autoencoder: found {key} = {value!r}, expected"):
        Autoencoder.restore({**detector.settings(), key: value}, detector.arrays(), tmp_path / "model.onnx")
