"""Healthy detectors of all kinds, by the view that they are seen in."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from caloscope.config.catalogue import MapSpec
from caloscope.detectors.base import Array
from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.simulate.ecal import ecal
from caloscope.simulate.generic import generic
from caloscope.simulate.hcal import hcal
from caloscope.simulate.healthy import Healthy
from caloscope.simulate.stability import DEFAULT, Stability


def healthy(
    spec: MapSpec, view: View, seed: int, *, stability: Stability = DEFAULT, pattern: Array | None = None
) -> Healthy:
    """The map of a detector with this seed.

    `pattern` replaces the pattern that the seed would draw: rates per event at pileup 50 in the view's shape,
    zero for a dead cell. For ECAL only the ratios count, the sum is brought to the published line; for HCAL
    they are probabilities. Raises `UsageError` for a pattern that cannot be.
    """
    if pattern is not None:
        _check(pattern, view)
    makers: dict[str, Callable[..., Healthy]] = {
        "EB": ecal,
        "EE-": ecal,
        "EE+": ecal,
        "HCAL": hcal,
        "HO": hcal,
    }
    known = spec.producer in ("Ecal", "Hcal")
    return (makers[view.name] if known else generic)(spec, view, seed, stability, pattern)


def healthy_maps(
    maps: Iterable[tuple[MapSpec, View]],
    seed: int,
    *,
    stability: Stability = DEFAULT,
    patterns: Mapping[str, Array] | None = None,
) -> dict[str, Healthy]:
    """The maps of a detector with this seed, by map name; `patterns` by map name too."""
    found = patterns or {}
    return {
        spec.name: healthy(spec, on, seed, stability=stability, pattern=found.get(spec.name))
        for spec, on in maps
    }


def _check(pattern: Array, view: View) -> None:
    if pattern.shape != view.shape:
        raise UsageError(f"{view.name}: found a pattern of shape {pattern.shape}, expected {view.shape}")
    inside = pattern[view.exists]
    if not np.isfinite(inside).all() or inside.min() < 0.0 or not inside.any():
        raise UsageError(f"{view.name}: found a pattern that is negative, empty or no number, expected rates")
