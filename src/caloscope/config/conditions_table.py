"""A table of conditions that people keep: scans, machine development, voltages, prescale columns.

CSV with the columns run, first, last (lumisections, both included; empty: all of the run) and any of state,
off, trigger, detail. Where rows overlap, the last one counts.
"""

import csv
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from io import StringIO
from itertools import groupby, pairwise
from pathlib import Path
from typing import Final

from caloscope.errors import UsageError
from caloscope.records import Conditions, LumiId, LumiState

COLUMNS: Final = ("run", "first", "last", "state", "off", "trigger", "detail")
MAX_BYTES: Final = 10_000_000
MAX_LUMI: Final = 2**31
MAX_WORD: Final = 10_000
"""Characters of a cell. The limit of `csv` is one for the whole process, and readers raise it."""

LONGEST: Final = 40
"""Characters of what was found that errors show."""

_STATES: Final = f"one of {', '.join(LumiState)}"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lumisections `first` to `last` of a run and what is said of them."""

    first: int
    last: int
    said: Conditions


class ConditionsTable:
    """What people say of lumisections: called with one, it answers with what is said, None for nothing."""

    def __init__(self, stretches: dict[int, list[Stretch]]) -> None:
        self._stretches = stretches

    def __call__(self, lumi: LumiId) -> Conditions | None:
        """What is said of a lumisection."""
        for stretch in reversed(self._stretches.get(lumi.run, ())):
            if stretch.first <= lumi.lumi <= stretch.last:
                return stretch.said
        return None

    def __len__(self) -> int:
        """Number of rows."""
        return sum(len(each) for each in self._stretches.values())

    @property
    def runs(self) -> frozenset[int]:
        """Runs of which something is said."""
        return frozenset(self._stretches)

    @property
    def partitions(self) -> frozenset[str]:
        """All that is off in some row, as people wrote it."""
        rows = (row for rows in self._stretches.values() for row in rows)
        return frozenset(name for row in rows for name in row.said.off)

    def of(self, run: int) -> list[Stretch]:
        """What is said of a run, the last that covers a lumisection counts."""
        return list(self._stretches.get(run, ()))


NOTHING_SAID: Final = ConditionsTable({})


def differences(before: ConditionsTable, after: ConditionsTable) -> dict[int, list[tuple[int, int]]]:
    """Lumisections, by run, of which two tables do not say the same; first and last of each stretch."""
    runs = sorted(run for run in before.runs | after.runs if before.of(run) != after.of(run))
    found = {run: _differing(run, before, after) for run in runs}
    return {run: stretches for run, stretches in found.items() if stretches}


def _differing(run: int, before: ConditionsTable, after: ConditionsTable) -> list[tuple[int, int]]:
    edges = sorted({edge for row in (*before.of(run), *after.of(run)) for edge in (row.first, row.last + 1)})
    pieces = zip(pairwise(edges), _said(before.of(run), edges), _said(after.of(run), edges), strict=True)
    found: list[tuple[int, int]] = []
    for differ, group in groupby(pieces, lambda piece: piece[1] != piece[2]):
        ends = [piece[0] for piece in group]
        found += [(ends[0][0], ends[-1][1] - 1)] if differ else []
    return found


def _said(rows: list[Stretch], edges: list[int]) -> list[Conditions | None]:
    """What is said from each edge to the next one; `edges` are those of all rows, and others."""
    said: list[Conditions | None] = [None] * (len(edges) - 1)
    for row in rows:
        low, high = bisect_left(edges, row.first), bisect_left(edges, row.last + 1)
        said[low:high] = [row.said] * (high - low)
    return said


def load(path: Path) -> ConditionsTable:
    """Read a table. Raises `UsageError` naming file and line, what was found and what was expected."""
    try:
        # A pipe or a device may never end, or never begin.
        if path.exists() and not path.is_file():
            raise UsageError(f"{path}: found no file, expected a table of conditions")
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path}: found more than {MAX_BYTES} bytes, expected a table of conditions")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: found {error}, expected a table of conditions") from None
    return parse(text, str(path))


def parse(text: str, name: str) -> ConditionsTable:
    """A table from its text; `name` is what errors call it."""
    lines = [
        (number, line)
        for number, line in enumerate(StringIO(text), start=1)
        if line.strip() and not line.startswith("#")
    ]
    reader = csv.reader(line for _, line in lines)
    try:
        # A row is known by the line on which it ends.
        (_, titles), *rows = [(lines[reader.line_num - 1][0], row) for row in reader] or [(0, [])]
    except csv.Error as error:
        raise UsageError(f"{name}: found {error}, expected a table of conditions") from None
    if "run" not in titles or not set(titles) <= set(COLUMNS):
        shown = ", ".join(titles)[:LONGEST] or "none"
        raise UsageError(f"{name}: found columns {shown}, expected {', '.join(COLUMNS)}")
    found: dict[int, list[Stretch]] = defaultdict(list)
    for number, row in rows:
        where = f"{name}: line {number}"
        if len(row) > len(titles):
            raise UsageError(f"{where}: found {len(row)} values, expected {len(titles)} or fewer")
        if (longest := max(map(len, row), default=0)) > MAX_WORD:
            raise UsageError(f"{where}: found a value of {longest} characters, expected {MAX_WORD} or fewer")
        run, stretch = _stretch(dict(zip(titles, row, strict=False)), where)
        found[run].append(stretch)
    return ConditionsTable(dict(found))


def _stretch(row: dict[str, str], where: str) -> tuple[int, Stretch]:
    words = {title: " ".join(row.get(title, "").split()) for title in COLUMNS}
    run = _number(words["run"], "run", where)
    first = _number(words["first"], "first", where) if words["first"] else 1
    last = _number(words["last"], "last", where) if words["last"] else MAX_LUMI
    if last < first:
        raise UsageError(f"{where}: found last {last} before first {first}, expected them in order")
    state = words["state"].upper().replace(" ", "_") or str(LumiState.UNTOLD)
    if state not in set(LumiState):
        raise UsageError(f"{where}: found state {words['state'][:LONGEST]!r}, expected {_STATES}")
    off = frozenset(filter(None, (each.strip() for each in words["off"].replace(";", " ").split())))
    return run, Stretch(
        first, last, Conditions(LumiState(state), off, words["trigger"], None, "", words["detail"])
    )


def _number(text: str, column: str, where: str) -> int:
    is_short = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_LUMI))
    if not (is_short and 0 < int(text) <= MAX_LUMI):
        raise UsageError(f"{where}: found {column} {text[:LONGEST]!r}, expected a whole number from 1")
    return int(text)
