"""A small calorimeter with one map of each noise, and conditions to look at it in."""

from typing import Any

from caloscope.config.catalogue import MapSpec, load
from caloscope.geometry import View, view
from caloscope.simulate.conditions import Conditions
from caloscope.simulate.generic import GenericMap, generic
from caloscope.simulate.stability import STEADY, Stability

TEXT = """
name = "SMALL"

[views.PLATE]
depths = [1, 2]
absent = [{ iy = "1..2", ix = 1 }]
[views.PLATE.y]
name = "iy"
low = 0.5
high = 12.5
bins = 12
[views.PLATE.x]
name = "ix"
low = 0.5
high = 16.5
bins = 16
[[views.PLATE.regions]]
name = "PLATE card"
kind = "card"
boxes = [{ iy = "5..8", ix = "5..8", depth = 1 }]

[views.RING]
[views.RING.y]
name = "layer"
low = 0
high = 1
bins = 1
[views.RING.x]
name = "iphi"
low = 0
high = 360
bins = 64
circular = true

[producers.Small]
folders = ["Small"]
events = ["Small/RunInfo/NumberOfEvents"]
pileup = ["Small/RunInfo/Pileup"]

[maps."PLATE/hits"]
producer = "Small"
noise = "binomial"
scope = "per_lumi"
histograms = ["Small/Hits/depth{depth}"]

[maps."RING/hits"]
producer = "Small"
noise = "overdispersed"
scope = "per_lumi"
histograms = ["Small/Ring/hits"]
"""


def small(name: str) -> tuple[MapSpec, View]:
    """A map of the small calorimeter."""
    spec = load(TEXT)[name]
    return spec, view(spec.view, "any", TEXT)


def detector(name: str, seed: int = 3, stability: Stability = STEADY) -> GenericMap:
    return generic(*small(name), seed, stability, None)


def at(lumi: int = 1, **changes: Any) -> Conditions:
    usual: dict[str, Any] = {"run": 320_001, "events": 500, "pileup": 50.0, "measured": 50.0, "seed": 9}
    return Conditions(lumi=lumi, **usual | changes)
