"""Data sets that a notebook makes: simulated lumisections, and faults put into those that are there."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from caloscope import inject as injection
from caloscope.config.catalogue import load
from caloscope.errors import UsageError
from caloscope.faults import Fault, check, load_faults, preset_names, preset_text
from caloscope.geometry import View, era_of_run, view
from caloscope.lab.held import Data
from caloscope.lab.opened import data
from caloscope.lab.session import place
from caloscope.simulate import DEFAULT, STEADY, campaign, healthy_maps
from caloscope.simulate.to_data_set import Plan, to_data_set

Faults: TypeAlias = str | Path | Sequence[Fault] | None
"""Name of a preset (`caloscope faults` lists them), a TOML file, or faults."""

FIRST_RUN = 320_001


def simulate(
    map_name: str,
    runs: int = 8,
    lumis: int = 60,
    seed: int = 1,
    faults: Faults = None,
    *,
    first_run: int = FIRST_RUN,
    days: float = 30.0,
    era: str | None = None,
    steady: bool = False,
    detector_seed: int = 1,
    output: str | Path | None = None,
) -> Data:
    """Simulate runs of about `lumis` lumisections over some days, and open them.

    The same `detector_seed` is the same detector in an era, however different the runs are; the same `seed`
    gives the same counts. A `steady` detector does not change from run to run and with time. The era is that
    of the first run, if nothing else is said. Faults count lumisections through the runs; what is wrong where
    and when is known afterwards (`Data.truth`). The data set is kept where `output` says (NAME.h5, replaced
    if it is there), else until Python ends. Raises `UsageError` for what cannot be.
    """
    known = load()
    if map_name not in known:
        raise UsageError(f"map {map_name!r} is not known, expected one of {', '.join(known)}")
    spec = known[map_name]
    on = view(spec.view, era or era_of_run(first_run))
    fills = campaign(first_run, runs, lumis, seed, days)
    broken = _faults(faults, {map_name: on})
    stability = STEADY if steady else DEFAULT
    path = place(f"{spec.slug}.h5", output)
    plan = Plan(fills, healthy_maps([(spec, on)], detector_seed, stability=stability), broken)
    to_data_set(path, plan, provenance={"seed": seed, "detector_seed": detector_seed})
    return data(path, map_name)


def inject(source: Data, faults: Faults, *, seed: int = 1, output: str | Path | None = None) -> Data:
    """The same lumisections with faults in them, as a new data set; what is wrong is known afterwards.

    Faults count lumisections through all runs of the data set. Raises `UsageError` for faults that do not fit
    the map, and for data of several files.
    """
    if len(source.paths) != 1:
        raise UsageError(f"data of {len(source.paths)} files, expected one data set to put faults into")
    broken = _faults(faults, {source.map: source.view})
    if not broken:
        raise UsageError("no faults, expected some to put in")
    path = place(f"{source.spec.slug}-faulty.h5", output)
    words = source.calorimeter
    injection.inject(source.paths[0], broken, path, seed=seed, maps=[source.map], calorimeter=words)
    return data(path, source.map, calorimeter=source.calorimeter).of(source.ids)


def _faults(given: Faults, maps: Mapping[str, View]) -> list[Fault]:
    """The faults that are meant, checked. Raises `UsageError` for those that cannot be."""
    if given is None:
        return []
    if isinstance(given, str | Path):
        return load_faults(*_text(given), maps)
    for fault in given:
        touched = [on for name, on in maps.items() if fault.touches(name)]
        if not touched:
            raise UsageError(f"found a fault of {fault.map}, expected one of {', '.join(maps)}")
        for on in touched:
            check(fault, on)
    return list(given)


def _text(given: str | Path) -> tuple[str, str]:
    """A text of faults, and what to call it."""
    if str(given) in preset_names():
        return preset_text(str(given)), f"preset {given}"
    path = Path(given)
    if not path.is_file():
        raise UsageError(f"{given}: no file and no preset, expected one of {', '.join(preset_names())}")
    try:
        return path.read_text("utf-8"), str(path)
    except UnicodeDecodeError as error:
        raise UsageError(f"{given}: found no UTF-8, expected faults as TOML") from error
