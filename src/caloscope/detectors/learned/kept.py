"""Values that a bundle kept, checked before they are used."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array, Noise, Settings
from caloscope.errors import BundleError


def number_of(detector: str, settings: Settings, name: str) -> float:
    """A finite number of the settings. Raises `BundleError`."""
    found = settings.get(name)
    if not isinstance(found, (int, float)) or not np.isfinite(found):
        raise BundleError(f"{detector}: found {name} = {found!r}, expected a number")
    return float(found)


def positive_of(detector: str, settings: Settings, name: str) -> float:
    """A finite number of the settings above zero. Raises `BundleError`."""
    found = number_of(detector, settings, name)
    if found <= 0:
        raise BundleError(f"{detector}: found {name} = {found}, expected a number above zero")
    return found


def count_of(detector: str, settings: Settings, name: str) -> int:
    """A whole number of the settings that is not below zero. Raises `BundleError`."""
    found = number_of(detector, settings, name)
    if found < 0 or found % 1 != 0:
        raise BundleError(f"{detector}: found {name} = {found:g}, expected a whole number, 0 or more")
    return int(found)


def noise_of(detector: str, settings: Settings) -> Noise:
    """The family of the noise. Raises `BundleError`."""
    found = settings.get("noise")
    if found == "binomial":
        return "binomial"
    if found == "overdispersed":
        return "overdispersed"
    raise BundleError(f"{detector}: found noise = {found!r}, expected 'binomial' or 'overdispersed'")


def array_of(
    detector: str,
    arrays: Mapping[str, NDArray[np.generic]],
    name: str,
    shape: tuple[int, ...] | None = None,
    *,
    negative: bool = False,
) -> Array:
    """A finite array as float64, of this shape where one is given. Raises `BundleError`."""
    if name not in arrays:
        raise BundleError(f"{detector}: found no array {name}, expected one")
    kept = arrays[name]
    if kept.dtype.kind not in "biuf":
        raise BundleError(f"{detector}: found {name} of type {kept.dtype}, expected numbers")
    found = kept.astype(np.float64)
    if shape is not None and found.shape != shape:
        raise BundleError(f"{detector}: found {name} of shape {found.shape}, expected {shape}")
    if not np.isfinite(found).all() or (not negative and (found < 0).any()):
        expected = "numbers" if negative else "numbers that are not negative"
        raise BundleError(f"{detector}: found {name} with values that cannot be, expected {expected}")
    return found
