"""The ECAL endcaps as CMS runs them, where the real networks lie beside the checkout; else simulated ones."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.scoring import scorer_of
from caloscope.detectors.cmssw_ml import CmsswMl, Parameters, open_network, read_average
from caloscope.geometry import View, view
from caloscope.pipeline.step import Scorer
from caloscope.simulate import Healthy, healthy
from caloscope.simulate.healthy import FANO, PILEUP_LINES

REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "ecal"
FILES = {"EE-": "EEm", "EE+": "EEp"}
THRESHOLDS = {"EE-": 0.0004360, "EE+": 0.0003009}
PADDED = (22, 22)


@dataclass(frozen=True)
class Endcap:
    """One endcap: what is healthy, and CMSSW's chain on it where its network is here."""

    view: View
    healthy: Healthy
    cmssw: Scorer | None


def endcap(name: str, era: str) -> Endcap:
    """`EE-` or `EE+`, around the average table of 2022 with Fano factor 12 and CMSSW's pileup line."""
    on = view(name, era)
    model = REAL / f"{FILES[name]}_resnet2018.onnx"
    if not model.is_file():
        return Endcap(on, healthy(on, "overdispersed", np.random.default_rng(2022)), None)
    average = read_average(REAL / f"{FILES[name]}_avgocc_Run2022_500ev.dat", PADDED)
    slope, intercept = PILEUP_LINES[name]
    parameters = Parameters(slope=slope, intercept=intercept, threshold=THRESHOLDS[name])
    detector = CmsswMl(parameters, open_network(model), average, on.exists)
    at_50 = slope * 50 + intercept
    # A table holds 1 where nothing counted: those supercrystals are dead.
    shape = np.where(average == 1, 0.0, average)[1:-1, 1:-1] * on.exists
    living = Healthy(on, "overdispersed", shape * at_50 / shape.size / 500, FANO[name], slope / at_50)
    return Endcap(on, living, scorer_of(on, detector, parameters.threshold))
