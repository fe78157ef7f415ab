"""Two pieces of detector with producers of their own, and a third file that tells of the conditions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from caloscope import training
from caloscope.bundle import Bundle
from caloscope.config.catalogue import MapSpec, load
from caloscope.faults import Fault
from caloscope.geometry import View, view
from caloscope.incidents.conditions import ConditionsIncident, conditions_incidents
from caloscope.pipeline import Pipeline
from caloscope.pipeline.checkpoint import decode_step
from caloscope.records import Conditions, LumiId, Lumisection, LumiState
from caloscope.simulate import STEADY, Fill, healthy_maps, lumisections
from caloscope.store import LumiRow, Store

from .making import EVENTS, LABEL, RUN, TEXT, TRAINING_RUN, Recorded, recorded

TOY, TIN = "TOY/hits", "TIN/hits"
_MORE = TEXT[TEXT.index("[views.TOY]") :].replace("TOY", "TIN").replace("Toy", "Tin")
BOTH = TEXT + _MORE
CELL = (2, 4)


def maps() -> list[tuple[MapSpec, View]]:
    """Both maps with their views."""
    return [(load(BOTH)[name], view(name[:3], "any", BOTH)) for name in (TOY, TIN)]


def fill(
    lumis: int, faults: Sequence[Fault] = (), *, run: int = RUN, events: int = EVENTS
) -> list[Lumisection]:
    """A fill with both maps."""
    detectors = healthy_maps(maps(), seed=1, stability=STEADY)
    return list(
        lumisections(Fill(run=run, lumis=lumis, seed=1, events=events, label=LABEL), detectors, faults)
    )


def trained(folder: Path) -> list[Bundle]:
    """A bundle for each."""
    good = fill(40, run=TRAINING_RUN)
    return [
        training.train(good, spec, seen, folder / f"{seen.name}.bundle", calorimeter=BOTH)
        for spec, seen in maps()
    ]


def files(lumisection: Lumisection) -> list[Lumisection]:
    """What it holds as three files, one for each producer; without what nobody tells."""
    parts = [
        replace(lumisection, maps={name: record}, conditions=None, source=name)
        for name, record in lumisection.maps.items()
    ]
    info = replace(lumisection, maps={}, source="Info")
    return parts if lumisection.conditions is None else [*parts, info]


def thinned(lumisection: Lumisection, share: float, *names: str) -> Lumisection:
    """With a share of the counts of some maps, or of all."""
    rng = np.random.default_rng([lumisection.lumi, 7])
    changed = {
        name: replace(record, counts=rng.binomial(record.counts.astype(np.int64), share).astype(np.uint32))
        if name in (names or lumisection.maps)
        else record
        for name, record in lumisection.maps.items()
    }
    return replace(lumisection, maps=changed)


def dark(lumisection: Lumisection) -> Lumisection:
    """As it is without beam: a handful of events, and no pileup."""
    maps = {
        name: replace(record, counts=record.counts * np.uint32(0), events=3, pileup=None)
        for name, record in lumisection.maps.items()
    }
    return replace(lumisection, maps=maps)


def said(state: LumiState = LumiState.UNTOLD, *off: str, trigger: str = "") -> Conditions:
    """What a file tells."""
    return Conditions(state, frozenset(off), trigger, None, "Info")


@dataclass(frozen=True, repr=False)
class Everything:
    """All that a store says, the conditions included, and what the newest lumisections were judged by.

    Its repr is short: it stands in failing tests.
    """

    recorded: Recorded
    judged_by: list[tuple[str, LumiId, float, bool]]
    rows: list[LumiRow]
    conditions: list[ConditionsIncident]


def everything(store: Store, bundles: Sequence[Bundle] = ()) -> Everything:
    """All that the store says."""
    given = [
        (bundle.card.map, decode_step(each.blob, bundle.view)[0])
        for bundle in bundles
        for each in store.checkpoints(LABEL, bundle.card.map, bundle.hash)
    ]
    judged_by = [(name, each.id, each.coherent, each.retriggered) for name, each in given]
    rows = [row for run in store.runs(LABEL) for row in store.lumis(LABEL, run)]
    found = [each for run in store.runs(LABEL) for each in conditions_incidents(store.lumis(LABEL, run))]
    return Everything(recorded(store), judged_by, rows, found)


def scored(
    path: Path,
    bundles: list[Bundle],
    arrivals: Sequence[Lumisection],
    restarts: Collection[int] = (),
    *,
    each: bool = False,
) -> Everything:
    """What is on record after these arrivals; before some of them the pipeline is started anew.

    With `each` every arrival is recorded at once, else all that came before a restart together.
    """
    with Store(str(path)) as store:
        pipeline = Pipeline(store, bundles, LABEL)
        for number, arrival in enumerate(arrivals):
            if number in restarts:
                pipeline.commit()
                pipeline = Pipeline(store, bundles, LABEL)
            pipeline.take(arrival) if each else pipeline.score(arrival)
        pipeline.commit()
        return everything(store, bundles)
