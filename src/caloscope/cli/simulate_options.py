"""What `caloscope simulate` was asked for, as runs, a detector and faults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from caloscope.cli.faults import loaded
from caloscope.config.catalogue import MapSpec, choose, load
from caloscope.errors import UsageError
from caloscope.faults.fault import Fault
from caloscope.fetch import checksum
from caloscope.geometry import View, era_of_run, view
from caloscope.simulate import DEFAULT, STEADY, Fill, campaign, healthy_maps, realistic
from caloscope.simulate.conditions import Beam, Dataset
from caloscope.simulate.pattern_file import read_pattern
from caloscope.simulate.season import START
from caloscope.simulate.to_data_set import Plan

MARK = "simulated"
EVENTS, PILEUP, DAYS = 500, 55.0, 30.0


@dataclass(frozen=True, slots=True)
class Apparatus:
    """Which maps of which detector; an `era` of None follows from the run."""

    maps: Sequence[str]
    era: str | None
    seed: int
    patterns: Sequence[str]
    calorimeter: str | None

    def chosen(self, run: int) -> list[tuple[MapSpec, View]]:
        """The maps with their views. Raises `UsageError` for maps and eras that are not known."""
        known = load(self.calorimeter)
        specs = {spec.name: spec for pattern in self.maps for spec in choose(known, pattern)}
        era = self.era or era_of_run(run)
        return [(spec, view(spec.view, era, self.calorimeter)) for spec in specs.values()]


@dataclass(frozen=True, slots=True)
class Beams:
    """What is in a run; what is None is as usual, or follows from the seed where there are several."""

    dataset: Dataset
    beam: Beam
    events: int | None
    pileup: float | None
    calm: bool
    gaps: float | None
    ramp: int | None
    dump: bool
    tells: bool = False

    def changes(self) -> dict[str, Any]:
        """What was asked for explicitly, in the words of a `Fill`."""
        given = {"events": self.events, "pileup": self.pileup, "gaps": self.gaps, "ramp": self.ramp}
        flags = {"dump": self.dump, "tells": self.tells}
        found: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        return found | {name: True for name, told in flags.items() if told}


@dataclass(frozen=True, slots=True)
class Runs:
    """How many runs, from which number on, over how many days; `days` of None: one run, or 30 days."""

    run: int
    runs: int
    lumis: int
    days: float | None
    seed: int
    label: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of the command."""

    detector: Apparatus
    runs: Runs
    beams: Beams
    faults: str | None
    fault_seed: int | None

    def fills(self, began_at: float | None) -> list[Fill]:
        """The runs; that of a single one begins at `began_at`."""
        asked, beams = self.runs, self.beams
        if asked.runs == 1 and asked.days is None:
            return [self._one(began_at)]
        days = DAYS if asked.days is None else asked.days
        words: dict[str, Any] = {"dataset": beams.dataset, "beam": beams.beam, "label": asked.label}
        made = campaign(asked.run, asked.runs, asked.lumis, asked.seed, days, **words)
        quiet: dict[str, Any] = {"prescale_steps": 0, "low_statistics": 0.0} if beams.calm else {}
        fills = [replace(fill, **quiet, **beams.changes()) for fill in made]
        if self.detector.era is None and len(eras := {era_of_run(fill.run) for fill in fills}) > 1:
            raise UsageError(f"runs {asked.run} to {fills[-1].run} are of {len(eras)} eras, expected --era")
        return fills

    def _one(self, began_at: float | None) -> Fill:
        asked = self.runs
        given: dict[str, Any] = {
            "label": asked.label,
            "dataset": self.beams.dataset,
            "beam": self.beams.beam,
            "began_at": began_at,
            "events": EVENTS,
            "pileup": PILEUP,
            "gaps": 0.0,
            **self.beams.changes(),
        }
        if self.beams.calm:
            return Fill(asked.run, asked.lumis, asked.seed, **given)
        return realistic(asked.run, asked.lumis, asked.seed, **given)


@dataclass(frozen=True, slots=True)
class Order:
    """All that is to be simulated, and what is to be said of where it comes from."""

    plan: Plan
    maps: Sequence[tuple[MapSpec, View]]
    origin: Mapping[str, Any]


def order(asked: Asked, *, command: str, live: bool) -> Order:
    """From options to runs, detector and faults; a `live` run begins now, another always at the same time.

    Raises `UsageError` and `SourceError` for what cannot be.
    """
    maps = asked.detector.chosen(asked.runs.run)
    patterns, told = _patterns(asked.detector.patterns, maps)
    faults, words = _faults(asked, maps)
    calm = asked.beams.calm
    stability = STEADY if calm else DEFAULT
    detectors = healthy_maps(maps, asked.detector.seed, stability=stability, patterns=patterns)
    origin = {
        "command": command,
        "seed": asked.runs.seed,
        "detector_seed": asked.detector.seed,
        "stability": "steady" if calm else "changing",
        "patterns": told,
        **({"faults": words} if words else {}),
    }
    return Order(Plan(asked.fills(None if live else START), detectors, faults), maps, origin)


def labelled(label: str) -> str:
    """A label that says that the data are simulated."""
    return label if MARK in label.lower() else f"{MARK}-{label}"


def _faults(asked: Asked, maps: Sequence[tuple[MapSpec, View]]) -> tuple[list[Fault], dict[str, Any]]:
    if asked.faults is None:
        return [], {}
    return loaded(asked.faults, {spec.name: on for spec, on in maps}, asked.fault_seed)


def _patterns(
    given: Sequence[str], maps: Sequence[tuple[MapSpec, View]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Rates by map name out of MAP=FILE, and which files they are of."""
    known = {spec.name: (spec, on) for spec, on in maps}
    found, told = {}, {}
    for text in given:
        name, separator, file = text.partition("=")
        if not separator or name not in known or not file:
            raise UsageError(f"--pattern {text!r}: expected MAP=FILE, a map being one of {', '.join(known)}")
        path = Path(file)
        found[name] = read_pattern(path, *known[name])
        told[name] = {"name": file, "checksum": checksum(path)}
    return found, told
