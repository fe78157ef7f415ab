"""The detectors that are compared, each learned, and calibrated on held-out good runs, in the same way."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

import numpy as np

from benchmarks import endcaps
from benchmarks.detection import networks as trained
from benchmarks.detection import regimes
from benchmarks.detection.wrapped import PerCell, WithoutNeighbours
from benchmarks.scoring import bundle_of
from caloscope import calibrate as calibrating
from caloscope import prepare
from caloscope.bundle import Bundle
from caloscope.detectors.base import Detector, Observation
from caloscope.detectors.beta_binomial import BetaBinomial
from caloscope.detectors.blind import Blind
from caloscope.detectors.cmssw_ml import CmsswMl
from caloscope.detectors.nmf import Nmf
from caloscope.detectors.pca import Pca
from caloscope.detectors.pull import Pull
from caloscope.detectors.reference import Reference
from caloscope.pipeline.state import Given
from caloscope.records import MapRecord
from caloscope.simulate import Fill, Healthy, conditions
from caloscope.training.notebook import fit_classifier

CALIBRATED_ON: Final = {"HCAL": 3_700}
CALIBRATED: Final = 7_400
"""Lumisections of good runs behind a threshold."""


def givens(healthy: Healthy, fills: Iterable[Fill]) -> list[Given]:
    """Healthy lumisections as the pipeline gets them."""
    return [
        Given(at.id, MapRecord(healthy.draw(at), at.events, at.measured), "")
        for fill in fills
        for at in conditions(fill)
    ]


def record_of(given: Given) -> MapRecord:
    """The record, which is always there here."""
    assert given.record is not None
    return given.record


@lru_cache(maxsize=1)
def _observations(name: str, regime: str) -> list[Observation]:
    """Good lumisections of all runs that are learned from."""
    on, healthy = regimes.subject(name)
    given = givens(healthy, regimes.learned(regimes.REGIMES[regime], name))
    return [prepare.observe(each.id, record_of(each), on) for each in given]


@lru_cache(maxsize=2)
def _reference(name: str, regime: str) -> Reference:
    on, healthy = regimes.subject(name)
    return Reference.fit(_observations(name, regime), healthy.noise, on)


def _shipped(name: str) -> CmsswMl:
    found = endcaps.endcap(name, regimes.ERA).cmssw
    assert found is not None
    assert isinstance(found.bundle.detector, CmsswMl)
    return found.bundle.detector


def _per_cell(name: str, regime: str) -> PerCell:
    """Learned from the scores of the same runs as the other detectors."""
    return PerCell.fit(_observations(name, regime), _shipped(name))


def _fitted(kind: type[Pull | BetaBinomial | Pca | Nmf | Blind]) -> Callable[[str, str], Detector]:
    def make(name: str, regime: str) -> Detector:
        return kind.fit(_observations(name, regime), regimes.subject(name)[1].noise)

    return make


def _classifier(kind: str, name: str, regime: str) -> Detector:
    """A classifier of the notebooks, learned from the same runs as the other detectors."""
    on, healthy = regimes.subject(name)
    return fit_classifier(kind, _observations(name, regime), healthy.noise, on)


REFERENCE: Final = "reference"
SHIPPED: Final = "cmssw-ml as shipped"
NOTEBOOKS: Final = ("logistic", "mlp")
NETWORKS: Final = (SHIPPED, "cmssw-ml, one threshold", "cmssw-ml, per cell")
_MAKERS: Final[Mapping[str, Callable[[str, str], Detector]]] = {
    REFERENCE: _reference,
    "reference, no neighbours": lambda name, regime: WithoutNeighbours(_reference(name, regime)),
    "pull": _fitted(Pull),
    "beta-binomial": _fitted(BetaBinomial),
    "pca": _fitted(Pca),
    "nmf": _fitted(Nmf),
    SHIPPED: lambda name, _: _shipped(name),
    NETWORKS[1]: lambda name, _: _shipped(name),
    NETWORKS[2]: _per_cell,
    "logistic": lambda name, regime: _classifier("logistic", name, regime),
    "mlp": lambda name, regime: _classifier("mlp", name, regime),
    "blind": _fitted(Blind),
}
TRAINED: Final = (*trained.RECIPES, trained.LOSS_ALONE, trained.LOSS)
CONTENDERS: Final = (*_MAKERS, *TRAINED)


def contenders(name: str) -> tuple[str, ...]:
    """Those that there are for a map: CMSSW's networks only where they are here."""
    networks = name in endcaps.FILES and endcaps.endcap(name, regimes.ERA).cmssw is not None
    left_out = (() if networks else NETWORKS) + (NOTEBOOKS if name in ("HCAL", "HO") else ())
    own = trained.titles_of(name)
    return tuple(
        title for title in CONTENDERS if title not in left_out and (title not in TRAINED or title in own)
    )


@lru_cache(maxsize=24)
def learned(title: str, name: str, regime: str) -> Bundle:
    """A detector as it comes from its training, its thresholds not calibrated; the same in every process."""
    on, _ = regimes.subject(name)
    if title in TRAINED:
        detector, model = trained.learned(title, name, regime)
        return replace(bundle_of(on, detector), model=model)
    bundle = bundle_of(on, _MAKERS[title](name, regime))
    model = endcaps.REAL / f"{endcaps.FILES[name]}_resnet2018.onnx" if title in NETWORKS else None
    return replace(bundle, model=model)


def calibrated(title: str, name: str, regime: str, lumis: int) -> dict[str, float]:
    """Thresholds by class for one false incident in 3,700 lumisections, from as many of good runs."""
    bundle = learned(title, name, regime)
    if title == SHIPPED or isinstance(bundle.detector, Blind):
        return calibrating.thresholds_of(bundle)
    _, healthy = regimes.subject(name)
    good = givens(healthy, regimes.good(regimes.REGIMES[regime], lumis))
    found = calibrating.watch_sound(bundle, good)
    return dict(calibrating.calibrate(bundle, found.watched, 1.0).thresholds)


def ready(title: str, name: str, regime: str, thresholds: Mapping[str, float]) -> Bundle:
    """The detector with its thresholds."""
    bundle = learned(title, name, regime)
    return calibrating.with_thresholds(bundle, thresholds)


def calibration_lumis(name: str, clean: int | None) -> int:
    """How many lumisections to calibrate on; fewer where the whole benchmark is to be quick."""
    usual = CALIBRATED_ON.get(name, CALIBRATED)
    return usual if clean is None else int(np.clip(clean, 400, usual))
