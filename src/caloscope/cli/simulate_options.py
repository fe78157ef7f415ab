"""What `caloscope simulate` was asked for, as runs, a detector and faults."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from caloscope.cli.faults import faults_text
from caloscope.config.catalogue import MapSpec, choose, load
from caloscope.errors import UsageError
from caloscope.faults.fault import Fault
from caloscope.faults.text import load_faults
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
class Asked:
    """The options of the command; what is None follows from the others or from the seed."""

    maps: Sequence[str]
    lumis: int
    seed: int
    detector_seed: int
    run: int
    runs: int
    days: float | None
    era: str | None
    label: str
    dataset: Dataset
    beam: Beam
    events: int | None
    pileup: float | None
    calm: bool
    gaps: float | None
    ramp: int | None
    dump: bool
    patterns: Sequence[str]
    faults: str | None
    fault_seed: int | None
    calorimeter: str | None

    def chosen(self) -> list[tuple[MapSpec, View]]:
        """The maps with their views. Raises `UsageError` for maps and eras that are not known."""
        known = load(self.calorimeter)
        specs = {spec.name: spec for pattern in self.maps for spec in choose(known, pattern)}
        era = self.era or era_of_run(self.run)
        return [(spec, view(spec.view, era, self.calorimeter)) for spec in specs.values()]

    def fills(self, began_at: float | None) -> list[Fill]:
        """The runs; that of a single one begins at `began_at`."""
        if self.runs == 1 and self.days is None:
            return [self._one(began_at)]
        made = campaign(
            self.run,
            self.runs,
            self.lumis,
            self.seed,
            DAYS if self.days is None else self.days,
            dataset=self.dataset,
            beam=self.beam,
            label=self.label,
        )
        quiet: dict[str, Any] = {"prescale_steps": 0, "low_statistics": 0.0} if self.calm else {}
        fills = [replace(fill, **quiet, **self._changes()) for fill in made]
        if self.era is None and len(eras := {era_of_run(fill.run) for fill in fills}) > 1:
            raise UsageError(f"runs {self.run} to {fills[-1].run} are of {len(eras)} eras, expected --era")
        return fills

    def _one(self, began_at: float | None) -> Fill:
        given: dict[str, Any] = {
            "label": self.label,
            "dataset": self.dataset,
            "beam": self.beam,
            "began_at": began_at,
            "events": EVENTS,
            "pileup": PILEUP,
            "gaps": 0.0,
            **self._changes(),
        }
        if self.calm:
            return Fill(self.run, self.lumis, self.seed, **given)
        return realistic(self.run, self.lumis, self.seed, **given)

    def _changes(self) -> dict[str, Any]:
        """What was asked for explicitly."""
        given = {"events": self.events, "pileup": self.pileup, "gaps": self.gaps, "ramp": self.ramp}
        return {name: value for name, value in given.items() if value is not None} | (
            {"dump": True} if self.dump else {}
        )


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
    maps = asked.chosen()
    patterns, told = _patterns(asked.patterns, maps)
    faults, words = _faults(asked, maps)
    detectors = healthy_maps(
        maps, asked.detector_seed, stability=STEADY if asked.calm else DEFAULT, patterns=patterns
    )
    origin = {
        "command": command,
        "seed": asked.seed,
        "detector_seed": asked.detector_seed,
        "stability": "steady" if asked.calm else "changing",
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
    text, label = faults_text(asked.faults)
    views = {spec.name: on for spec, on in maps}
    digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    words = {"name": label, "checksum": digest, "seed": asked.fault_seed}
    return load_faults(text, label, views, seed=asked.fault_seed), words


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
