"""A small calorimeter of one map, a bundle for it, and lumisections of it with a fault inside."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from caloscope import bundle as bundles
from caloscope import training
from caloscope.bundle import Bundle
from caloscope.config.catalogue import MapSpec, load
from caloscope.faults import Fault
from caloscope.geometry import View, view
from caloscope.pipeline import Pipeline
from caloscope.records import Incident, LumiId, Lumisection
from caloscope.simulate import STEADY, Fill, Healthy, healthy, lumisections
from caloscope.store import FlagRow, ResultRow, Store

MAP, LABEL = "TOY/hits", "test"
SHAPE = (5, 6)
DEAD = (4, 5)
"""A cell that never counted, neither in the reference nor later."""

TRAINING_RUN, RUN = 1, 2
EVENTS = 5_000

TEXT = """
name = "TOY"

[views.TOY]
cell_name = "TOY cell ({iy}, {ix})"

[views.TOY.y]
name = "iy"
low = 0.5
high = 5.5
bins = 5

[views.TOY.x]
name = "ix"
low = 0.5
high = 6.5
bins = 6

[[views.TOY.regions]]
name = "TOY left"
kind = "half"
boxes = [{ ix = "1..3" }]

[producers.Toy]
folders = ["Toy"]
events = ["Toy/Info/Events"]
pileup = ["Toy/Info/Pileup"]

[maps."TOY/hits"]
producer = "Toy"
noise = "overdispersed"
scope = "per_lumi"
histograms = ["Toy/Hits/hits"]
hdf5 = "hits"
"""


@dataclass(frozen=True, repr=False)
class Recorded:
    """All that a store says, but for when it was said. Its repr is short: it stands in failing tests."""

    results: list[ResultRow]
    codes: list[bytes]
    evidence: list[bytes]
    flags: list[FlagRow]
    incidents: list[Incident]


def spec(text: str = TEXT) -> MapSpec:
    """The map."""
    return load(text)[MAP]


def seen(text: str = TEXT) -> View:
    """The map's view."""
    return view("TOY", "any", text)


def detector() -> dict[str, Healthy]:
    """The healthy detector, always the same."""
    return {MAP: healthy(spec(), seen(), seed=1, stability=STEADY)}


def fill(
    lumis: int, faults: Sequence[Fault] = (), *, run: int = RUN, events: int = EVENTS
) -> list[Lumisection]:
    """A fill in which one cell never counts, and the given faults come and go."""
    dead = Fault(MAP, DEAD, "dead")
    simulated = Fill(run=run, lumis=lumis, seed=1, events=events, label=LABEL)
    return list(lumisections(simulated, detector(), [dead, *faults]))


def trained(folder: Path, *, events: int = EVENTS, name: str = "toy.bundle") -> Bundle:
    """A bundle of the reference detector for the map."""
    good = fill(40, run=TRAINING_RUN, events=events)
    return training.train(good, spec(), seen(), folder / name, calorimeter=TEXT)


@lru_cache(maxsize=1)
def cached_bundle(folder: Path) -> Bundle:
    """The bundle, trained once for a folder."""
    trained(folder)
    return bundles.load(folder / "toy.bundle")


def without_map(lumisection: Lumisection) -> Lumisection:
    """The same lumisection from a file that lacks the map."""
    return replace(lumisection, maps={}, missing=frozenset({MAP}))


def scored(path: Path, bundle: Bundle, arrivals: Sequence[Lumisection]) -> Recorded:
    """What is recorded in a new store when lumisections arrive in this order."""
    with Store(str(path)) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for lumisection in arrivals:
            pipeline.take(lumisection)
        return recorded(store)


def recorded(store: Store) -> Recorded:
    """All that the store says of the label."""
    results = [row for run in store.runs(LABEL) for row in store.results(LABEL, run)]
    arrays = [store.arrays(row.key) for row in results]
    return Recorded(
        results=[replace(row, scored_at=0.0, seconds=0.0, stages={}, source="") for row in results],
        codes=[each["codes"].tobytes() for each in arrays],
        evidence=[each["evidence"].tobytes() if "evidence" in each else b"" for each in arrays],
        flags=list(store.flags(label=LABEL, unknown=True)),
        incidents=sorted(store.incidents(label=LABEL), key=lambda incident: incident.id),
    )


def at(lumi: int, run: int = RUN) -> LumiId:
    """A lumisection's place."""
    return LumiId(run, lumi)
