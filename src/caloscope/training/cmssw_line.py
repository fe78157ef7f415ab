"""What CMSSW's chain knows of a map, derived again from good lumisections: pileup line, average, events.

The chain expects `slope` x pileup + `intercept` digis over the map in a picture of 500 events, and divides by
the average map; both were made once, from the data of one year.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope import prepare
from caloscope.detectors.base import Array, Settings
from caloscope.detectors.cmssw_ml import CmsswMl
from caloscope.errors import UsageError
from caloscope.pipeline.state import Given
from caloscope.records import MapRecord, Mask
from caloscope.training.events import minimum_events

LEAST_SPREAD: Final = 0.09
"""Relative standard deviation of pileup below which the old line is only scaled: three times the 3 % to which
pileup is measured."""

EVENTS_SHARE: Final = 0.5
"""Share of the usual number of events that a picture must hold: losses grow as one over the events, and
several of them are multiplied."""


@dataclass(frozen=True, slots=True)
class Line:
    """Digis over the map in a picture of so many events: `slope` x pileup + `intercept`."""

    slope: float
    intercept: float

    def at(self, pileup: Array) -> Array:
        """Digis at a pileup."""
        return np.asarray(self.slope * pileup + self.intercept)


@dataclass(frozen=True, slots=True, eq=False)
class Usable:
    """Lumisections with events and pileup, each number `(lumi,)`; `total` are the counts of a map."""

    events: Array
    pileup: Array
    total: Array

    @classmethod
    def of(cls, records: Iterable[MapRecord], exists: Mask) -> "Usable":
        """Those of the records that tell both; cells that do not exist are left out."""
        rows = [
            (float(each.events), pileup, float(each.counts[exists].sum(dtype=np.float64)))
            for each in records
            if each.events and (pileup := prepare.known_pileup(each.pileup)) is not None
        ]
        if not rows:
            raise UsageError(
                "no lumisection with events and pileup, expected some to derive a pileup line from"
            )
        events, pileup, total = np.array(rows).T
        return cls(events, pileup, total)


def fit_line(seen: Usable, old: Line, events_per_image: int) -> Line:
    """The line through digis per picture against pileup, weighted by events.

    Where pileup hardly moved the old line is kept, scaled to what was counted. Raises `UsageError` for a line
    that is not positive where it was learned.
    """
    digis = seen.total * events_per_image / seen.events
    if seen.pileup.std() < LEAST_SPREAD * seen.pileup.mean():
        ratio = float(
            np.average(digis, weights=seen.events) / np.average(old.at(seen.pileup), weights=seen.events)
        )
        line = Line(old.slope * ratio, old.intercept * ratio)
    else:
        middle = np.average(seen.pileup, weights=seen.events)
        weights = np.sqrt(seen.events)
        low, slope = np.polynomial.polynomial.polyfit(seen.pileup - middle, digis, 1, w=weights)
        line = Line(float(slope), float(low - slope * middle))
    if not (line.at(seen.pileup) > 0).all():
        raise UsageError("a pileup line that is not positive, expected good lumisections with counts")
    return line


def average_map(records: Sequence[MapRecord], line: Line, events_per_image: int, exists: Mask) -> Array:
    """The mean picture, `(y, x)`: counts over what the line expects, in units of the mean over all bins.

    1 in bins that never count, as in CMSSW's tables.
    """
    counts, expected = np.zeros(exists.shape), 0.0
    for each in records:
        pileup = prepare.known_pileup(each.pileup)
        if each.events and pileup is not None:
            counts += prepare.apply_geometry(each, exists)
            expected += float(line.at(np.array(pileup))) * each.events / events_per_image
    return np.where(counts > 0, counts * exists.size / expected, 1.0)


def renewed_cmssw(
    detector: CmsswMl, given: Sequence[Given], model_settings: Settings
) -> tuple[dict[str, str | int | float | bool], dict[str, NDArray[np.generic]]]:
    """Settings and arrays of the chain with line, average and minimum events as good lumisections give them.

    Where the padding comes from a companion, its line is derived too if it is among what was given. Raises
    `UsageError` without a lumisection that tells events and pileup.
    """
    wanted, arrays = detector.parameters, detector.arrays()
    exists = arrays["exists"].astype(np.bool_)
    records = [each.record for each in given if each.record is not None]
    seen = Usable.of(records, exists)
    line = fit_line(seen, Line(wanted.slope, wanted.intercept), wanted.events_per_image)
    average = average_map(records, line, wanted.events_per_image, exists)
    pads = [(place - size) // 2 for place, size in zip(arrays["average"].shape, exists.shape, strict=True)]
    arrays["average"] = np.pad(average, [(pad, pad) for pad in pads], mode="edge")
    settings = dict(model_settings)
    settings |= {"slope": line.slope, "intercept": line.intercept}
    settings["min_events"] = minimum_events(seen.events * wanted.n_ls, EVENTS_SHARE)
    beside = [each.companions[wanted.companion] for each in given if wanted.companion in each.companions]
    if wanted.padding_fault and beside:
        other = Line(wanted.companion_slope, wanted.companion_intercept)
        found = fit_line(Usable.of(beside, exists), other, wanted.events_per_image)
        settings |= {"companion_slope": found.slope, "companion_intercept": found.intercept}
    return settings, arrays
