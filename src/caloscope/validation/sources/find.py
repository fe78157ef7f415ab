"""From paths to all that can be compared in them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from caloscope.config.catalogue import MapSpec
from caloscope.errors import SourceError, UsageError
from caloscope.geometry import ERAS, view
from caloscope.validation.sample import Frame, Sample
from caloscope.validation.sources.averages import (
    Average,
    PileupLine,
    average,
    era_named,
    pileup_line,
    view_of,
)
from caloscope.validation.sources.counted import counted_samples
from caloscope.validation.sources.crystals import crystal_samples

_TABLES = (".dat", ".csv")
_DATA = (".h5", ".hdf5", ".root")
_ECAL = ("EB", "EE-", "EE+")


@dataclass
class Found:
    """What there is to compare; `refused` holds a line for each file that could not be used, and why."""

    samples: list[Sample] = field(default_factory=list)
    averages: list[Average] = field(default_factory=list)
    lines: list[PileupLine] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def find(
    paths: Sequence[Path], specs: Sequence[MapSpec], era: str | None = None, events: int | None = None
) -> Found:
    """Looks through files and folders for lumisections, averages and pileup lines of the maps.

    `events` is the number of events of each lumisection in files that do not say it. Raises `UsageError`
    where a path is not there, or nothing can be compared.
    """
    found = Found()
    for path in _files(paths):
        try:
            _add(found, path, list(specs), era, events)
        except SourceError as error:
            found.refused.append(str(error))
    if not (found.samples or found.averages or found.lines):
        why = f": {found.refused[0]}" if found.refused else ""
        raise UsageError(f"nothing to compare among the sources, expected lumisections or averages{why}")
    return found


def _files(paths: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: not there, expected a file or a folder of real data")
        inside = (
            sorted(each for each in path.rglob("*") if each.suffix in (*_TABLES, *_DATA))
            if path.is_dir()
            else [path]
        )
        files += [each for each in inside if each.is_file()]
    return files


def _add(found: Found, path: Path, specs: list[MapSpec], era: str | None, events: int | None) -> None:
    if path.suffix in _TABLES:
        _add_table(found, path, specs, era or era_named(path))
        return
    ecal = [(spec, view(spec.view, era or ERAS[0])) for spec in specs if spec.view in _ECAL]
    samples = crystal_samples(path, ecal) if path.suffix != ".root" else []
    taken = {sample.frame.spec.name for sample in samples}
    rest = [spec for spec in specs if spec.name not in taken]
    if not samples and rest:
        samples = counted_samples(path, rest, era, events)
    found.samples += [_with_events(sample, events) for sample in samples]


def _with_events(sample: Sample, events: int | None) -> Sample:
    if events is None or sample.stack.events is not None:
        return sample
    counted = np.full(sample.stack.lumis, events, np.int64)
    return replace(sample, stack=replace(sample.stack, events=counted))


def _add_table(found: Found, path: Path, specs: list[MapSpec], era: str) -> None:
    """An average belongs to the digis of its view, which the tables were made from."""
    name = view_of(path)
    spec = next((spec for spec in specs if spec.name == f"{name}/digi"), None)
    if name is None or spec is None:
        return
    line = pileup_line(path, name)
    made = average(path, Frame(spec, view(name, era))) if line is None else None
    if line is not None:
        found.lines.append(line)
    if made is not None:
        found.averages.append(made)
