"""What each kind of fault looks like on each view: a lumisection without it, the same with it, the truth."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from caloscope.config.catalogue import load
from caloscope.errors import UsageError
from caloscope.faults import Active, Clock, Fault, Schedule, load_faults, preset_text, truth
from caloscope.figures import Scene, fault_pictures
from caloscope.geometry import view
from caloscope.records import LumiId
from caloscope.simulate import Conditions, Healthy, healthy
from caloscope.simulate.conditions import Dataset

_ERA: Final = "2018"
_RUN: Final = 320_001
_LUMIS: Final = 400
_A_PICTURE: Final = 6
_PICTURED: Final[dict[str, tuple[str, Dataset, int]]] = {
    "EB": ("catalogue-EB", "ZeroBias", 500),
    "EE+": ("catalogue-EE", "ZeroBias", 500),
    "EE-": ("catalogue-EE", "ZeroBias", 500),
    "HCAL": ("catalogue-HCAL", "JetHT", 1500),
    "HO": ("catalogue-HO", "JetHT", 1500),
}
"""By view: the preset with its faults, primary dataset, events."""


def write_fault_pictures(folder: Path, seed: int = 1, views: Sequence[str] | None = None) -> list[Path]:
    """Writes pictures of every fault of the catalogues, a few rows a file, and says which files.

    Only of these views, if any are given. Raises `UsageError` for a view that has no catalogue.
    """
    for name in views or ():
        if name not in _PICTURED:
            raise UsageError(f"view {name!r} has no pictures: expected one of {', '.join(_PICTURED)}")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in dict.fromkeys(views or _PICTURED):
        for place, png in enumerate(_pictures(name, seed), start=1):
            path = folder / f"{load()[f'{name}/digi'].slug}-faults-{place}.png"
            path.write_bytes(png)
            written.append(path)
    return written


def _pictures(name: str, seed: int) -> Iterator[bytes]:
    _, dataset, events = _PICTURED[name]
    title = f"{name}/digi: faults, {events} events of {dataset} at pileup 50"
    scenes = list(scenes_of(name, seed))
    for first in range(0, len(scenes), _A_PICTURE):
        yield fault_pictures(view(name, _ERA), scenes[first : first + _A_PICTURE], title)


def scenes_of(name: str, seed: int = 1) -> Iterator[Scene]:
    """Every fault of the catalogue of a view, in one lumisection each, on the map of digis."""
    preset, dataset, events = _PICTURED[name]
    spec, on = load()[f"{name}/digi"], view(name, _ERA)
    faults = load_faults(preset_text(preset), preset, {spec.name: on})
    at = Conditions(_RUN, 1, events, 50.0, 50.0, dataset=dataset, seed=seed)
    return _scenes(healthy(spec, on, seed), at, faults)


def _scenes(detector: Healthy, at: Conditions, faults: Sequence[Fault]) -> Iterator[Scene]:
    clock = Clock.of([LumiId(at.run, _LUMIS)])
    schedule = Schedule(faults, detector.spec.name, detector.view, clock)
    for number, fault in enumerate(faults, start=1):
        if fault.touches(detector.spec.name):
            active, lumi = _at_work(schedule, fault, number, at)
            yield _scene(detector, replace(at, lumi=lumi), active)


def _at_work(schedule: Schedule, fault: Fault, number: int, at: Conditions) -> tuple[Active, int]:
    """The fault where it is strongest, but in its first lumisection where it begins within that."""
    last = min(fault.end - 1 if fault.end is not None else _LUMIS, _LUMIS)
    there = [
        (active, lumi)
        for lumi in range(fault.onset, last + 1)
        for active in schedule.at(LumiId(at.run, lumi))
        if active.number == number
    ]
    if not there:
        raise UsageError(f"fault {number} ({fault.kind}) is never there in {_LUMIS} lumisections")
    if fault.within > 0.0:
        return there[0]
    # A fault that grows is shown late, any other where it is.
    return max(there, key=lambda pair: (pair[0].strength, pair[0].days if fault.kind == "drift" else 0.0))


def _scene(detector: Healthy, at: Conditions, active: Active) -> Scene:
    mean = detector.expected(at)
    found = truth(mean, detector.expected(at, [active]), [active], detector.view)
    factor = np.ones(detector.view.shape) if found is None else found.factor.astype(float)
    healthy_counts, faulty_counts = detector.draw(at).astype(float), detector.draw(at, [active]).astype(float)
    own = active.cells & (mean > 0)
    means = (
        f"mean of its cells {healthy_counts[own].mean():,.0f} before, {faulty_counts[own].mean():,.0f} now"
    )
    return Scene(f"{_title(active)}; {means}", healthy_counts, faulty_counts, factor)


def _title(active: Active) -> str:
    fault = active.fault
    amount = "" if fault.amount is None else f", amount {fault.amount:g}"
    how = "" if fault.mechanism == "channels" else f", mechanism {fault.mechanism}"
    part = "" if active.strength == 1.0 else f", {100 * active.strength:.0f} % of it here"
    days = f", after {active.days:.2f} days" if fault.kind == "drift" else ""
    name = f"{fault.name}: " if fault.name and fault.name != fault.kind else ""
    return f"{name}{fault.kind}{amount}{how}{part}{days}"
