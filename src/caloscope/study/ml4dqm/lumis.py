"""Simulated lumisections that images are made of, drawn once and kept in a file."""

import zipfile
from dataclasses import astuple, dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import MapSpec, load
from caloscope.errors import UsageError
from caloscope.geometry import View, view
from caloscope.pipeline.state import Given
from caloscope.records import LumiId, MapRecord, Mask
from caloscope.simulate import Fill, conditions, healthy
from caloscope.study.cells import key_of

MAP: Final = "HCAL/digi"
ERA: Final = "2017"
DETECTOR_SEED: Final = 1
_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True, eq=False)
class Lumis:
    """Healthy lumisections of HCAL in (run, lumi) order.

    `counts` uint16 `(lumisection, cell)` of the cells that exist, in C order; `events`, `pileup` (as
    measured, NaN: unknown), `run` and `lumi` `(lumisection,)`.
    """

    counts: NDArray[np.uint16]
    events: NDArray[np.int64]
    pileup: NDArray[np.float64]
    run: NDArray[np.int64]
    lumi: NDArray[np.int64]

    def __len__(self) -> int:
        """Number of lumisections."""
        return len(self.events)

    @cached_property
    def first(self) -> NDArray[np.float32]:
        """Depth 1 of all, `(lumisection, iphi 72, ieta bin 84)`; zero where there is no channel."""
        there = on().exists[0]
        found = np.zeros((len(self), *there.shape), np.float32)
        found[:, there] = self.counts[:, : int(there.sum())]
        return found

    def given(self, place: int, first: NDArray[np.floating] | None = None) -> Given:
        """One as the pipeline gets it, with another depth 1 where that is given."""
        counts = np.zeros(on().shape, np.uint32)
        counts[on().exists] = self.counts[place]
        if first is not None:
            counts[0] = np.where(on().exists[0], first, counts[0]).astype(np.uint32)
        pileup = float(self.pileup[place])
        record = MapRecord(counts, int(self.events[place]), None if np.isnan(pileup) else pileup)
        return Given(LumiId(int(self.run[place]), int(self.lumi[place])), record, "")


@lru_cache(maxsize=1)
def on() -> View:
    """The geometry."""
    return view(spec().view, ERA)


def spec() -> MapSpec:
    """The map."""
    return load()[MAP]


def alive() -> Mask:
    """Channels of depth 1 that live, `(72, 84)`."""
    return np.asarray(healthy(spec(), on(), DETECTOR_SEED).rate[0] > 0.0)


def lumis(fills: tuple[Fill, ...], folder: Path) -> Lumis:
    """The lumisections of some runs, drawn or from the folder's file; `UsageError` for a damaged one."""
    path = folder / "maps" / f"{key_of('ml4dqm-maps', [list(astuple(fill)) for fill in fills])}.npz"
    if path.is_file():
        try:
            with np.load(path, allow_pickle=False) as kept:
                return Lumis(*(kept[name] for name in ("counts", "events", "pileup", "run", "lumi")))
        except _DAMAGE as error:
            raise UsageError(f"{path}: found no counts ({error}), remove it to draw them again") from error
    found = _drawn(fills)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    names = ("counts", "events", "pileup", "run", "lumi")
    np.savez_compressed(part, **{name: getattr(found, name) for name in names})
    part.replace(path)
    return found


def _drawn(fills: tuple[Fill, ...]) -> Lumis:
    detector = healthy(spec(), on(), DETECTOR_SEED)
    course = [at for fill in fills for at in conditions(fill)]
    counts = np.array([detector.draw(at)[on().exists] for at in course])
    if counts.max() > np.iinfo(np.uint16).max:
        raise UsageError(f"found {counts.max()} counts, expected less than {np.iinfo(np.uint16).max}")
    return Lumis(
        counts.astype(np.uint16),
        np.array([at.events for at in course], np.int64),
        np.array([np.nan if at.measured is None else at.measured for at in course]),
        np.array([at.run for at in course], np.int64),
        np.array([at.lumi for at in course], np.int64),
    )
