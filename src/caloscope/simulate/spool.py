"""Simulated lumisections as the DQM ROOT files that an experiment's producers would drop."""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from caloscope.config.catalogue import MapSpec
from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.readers.maps.conditions import FOLDER as CONDITIONS
from caloscope.readers.maps.conditions import TOP as INFO
from caloscope.records import LUMISECTION_SECONDS, Content, LumiId, Lumisection, MapRecord
from caloscope.simulate.crystals import in_crystals, spread
from caloscope.writers.dqm import write_dqm
from caloscope.writers.histograms import Histogram2D

Objects = dict[str, Histogram2D | int | float | str]


def write_lumisection(
    folder: Path,
    lumisection: Lumisection,
    maps: Sequence[tuple[MapSpec, View]],
    *,
    began_at: float | None = None,
    snapshot: bool = False,
) -> list[Path]:
    """Write one file per producer, `DQM_V0001_<producer>_R%09d_L%09d.root`, and answer with their paths.

    `began_at` is when the run began, in seconds since 1970; where it is not given, the lumisection says, or
    else it is now. A `snapshot` is named as the online system does,
    `DQM_V0001_<producer>_R%09d.root.ls%08d_host<host>_pid%08d`. What a lumisection tells of its conditions is
    in a file of the producer Info. A map whose only histogram is booked in
    crystals is shared among them. Files appear under their name only when complete.
    """
    start = run_began(lumisection) if began_at is None else began_at
    objects: dict[str, Objects] = {}
    for spec, view in maps:
        record = lumisection.maps.get(spec.name)
        if record is not None:
            mine = objects.setdefault(spec.producer, _event_info(lumisection, spec.folders[0], start))
            mine.update(_scalars(spec, record))
            _add(mine, _histograms(spec, view, record, lumisection.id))
    paths = []
    for producer, content in objects.items():
        path = folder / _file_name(producer, lumisection.id, snapshot=snapshot)
        write_dqm(path, lumisection.run, content)
        paths.append(path)
    return paths + _conditions_file(folder, lumisection, start, snapshot=snapshot)


def _conditions_file(folder: Path, lumisection: Lumisection, start: float, *, snapshot: bool) -> list[Path]:
    """The file of a producer of its own that tells of the conditions, where the lumisection does."""
    said = lumisection.conditions
    if said is None:
        return []
    words = {"state": str(said.state), "off": ",".join(sorted(said.off)), "trigger": said.trigger}
    scalars: Objects = {f"{CONDITIONS}/{name}": text for name, text in words.items() if text}
    path = folder / _file_name(INFO, lumisection.id, snapshot=snapshot)
    write_dqm(path, lumisection.run, {**_event_info(lumisection, INFO, start), **scalars})
    return [path]


