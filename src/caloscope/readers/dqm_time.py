"""Which lumisection a DQM file is of, and when it began."""

import re
from collections.abc import Iterator

from caloscope.errors import Fault, SourceError
from caloscope.readers.dqm_tree import DqmTree
from caloscope.readers.scalars import number, to_number
from caloscope.records import LUMISECTION_SECONDS

_FOLDER = "EventInfo"
_NAMES = (r"_L(\d{9})(?!\d)", r"_LS(\d+)", r"_ls(\d+)", r"\.ls(\d{8})(?!\d)")
_MAX_LUMI = 2**31 - 1
_LATEST = 4_102_444_800.0
"""The year 2100, in seconds since 1970; a time beyond it is a fault of the clock."""


def find_lumi(tree: DqmTree) -> tuple[int, list[str]]:
    """The lumisection's number, and what had to be assumed for it.

    The scalar iLumiSection of any producer decides, the file's name where there is none (or where it is not
    positive, which is what CMSSW writes before the first lumisection). Raises `SourceError` NO_LUMISECTION
    where neither says, or where two producers contradict each other.
    """
    told = {lumi for lumi in _told(tree) if lumi > 0}
    named = lumi_in_name(tree.path.name)
    if len(told) > 1:
        found = " and ".join(str(lumi) for lumi in sorted(told))
        raise SourceError(tree.path, Fault.NO_LUMISECTION, f"lumisections {found}", "one lumisection")
    if told:
        (lumi,) = told
        if named in (None, lumi):
            return lumi, []
        return lumi, [f"lumisection {lumi} as the content says, not {named} as the file name says"]
    if named is None:
        expected = f"a scalar {_FOLDER}/iLumiSection or a number as in _L000000012 in the file name"
        raise SourceError(tree.path, Fault.NO_LUMISECTION, "no lumisection number", expected)
    return named, [f"lumisection {named} taken from the file name"]


def lumi_in_name(name: str) -> int | None:
    """The lumisection in a name such as `..._R000355456_L000000012.root` or `...root.ls00000012_host...`."""
    for pattern in _NAMES:
        matches = re.findall(pattern, name)
        if matches and 0 < int(matches[-1]) <= _MAX_LUMI:
            return int(matches[-1])
    return None


def find_start(tree: DqmTree, lumi: int) -> float | None:
    """When the lumisection began, in seconds since 1970 (UTC); None where no producer gives a time.

    The start of the run plus the length of the lumisections before; else the time of the lumisection's event.
    """
    for name, offset in (("runStartTimeStamp", (lumi - 1) * LUMISECTION_SECONDS), ("eventTimeStamp", 0.0)):
        for _, text in _everywhere(tree, name):
            seconds = number(text)
            # NaN fails every comparison, infinity the last one.
            if seconds is not None and 0 < seconds <= seconds + offset < _LATEST:
                return seconds + offset
    return None


def _told(tree: DqmTree) -> Iterator[int]:
    """What the producers say about the lumisection."""
    for path, text in _everywhere(tree, "iLumiSection"):
        value = to_number(tree.path, path, text)
        if not (value.is_integer() and abs(value) <= _MAX_LUMI):
            raise SourceError(
                tree.path, Fault.INVALID_SCALAR, f"{text[:40]!r} in {path}", "a lumisection number"
            )
        yield int(value)


def _everywhere(tree: DqmTree, name: str) -> Iterator[tuple[str, str]]:
    """Path and text of a scalar in the EventInfo folder of every producer that has it."""
    for top in sorted(tree.tops):
        path = f"{top}/{_FOLDER}/{name}"
        text = tree.scalar(path)
        if text is not None:
            yield path, text
