"""The two texts that CMSSW reads beside a network: the table of average occupancy and the constants."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.bundle.card import plain
from caloscope.detectors.cmssw_setup import Parameters

PER_LINE: Final = 6
"""Numbers on a line of CMSSW's tables; a row begins on a line of its own."""

_WIDEST: Final = 400


def table_text(average: NDArray[np.floating]) -> str:
    """A table `(Y, X)` in the layout of CMSSW's: row by row, as few digits as say the same number again."""
    lines = []
    for row in average:
        words = [np.format_float_positional(value, unique=True, trim=".") for value in row]
        width = max(len(word) for word in words)
        parts = (words[first : first + PER_LINE] for first in range(0, len(words), PER_LINE))
        lines += [" " + " ".join(word.ljust(width) for word in part).rstrip() for part in parts]
    return "\n".join(lines) + "\n"


def fragment_text(slug: str, parameters: Parameters, told: Sequence[str]) -> str:
    """Constants under the names of `MLClient_cfi.py`, to the last bit, after `told` as comments."""
    constants = {
        f"{slug}Threshold": parameters.threshold,
        f"{slug}_PUcorr_slope": parameters.slope,
        f"{slug}_PUcorr_intercept": parameters.intercept,
    }
    lines = [comment(line) for line in told]
    lines += ["import FWCore.ParameterSet.Config as cms", ""]
    lines += [f"{name} = {float(value)!r}" for name, value in constants.items()]
    lines += ["", f"{slug}MLParams = cms.untracked.PSet("]
    lines += [f"    {name} = cms.untracked.double({name})," for name in constants]
    return "\n".join([*lines, ")", ""])


def comment(text: str) -> str:
    """One line of comment, whatever the text is: names come from outside, and the file is run."""
    return f"# {plain(text)[:_WIDEST]}".rstrip()


def told_of(
    parameters: Parameters, threshold: str, files: Sequence[tuple[str, str, str]], made: Sequence[str]
) -> list[str]:
    """The comments: what it was `made` from, where each file goes, and what the constants stand for.

    `files` are name, place in a release and SHA-256; `threshold` says what the threshold stands for.
    """
    lines = [*made, ""]
    for name, place, digest in files:
        lines += [f"{name} goes to {place}", f"  SHA-256 {digest}"]
    lines += [
        "",
        "The constants go to DQM/EcalMonitorClient/python/MLClient_cfi.py, where their names stand already.",
        "MLClient_cfi.py does not hold these; they must be what they are here:",
        f"  n_ls = {parameters.n_ls}: lumisections summed into a picture (nLS in MLClient.h)",
        f"  n_loss = {parameters.n_loss}: loss maps multiplied (nLSloss in MLClient.h)",
        f"  {parameters.events_per_image} events: what slope and intercept count digis of (MLClient.cc)",
        f"  {parameters.min_events} events: the fewest in a picture (MLClient.cc)",
        f"Threshold: {threshold}",
        "",
    ]
    return lines
