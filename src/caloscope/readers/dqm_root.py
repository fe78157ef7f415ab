"""DQM ROOT files with folders (not DQMIO): one lumisection of one run a file."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import numpy as np

from caloscope.config.catalogue import MapSpec, load
from caloscope.errors import Fault, SourceError
from caloscope.geometry import View, era_of_run
from caloscope.readers.binning import require_axis
from caloscope.readers.counts import to_counts
from caloscope.readers.depths import planes
from caloscope.readers.dqm_time import find_lumi, find_start
from caloscope.readers.dqm_tree import DqmTree, open_dqm
from caloscope.readers.histogram import CONTENTS, parse_histogram
from caloscope.readers.rootfile import Key
from caloscope.readers.scalars import to_events, to_pileup
from caloscope.records import Counts, Lumisection, MapRecord


def read_dqm_root(
    path: Path,
    maps: Collection[MapSpec],
    *,
    label: str,
    era: str | None,
    run: int | None,
    views: Callable[[str, str], View],
) -> Iterator[Lumisection]:
    """The lumisection of a DQM file, see `caloscope.readers.read`; the folder's run counts, not `run`.

    There is none in a file of producers that feed none of the maps.
    """
    with open_dqm(path) as tree:
        ours = [spec for spec in maps if tree.tops.intersection(spec.folders)]
        if not ours:
            _require_a_producer(tree, maps)
            return
        lumi, assumptions = find_lumi(tree)
        if run not in (None, tree.run):
            assumptions.append(f"run {tree.run} as the content says, not {run} as asked for")
        if era is None:
            era = era_of_run(tree.run)
            assumptions.append(f"era {era} taken from run {tree.run}")
        records = {spec.name: _read_map(tree, spec, views(spec.view, era), era) for spec in ours}
        found = Lumisection(
            label=label,
            run=tree.run,
            lumi=lumi,
            maps={name: record for name, record in records.items() if record is not None},
            missing=frozenset(name for name, record in records.items() if record is None),
            source=str(path),
            began_at=find_start(tree, lumi),
            assumptions=tuple(assumptions),
        )
    yield found


def _require_a_producer(tree: DqmTree, maps: Collection[MapSpec]) -> None:
    """A file of another known producer is whole, and nothing in it is for us; any other is not known.

    Raises `SourceError` NOTHING_KNOWN.
    """
    if tree.tops.intersection(folder for spec in load().values() for folder in spec.folders):
        return
    expected = " or ".join(sorted({folder for spec in maps for folder in spec.folders}))
    found = f"folders {sorted(tree.tops)[:4]!r:.100}"
    raise SourceError(tree.path, Fault.NOTHING_KNOWN, found, expected or "a map")


def _read_map(tree: DqmTree, spec: MapSpec, view: View, era: str) -> MapRecord | None:
    """One map under the first of its names that is there whole; None where none is."""
    for pattern in spec.paths(era):
        wanted = planes(pattern, view)
        keys = [(name, tree.find(name)) for name, _ in wanted]
        if all(key or not needed for (_, key), (_, needed) in zip(keys, wanted, strict=True)):
            counts = [_read_plane(tree, name, key, view) for name, key in keys]
            return MapRecord(
                counts=np.stack(counts) if view.depths else counts[0],
                events=_events(tree, spec),
                pileup=_pileup(tree, spec),
            )
    return None


def _read_plane(tree: DqmTree, name: str, key: Key | None, view: View) -> Counts:
    """One histogram as `(y, x)`; zeros for a depth that is not there and has no cells."""
    if key is None:
        return np.zeros((view.y.bins, view.x.bins), np.uint32)
    if key.classname not in CONTENTS:
        expected = f"a TH2 of {view.x.bins} x {view.y.bins} bins"
        raise SourceError(tree.path, Fault.WRONG_BINNING, f"a {key.classname!r:.40} in {name}", expected)
    histogram = parse_histogram(tree.file.read(key), key.classname)
    require_axis(tree.path, name, "x", histogram.x, view.x)
    require_axis(tree.path, name, "y", histogram.y, view.y)
    return to_counts(histogram.values, tree.path, name)


def _events(tree: DqmTree, spec: MapSpec) -> int | None:
    """The map's number of events under the first of its names that is there."""
    for name in spec.events:
        text = tree.scalar(name)
        if text is not None:
            return to_events(tree.path, name, text)
    return None


def _pileup(tree: DqmTree, spec: MapSpec) -> float | None:
    """The map's pileup under the first of its names that knows it."""
    for name in spec.pileup:
        text = tree.scalar(name)
        value = None if text is None else to_pileup(tree.path, name, text)
        if value is not None:
            return value
    return None
