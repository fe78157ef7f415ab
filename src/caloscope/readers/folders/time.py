"""Which lumisection a DQM file is of, and when it began."""

import re
from collections.abc import Iterator

from caloscope.errors import Fault, SourceError
from caloscope.readers.folders.tree import Folders
from caloscope.readers.scalars import number, to_number
from caloscope.records import LUMISECTION_SECONDS

_FOLDER = "EventInfo"
_SNAPSHOT = r"\.ls(\d{8})(?!\d)"
_NAMES = (r"_L(\d{9})(?!\d)", r"_LS(\d+)", r"_ls(\d+)", _SNAPSHOT)
_WHOLE_RUN = r"_R\d{9}(__.*)?\.root$"
MAX_LUMI = 2**31 - 1
_LATEST = 4_102_444_800.0
"""The year 2100, in seconds since 1970; a time beyond it is a fault of the clock."""


def find_lumi(folders: Folders, assumed: int | None = None) -> tuple[int, list[str]]:
    """The lumisection's number, and what had to be assumed for it.

    The scalar iLumiSection of any producer decides, the file's name where there is none (or where it is not
    positive, which is what CMSSW writes before the first lumisection), then the number `assumed`. Raises
    `SourceError` NO_LUMISECTION where there is none of them, or where two producers contradict each other.
    """
    told = {lumi for lumi in _told(folders) if lumi > 0}
    named = lumi_in_name(folders.path.name)
    if len(told) > 1:
        found = " and ".join(str(lumi) for lumi in sorted(told))
        raise SourceError(folders.path, Fault.NO_LUMISECTION, f"lumisections {found}", "one lumisection")
    if told:
        (lumi,) = told
        if named in (None, lumi):
            return lumi, []
        return lumi, [f"lumisection {lumi} as the content says, not {named} as the file name says"]
    if named is None and assumed is not None:
        return assumed, [f"lumisection {assumed} assumed, neither content nor file name says which"]
    if named is None:
        expected = f"a scalar {_FOLDER}/iLumiSection or a number as in _L000000012 in the file name"
        raise SourceError(folders.path, Fault.NO_LUMISECTION, "no lumisection number", expected)
    return named, [f"lumisection {named} taken from the file name"]


def lumi_in_name(name: str) -> int | None:
    """The lumisection in a name such as `..._R000355456_L000000012.root` or `...root.ls00000012_host...`."""
    for pattern in _NAMES:
        matches = re.findall(pattern, name)
        if matches and 0 < int(matches[-1]) <= MAX_LUMI:
            return int(matches[-1])
    return None


def covers_run(name: str) -> bool:
    """Whether what accumulates in a file of this name does so since the start of the run.

    So it is in the online snapshots `<name>.root.ls00000012_...` and in the files of whole runs,
    `..._R000355456.root` and `DQM_V0001_R000355456__<dataset>__<era>__DQMIO.root`; a file whose name gives
    one lumisection in another way holds that one alone.
    """
    if re.search(_SNAPSHOT, name):
        return True
    return lumi_in_name(name) is None and re.search(_WHOLE_RUN, name) is not None


def find_start(folders: Folders, lumi: int, of_run: Folders | None = None) -> float | None:
    """When the lumisection began, in seconds since 1970 (UTC); None where no producer gives a time.

    The start of the run (also looked for in the folders `of_run`) plus the length of the lumisections before;
    else the time of the lumisection's event.
    """
    since_start = (lumi - 1) * LUMISECTION_SECONDS
    tries = [(folders, "runStartTimeStamp", since_start), (folders, "eventTimeStamp", 0.0)]
    if of_run is not None:
        tries.insert(1, (of_run, "runStartTimeStamp", since_start))
    for where, name, offset in tries:
        for _, text in _everywhere(where, name):
            seconds = number(text)
            # NaN fails every comparison, infinity the last one.
            if seconds is not None and 0 < seconds <= seconds + offset < _LATEST:
                return seconds + offset
    return None


def _told(folders: Folders) -> Iterator[int]:
    """What the producers say about the lumisection."""
    for path, text in _everywhere(folders, "iLumiSection"):
        value = to_number(folders.path, path, text)
        if not (value.is_integer() and abs(value) <= MAX_LUMI):
            raise SourceError(
                folders.path, Fault.INVALID_SCALAR, f"{text[:40]!r} in {path}", "a lumisection number"
            )
        yield int(value)


def _everywhere(folders: Folders, name: str) -> Iterator[tuple[str, str]]:
    """Path and text of a scalar in the EventInfo folder of every producer that has it."""
    for top in sorted(folders.tops):
        path = f"{top}/{_FOLDER}/{name}"
        text = folders.scalar(path)
        if text is not None:
            yield path, text
