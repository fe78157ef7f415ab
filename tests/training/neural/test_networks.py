"""Every detector with a network, from lumisections to a bundle that verifies; what is refused beforehand."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from caloscope import bundle, training
from caloscope.calibrate import given_of
from caloscope.detectors.base import Array, Expectation
from caloscope.detectors.network import Autoencoder, BlindSpot
from caloscope.errors import BundleError, UsageError
from caloscope.geometry import view
from caloscope.pipeline.state import Given
from caloscope.records import LumiId
from caloscope.training.neural.autoencoding import basis_of, corrected, correction, expecting
from caloscope.training.neural.blinding import hardware_of
from caloscope.training.observed import Observed

from ...calibrate.making import good, good_runs, seen, spec
from ...detectors import tiny_networks

QUICK = training.Recipe(architecture="dense", channels=(4, 8), latent=4, epochs=2, batch=32)


def train(given: list[Given], folder: Path, detector: str, **changes: Any) -> bundle.Bundle:
    told = {"recipe": QUICK} | changes
    return training.train_network(given, ["a.h5"], spec(), seen(), folder, detector=detector, **told)


@pytest.mark.parametrize("detector", ["autoencoder", "autoencoder-loss", "blind-spot", "unet", "cnn"])
def test_every_network_comes_to_a_bundle(detector: str, tmp_path: Path) -> None:
    given = given_of(good(4, 35), spec())
    read: list[int] = []
    epochs: list[int] = []
    watching = training.Watching(
        reading=lambda at, _: read.append(at), epochs=lambda progress: epochs.append(len(progress.history))
    )
    made = train(given, tmp_path / "x.bundle", detector, watching=watching)
    assert epochs == [1, 2]
    assert read[-1] == 70
    assert bundle.verify(made).worst == pytest.approx(0, abs=1e-3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.bundle", "x.learning.json"]
    told = made.card.training
    assert (told["epochs"], told["runs"], told["seed"], told["finished"]) == (2, 2, 1, "2 epochs")
    assert float(str(told["parity"])) < 1e-4
    assert len(json.loads((tmp_path / "x.learning.json").read_text())["curve"]) == 2
    if isinstance(made.detector, BlindSpot):
        share = made.detector.share[made.detector.alive]
        assert share.min() > 0.3
        assert share.max() < 3.0


def test_a_card_tells_what_was_asked_for_and_what_was_made_of_it(tmp_path: Path) -> None:
    given = given_of(good(4, 35), spec())
    quick = replace(QUICK, channels=(), epochs=7, minutes=1e-6, batch=64)
    told = train(given, tmp_path / "x.bundle", "unet", recipe=quick).card.training
    assert (told["most_epochs"], told["epochs"]) == (7, 1)
    assert told["channels"] == "16, 32"


def test_what_would_be_refused_in_the_end_is_refused_at_once(tmp_path: Path) -> None:
    given = given_of(good_runs(), spec())
    (tmp_path / "taken").mkdir()
    with pytest.raises(BundleError, match="no bundle"):
        train(given, tmp_path / "taken", "autoencoder")
    with pytest.raises(UsageError, match=r"'pca' is no network, expected one of autoencoder, .*"):
        train(given, tmp_path / "x.bundle", "pca")
    with pytest.raises(UsageError, match="above zero"):
        train(given, tmp_path / "x.bundle", "unet", per_day=0.0)
    for few in (given[:100], given[:40], given[:130]):
        with pytest.raises(UsageError, match=r"runs?, expected 3 or more"):
            train(few, tmp_path / "x.bundle", "unet")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def passing(folder: Path) -> tuple[Observed, Autoencoder]:
    """An autoencoder whose network gives its input back, with lumisections that it may be corrected on."""
    from caloscope.detectors.network import pictures
    from caloscope.detectors.network.autoencoder import Network

    given = Observed(given_of(good_runs(), spec()), seen())
    basis = basis_of(given[:200], "overdispersed", 30)
    model = tiny_networks.autoencoder(folder / "model.onnx", (20, 20))
    names = (pictures.PICTURE, pictures.RECONSTRUCTION)
    session = pictures.session_of("x", model, seen().shape, (1, 1), names)
    network = Network(session, pictures.average_of(basis.typical), {})
    return given[200:], expecting(given[200:], basis, network)


def test_cells_are_corrected_where_a_network_is_wrong_and_nowhere_else(tmp_path: Path) -> None:
    held, detector = passing(tmp_path)
    healthy = correction(detector, held)
    alive = detector.alive
    assert abs(healthy[alive] - 1.0).max() < 0.1
    assert (healthy[~alive] == 1.0).all()
    # A network that makes some cells a fifth too dark: what healthy cells show over it is a quarter.
    dark = np.ones(alive.shape)
    cells = tuple(np.argwhere(alive)[::30].T)
    dark[cells] = 0.8
    wrong = replace(detector, correction=dark)
    assert _off(wrong, held)[cells].min() > 0.2
    found = corrected(wrong, held)
    assert np.abs(_off(found, held)[cells]).max() < 0.03
    others = alive.copy()
    others[cells] = False
    assert abs(np.median(found.correction[others]) - 1.0) < 0.03


def test_a_cell_that_failed_in_one_run_is_corrected_by_the_others(tmp_path: Path) -> None:
    held, detector = passing(tmp_path)
    cell = tuple(np.argwhere(detector.alive)[40])
    runs = [
        replace(each, id=LumiId(each.id.run + number % 4, each.id.lumi)) for number, each in enumerate(held)
    ]
    last = max(each.id.run for each in runs)
    failed = np.ones(detector.shape)
    failed[cell] = 0.0
    faulty = [replace(e, counts=np.round(e.counts * failed)) if e.id.run == last else e for e in runs]
    for number in (1, 2):  # too few for a vote
        few = [e for e in faulty if e.id.run > last - number]
        assert correction(detector, few)[cell] == 1.0
    assert correction(detector, faulty)[cell] == pytest.approx(correction(detector, runs)[cell], abs=0.02)


def _off(detector: Autoencoder, held: Observed) -> Array:
    """Relative difference of all counts to what is expected of them."""
    counts, mean = np.zeros(detector.shape), np.zeros(detector.shape)
    for each in held:
        answer, _ = detector.look(each, {})
        assert isinstance(answer, Expectation)
        counts, mean = counts + each.counts, mean + answer.mean
    return np.divide(counts - mean, mean, out=np.zeros_like(mean), where=mean > 0)


@pytest.mark.parametrize(("name", "kind"), [("EB", "supermodule"), ("HCAL", "rm"), ("EE+", "sector")])
def test_hardware_is_the_smallest_region_of_a_cell(name: str, kind: str) -> None:
    on = view(name, "2018")
    found = hardware_of(on, on.exists)
    known = found >= 0
    assert {on.regions[number].kind for number in np.unique(found[known])} >= {kind}
    places = np.argwhere(on.exists)
    for at in range(0, len(places), max(1, len(places) // 50)):
        sizes = [each.members.sum() for each in on.regions if each.members[tuple(places[at])]]
        own = on.regions[found[at]].members
        assert not sizes or own[tuple(places[at])]
