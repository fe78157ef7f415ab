"""The ECAL endcaps as CMS runs them, where the real networks lie beside the checkout; else simulated ones."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.scoring import scorer_of, spec_of
from caloscope.detectors.cmssw_ml import CmsswMl, Parameters, open_network, read_average
from caloscope.geometry import View, view
from caloscope.pipeline.step import Scorer
from caloscope.simulate import STEADY, Healthy, healthy

REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "ecal"
FILES = {"EE-": "EEm", "EE+": "EEp"}
THRESHOLDS = {"EE-": 0.0004360, "EE+": 0.0003009}
LINES = {"EE-": (2029.6458650640531, 48741.671992196306), "EE+": (2097.2732312108365, 49052.249594965317)}
"""Digis per 500 events against pileup, slope and intercept of CMSSW's MLClient."""
PADDED = (22, 22)


@dataclass(frozen=True)
class Endcap:
    """One endcap: what is healthy, and CMSSW's chain on it where its network is here."""

    view: View
    healthy: Healthy
    cmssw: Scorer | None


def endcap(name: str, era: str) -> Endcap:
    """`EE-` or `EE+`, around the average table of 2022 and CMSSW's pileup line, the same in every run."""
    on = view(name, era)
    spec = spec_of(on)
    model = REAL / f"{FILES[name]}_resnet2018.onnx"
    if not model.is_file():
        return Endcap(on, healthy(spec, on, seed=2022, stability=STEADY), None)
    average = read_average(REAL / f"{FILES[name]}_avgocc_Run2022_500ev.dat", PADDED)
    slope, intercept = LINES[name]
    parameters = Parameters(slope=slope, intercept=intercept, threshold=THRESHOLDS[name])
    detector = CmsswMl(parameters, open_network(model), average, on.exists)
    # A table holds 1 where nothing counted: those supercrystals are dead.
    pattern = np.where(average == 1, 0.0, average)[1:-1, 1:-1] * on.exists
    living = healthy(spec, on, seed=2022, stability=STEADY, pattern=pattern)
    return Endcap(on, living, scorer_of(on, detector, parameters.threshold))
