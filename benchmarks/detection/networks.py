"""Networks among the contenders: trained once on runs of their own, kept as bundles, and loaded by all.

They get five to ten times as many lumisections as the other detectors, of the same days: networks need them.
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import caloscope
from benchmarks.detection import regimes
from benchmarks.scoring import bundle_of
from caloscope import bundle as bundles
from caloscope import training
from caloscope.detectors.base import Detector
from caloscope.detectors.network import Autoencoder, AutoencoderLoss
from caloscope.pipeline.state import Given
from caloscope.records import MapRecord
from caloscope.simulate import Fill, conditions
from caloscope.training.observed import Observed
from caloscope.training.recipe import Recipe

FIRST_RUN: Final = 140_000
RUNS: Final = {"EE+": 100, "EE-": 100, "HCAL": 20}
USUAL_RUNS: Final = 50
RUN_LUMIS: Final = 200

MINUTES: Final = {
    "resnet": {"EE+": 15.0, "EE-": 8.0, "EB": 15.0, "HCAL": 8.0},
    "blind-spot": {"EE+": 12.0, "EB": 18.0, "EE-": 7.0, "HCAL": 8.0},
    "unet": {"EE+": 15.0, "EB": 20.0, "EE-": 8.0, "HCAL": 8.0},
}
USUAL_MINUTES: Final = 5.0
"""Minutes of training on one core at most, by title and map; less where the held-out loss stops falling."""

MIN_EVENTS: Final = 30
LOSS: Final = "resnet, its loss x 3"
LOSS_ALONE: Final = "resnet, its loss"

RECIPES: Final[Mapping[str, tuple[str, Recipe]]] = {
    "dense": ("autoencoder", Recipe(architecture="dense")),
    "cae": ("autoencoder", Recipe(architecture="cae")),
    "resnet": ("autoencoder", Recipe(architecture="resnet")),
    "masked": ("autoencoder", Recipe(architecture="masked")),
    "blind-spot": ("blind-spot", Recipe()),
    "unet": ("unet", Recipe()),
    "cnn": ("cnn", Recipe()),
}
"""By title: the detector and how it is trained; the loss of the ResNet is that of the same network."""

EVERYWHERE: Final = ("resnet", "blind-spot", "unet")
BY_MAP: Final = {
    "EB": tuple(title for title in RECIPES if title != "masked"),
    "HCAL": EVERYWHERE,
    "EE-": EVERYWHERE,
    "HO": EVERYWHERE,
}


def titles_of(name: str) -> tuple[str, ...]:
    """The networks of a map: all where training is quick, else those that are candidates for production."""
    trained = BY_MAP.get(name, tuple(RECIPES))
    return (*trained, LOSS_ALONE, LOSS)


def trained_for(title: str) -> str:
    """The title of the network behind a contender."""
    return "resnet" if title in (LOSS, LOSS_ALONE) else title


def fills(name: str, regime: regimes.Regime) -> list[Fill]:
    """The runs that networks learn from, on the same days as those of the other detectors."""
    runs = RUNS.get(name, USUAL_RUNS)
    days = float(regimes.LEARNED_RUNS)
    return [regime.fill(FIRST_RUN + run, RUN_LUMIS, days * run / runs) for run in range(runs)]


def minutes_of(title: str, name: str) -> float:
    """Minutes of training at most."""
    return MINUTES.get(title, {}).get(name, USUAL_MINUTES)


def folder_of(title: str, name: str, regime: str) -> Path:
    """Where the bundle of a network is kept: another place for other code, or another recipe."""
    digest = hashlib.sha256(
        repr((RECIPES[title], minutes_of(title, name), fills(name, regimes.REGIMES[regime]))).encode()
    )
    package = Path(caloscope.__file__).parent
    for folder in ("training", "detectors", "simulate"):
        for path in sorted((package / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    root = Path(tempfile.gettempdir()) / f"caloscope-networks-{os.getuid()}" / digest.hexdigest()[:12]
    return root / f"{name}-{regime}-{title}.bundle".replace("+", "p")


def train(title: str, name: str, regime: str) -> dict[str, object]:
    """Train a network and keep its bundle; what its card says of the training."""
    from caloscope.training import neural

    folder = folder_of(title, name, regime)
    if folder.is_dir():
        return dict(bundles.load(folder).card.training)
    on, healthy = regimes.subject(name)
    given = [
        Given(at.id, MapRecord(healthy.draw(at), at.events, at.measured), "")
        for fill in fills(name, regimes.REGIMES[regime])
        for at in conditions(fill)
    ]
    kind, recipe = RECIPES[title]
    recipe = replace(recipe, minutes=minutes_of(title, name), batch=32 if name == "HCAL" else 64)
    with tempfile.TemporaryDirectory() as work:
        detector, made = neural.train(
            kind, Observed(given, on), on, healthy.noise, recipe, Path(work), min_events=MIN_EVENTS
        )
        told = {**recipe.told(kind), **made.told(), "lumisections": len(given)}
        card = bundle_of(on, detector).card.model_copy(update={"training": told})
        bundles.save(folder, card, detector, model=made.model)
        training.write_curve(folder, made)
    return dict(told)


def learned(title: str, name: str, regime: str) -> tuple[Detector, Path | None]:
    """A contender with its network. Raises `BundleError` where that was not trained."""
    found = bundles.load(folder_of(trained_for(title), name, regime))
    detector = found.detector
    if title in (LOSS, LOSS_ALONE):
        assert isinstance(detector, Autoencoder)
        lumis = 3 if title == LOSS else 1
        detector = AutoencoderLoss(detector.known.typical, detector.network, 10.0**-lumis, n_loss=lumis)
    return detector, found.model
