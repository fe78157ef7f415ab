"""What each kind of fault looks like on each view: a lumisection without it, the same with it, the truth."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from caloscope.config.catalogue import MapSpec, load
from caloscope.errors import UsageError
from caloscope.faults import Active, Clock, Fault, Kind, Schedule, load_faults, preset_text, truth
from caloscope.figures import Scene, fault_pictures
from caloscope.geometry import View, view
from caloscope.records import LumiId
from caloscope.simulate import Conditions, Healthy, healthy
from caloscope.simulate.conditions import Dataset

_ERA: Final = "2018"
_RUN: Final = 320_001
_LUMIS: Final = 400
_A_PICTURE: Final = 6
_PICTURED: Final[tuple[tuple[str, str, Dataset, int], ...]] = (
    ("EB/digi", "catalogue-EB", "ZeroBias", 500),
    ("EE+/digi", "catalogue-EE", "ZeroBias", 500),
    ("HCAL/digi", "catalogue-HCAL", "JetHT", 1500),
    ("HO/digi", "", "JetHT", 1500),
)
"""Map, the preset with its faults (none: the kinds that any binomial map has), primary dataset, events."""


def write_fault_pictures(folder: Path, seed: int = 1) -> list[Path]:
    """Writes pictures of every fault of the catalogues, a few rows a file, and says which files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, preset, dataset, events in _PICTURED:
        spec = load()[name]
        on = view(spec.view, _ERA)
        detector = healthy(spec, on, seed)
        at = Conditions(_RUN, 1, events, 50.0, 50.0, dataset=dataset, seed=seed)
        scenes = list(_scenes(detector, at, _faults(spec, on, preset)))
        for first in range(0, len(scenes), _A_PICTURE):
            title = f"{name}: faults, {events} events of {dataset} at pileup 50"
            path = folder / f"{spec.slug}-faults-{first // _A_PICTURE + 1}.png"
            path.write_bytes(fault_pictures(on, scenes[first : first + _A_PICTURE], title))
            written.append(path)
    return written


def _faults(spec: MapSpec, on: View, preset: str) -> list[Fault]:
    if preset:
        return load_faults(preset_text(preset), preset, {spec.name: on})
    return list(_of_any_channels(spec, on))


def _of_any_channels(spec: MapSpec, on: View) -> Iterator[Fault]:
    """Each kind on its own 4 x 4 channels."""
    kinds: tuple[tuple[Kind, float | None], ...] = (
        ("dead", None), ("factor", 0.5), ("hot", 2.0), ("noisy", 0.3), ("stuck", 1.0), ("garbage", 1.0),
        ("scrambled", None), ("drift", -0.99),
    )  # fmt: skip
    for place, (kind, amount) in enumerate(kinds):
        rows, columns = 6 * place + 20, on.x.bins // 2 - 6
        box = [(rows + dy, columns + dx) for dy in range(4) for dx in range(4)]
        cells = tuple(cell for cell in box if on.exists[cell])
        yield Fault(map=spec.name, where=cells, kind=kind, amount=amount, seed=7, name=kind)


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
