"""A small endcap that simulates itself, and bundles for it."""

from collections.abc import Sequence
from functools import lru_cache

from caloscope.config.catalogue import MapSpec, load
from caloscope.faults import Fault
from caloscope.geometry import View, view
from caloscope.records import Lumisection
from caloscope.simulate import STEADY, Fill, healthy, lumisections

MAP, FIRST_RUN = "EE+/digi", 320_001


def spec() -> MapSpec:
    """The map."""
    return load()[MAP]


def seen() -> View:
    """The map's view."""
    return view("EE+", "2018")


def good(runs: int, lumis: int, faults: Sequence[Fault] = (), first: int = FIRST_RUN) -> list[Lumisection]:
    """Lumisections of some runs, healthy but for the faults that are in all of them."""
    detector = {MAP: healthy(spec(), seen(), seed=1, stability=STEADY)}
    fills = [Fill(run=first + number, lumis=lumis, seed=number) for number in range(runs)]
    return [each for fill in fills for each in lumisections(fill, detector, faults)]


@lru_cache(maxsize=1)
def good_runs() -> list[Lumisection]:
    """Six healthy runs of fifty lumisections."""
    return good(6, 50)