def write_fill(
    folder: Path,
    lumisections: Iterable[Lumisection],
    maps: Sequence[tuple[MapSpec, View]],
    *,
    pace: float = 0.0,
    stop: threading.Event | None = None,
    snapshots: int = 0,
) -> int:
    """Write whole fills, one lumisection every `pace` seconds; answers with how many were written.

    A run whose lumisections do not say when it was begins now.

    With `snapshots` = k only every k-th is written, as an online snapshot: what accumulates in a file that
    covers a run holds all since the start, the rest its lumisection alone. Ends early when `stop` is set.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder, expected one to write lumisections into")
    now = time.time()
    stop = threading.Event() if stop is None else stop
    written = 0
    for lumisection in grown(lumisections, maps, snapshots=snapshots > 0):
        next_at = time.monotonic() + pace
        if not snapshots or lumisection.lumi % snapshots == 0:
            began_at = run_began(lumisection, now)
            write_lumisection(folder, lumisection, maps, began_at=began_at, snapshot=snapshots > 0)
            written += 1
        if stop.wait(max(0.0, next_at - time.monotonic())):
            break
    return written


def grown(
    lumisections: Iterable[Lumisection], maps: Sequence[tuple[MapSpec, View]], *, snapshots: bool
) -> Iterator[Lumisection]:
    """Lumisections, run by run, in which what accumulates holds all since the start of the run.

    Those are the maps that are cumulative everywhere, and in `snapshots` those too that accumulate in a file
    that covers a run.
    """
    growing = [
        spec.name
        for spec, view in maps
        if spec.scope == "cumulative" or (snapshots and spec.accumulates(spec.paths(view.era)[0]))
    ]
    totals: dict[str, MapRecord] = {}
    run = 0
    for lumisection in lumisections:
        if lumisection.run != run:
            run, totals = lumisection.run, {}
        for name in lumisection.maps.keys() & growing:
            record, before = lumisection.maps[name], totals.get(name)
            if before is not None:
                events = (record.events or 0) + (before.events or 0)
                record = replace(record, counts=record.counts + before.counts, events=events)
            totals[name] = replace(record, cumulative=True)
        yield replace(lumisection, maps={**lumisection.maps, **totals})


def run_began(lumisection: Lumisection, otherwise: float | None = None) -> float:
    """When the run of a lumisection began; now, or `otherwise`, where it counts from the start of the run."""
    start = (lumisection.began_at or 0.0) - LUMISECTION_SECONDS * (lumisection.lumi - 1)
    if start < 1.0:
        return time.time() if otherwise is None else otherwise
    return start


def _file_name(producer: str, lumi_id: LumiId, *, snapshot: bool) -> str:
    run, lumi = lumi_id
    if snapshot:
        return f"DQM_V0001_{producer}_R{run:09d}.root.ls{lumi:08d}_hostsimulated_pid00000001"
    return f"DQM_V0001_{producer}_R{run:09d}_L{lumi:09d}.root"


def _event_info(lumisection: Lumisection, folder: str, start: float) -> Objects:
    top = f"{folder}/EventInfo"
    return {
        f"{top}/iRun": lumisection.run,
        f"{top}/iLumiSection": lumisection.lumi,
        f"{top}/runStartTimeStamp": start,
        f"{top}/eventTimeStamp": start + LUMISECTION_SECONDS * (lumisection.lumi - 1),
        f"{top}/processName": "caloscope-simulated",
    }


def _scalars(spec: MapSpec, record: MapRecord) -> Objects:
    scalars: Objects = {}
    names = spec.events_accumulating if record.cumulative else spec.events
    if names and record.events is not None:
        scalars[names[0]] = float(record.events)
    if spec.pileup:
        scalars[spec.pileup[0]] = -1.0 if record.pileup is None else float(record.pileup)
    return scalars


def _add(objects: Objects, histograms: dict[str, Histogram2D]) -> None:
    """Two views may share a histogram, as HCAL and HO share depth 4 before 2019: then their counts add."""
    for name, histogram in histograms.items():
        known = objects.get(name)
        if isinstance(known, Histogram2D):
            histogram = replace(histogram, values=histogram.values + known.values)  # noqa: PLW2901 - summed
        objects[name] = histogram


def _histograms(spec: MapSpec, view: View, record: MapRecord, lumi_id: LumiId) -> dict[str, Histogram2D]:
    path = spec.paths(view.era)[0]
    content: Content = record.counts
    if record.is_counts and in_crystals(spec, view):
        content = spread(spec, view, record, lumi_id)
    planes = content if view.depths else content[np.newaxis]
    names = [path.format(depth=depth) for depth in view.depths] or [path]
    return {
        name: Histogram2D(
            title=name.rsplit("/", 1)[-1],
            x_title=view.x.title,
            y_title=view.y.title,
            x_range=(view.x.low, view.x.high),
            y_range=(view.y.low, view.y.high),
            values=plane.astype(np.float32),
        )
        for name, plane in zip(names, planes, strict=True)
    }
