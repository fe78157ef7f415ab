"""Which outputs of a batch are there: whole, broken, missing, or known not to exist."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from caloscope.cmssw.job import Format
from caloscope.cmssw.lumis import listed
from caloscope.cmssw.names import dqmio_name, legacy_name
from caloscope.cmssw.plan import Plan
from caloscope.config.ranges import Ranges

_HEADER_BYTES: Final = 24
_LARGE_FILE: Final = 1_000_000


class State(StrEnum):
    """What became of an output. ABSENT: cmsRun ended well and wrote nothing, so that the data lack the LS."""

    THERE = "there"
    MISSING = "missing"
    BROKEN = "broken"
    ABSENT = "absent"

    @property
    def wanting(self) -> bool:
        """Whether the output has to be made (again)."""
        return self in (State.MISSING, State.BROKEN)


@dataclass(frozen=True, slots=True)
class Output:
    """One file that a batch makes: of which chunk, with which lumisections, and what became of it."""

    chunk: str
    lumis: Ranges
    path: Path
    state: State


def outputs(plan: Plan) -> Iterator[Output]:
    """All outputs of a plan in order, each looked at. Raises `OSError` where the folder cannot be read."""
    folder = Path(plan.output_dir)
    there = _names(folder)
    for index, lumis in enumerate(plan.chunks):
        for part in _files(plan, lumis):
            name = _name(plan, part)
            yield Output(chunk_name(index), part, folder / name, _state(folder / name, there))


def chunk_name(index: int) -> str:
    """The name of a chunk, from zero."""
    return f"{index:05d}"


def is_whole(path: Path) -> bool:
    """Whether a file is a ROOT file written to its end: the end that its header names is its size.

    From version 1,000,000 on the header names the end in eight bytes (ROOT's `TFile` reference page, section
    "format on disk").
    """
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head, size = file.read(_HEADER_BYTES), os.fstat(file.fileno()).st_size
    except OSError:
        return False
    if len(head) < _HEADER_BYTES or not head.startswith(b"root"):
        return False
    large = int.from_bytes(head[4:8], "big") >= _LARGE_FILE
    return int.from_bytes(head[12 : 20 if large else 16], "big") == size


def _names(folder: Path) -> frozenset[str]:
    """The names in a folder, read once; none where it is not there yet."""
    try:
        return frozenset(entry.name for entry in os.scandir(folder))
    except FileNotFoundError:
        return frozenset()


def _files(plan: Plan, lumis: Ranges) -> Iterator[Ranges]:
    """The lumisections of each file that a chunk makes."""
    if plan.format is Format.DQMIO:
        yield lumis
    else:
        yield from (Ranges.of([lumi]) for lumi in listed(lumis))


def _name(plan: Plan, lumis: Ranges) -> str:
    if plan.format is Format.DQMIO:
        return dqmio_name(plan.tag, plan.run, lumis)
    return legacy_name(plan.tag, plan.run, lumis.pairs[0][0])


def _state(path: Path, there: frozenset[str]) -> State:
    if path.name in there:
        return State.THERE if is_whole(path) else State.BROKEN
    return State.ABSENT if f"{path.name}.absent" in there else State.MISSING
