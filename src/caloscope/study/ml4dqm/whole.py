"""The comparison from the first lumisection to its page."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from caloscope.study.cells import key_of
from caloscope.study.kept import Kept
from caloscope.study.ml4dqm.comparison import Comparison, Line
from caloscope.study.ml4dqm.networks import network_verdicts
from caloscope.study.ml4dqm.page import write_page
from caloscope.study.ml4dqm.protocols import PROTOCOLS, QUICK, USUAL, Amounts, Protocol, data_of
from caloscope.study.ml4dqm.reference import NAME, reference_verdicts
from caloscope.study.ml4dqm.scoring import line_of
from caloscope.study.ml4dqm.sentences import sentences
from caloscope.study.ml4dqm.table import write_table
from caloscope.study.ml4dqm.tasks import Task, chosen

Tell: TypeAlias = Callable[[int, int, str], None]
"""Told of results that are there, of all there are, and what is being done."""

_QUICK_EPOCHS: Final = 2
_MEASURE: Final = (
    "faults.py",
    "images.py",
    "lumis.py",
    "networks.py",
    "protocols.py",
    "reference.py",
    "verdicts.py",
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One detector on one task in one protocol."""

    task: Task
    protocol: Protocol
    detector: str
    amounts: Amounts
    epochs: int | None

    @property
    def key(self) -> str:
        """Its name, from all that it depends on."""
        epochs = None if self.detector == NAME else self.epochs
        content = [asdict(self.task), self.protocol, self.detector, asdict(self.amounts), epochs, _code()]
        return key_of("ml4dqm", content)


def run(
    folder: str | Path,
    *,
    tasks: Sequence[str] | None = None,
    quick: bool = False,
    epochs: int | None = None,
    tell: Tell | None = None,
) -> Comparison:
    """Measure what is missing, and write `ml4dqm.html` and `ml4dqm.csv` into a folder.

    `tasks` are names, None for all; `quick` takes few lumisections and epochs, to see that it works;
    `epochs` are those of networks at most, None for their own number. Results are kept in `cache` inside
    the folder; the same call goes on where it was stopped. Raises `UsageError` for a task that there is
    not, where torch is not installed, and for a result that was damaged.
    """
    folder = Path(folder)
    kept = Kept((folder / "cache").absolute())
    amounts, epochs = (QUICK, epochs or _QUICK_EPOCHS) if quick else (USUAL, epochs)
    cells = list(_cells(chosen(None if tasks is None else list(tasks)), amounts, epochs))
    for number, cell in enumerate(cells):
        if not kept.has(cell.key):
            kept.write(cell.key, _measured(cell, kept.folder, _teller(tell, number, len(cells), cell)))
        if tell is not None:
            tell(number + 1, len(cells), f"{cell.task.name}, {cell.protocol}, {cell.detector}")
    found = gathered(cells, kept)
    folder.mkdir(parents=True, exist_ok=True)
    write_table(found.lines, folder / "ml4dqm.csv")
    write_page(found, folder / "ml4dqm.html")
    return found


def gathered(cells: Iterable[Cell], kept: Kept) -> Comparison:
    """What was measured so far."""
    lines: list[Line] = []
    for cell in cells:
        told = kept.read(cell.key)
        if told is not None:
            lines.append(line_of(cell.task, cell.protocol, cell.detector, told["verdicts"], told["took"]))
    return Comparison(tuple(lines), tuple(sentences(lines)))


def _cells(tasks: Sequence[Task], amounts: Amounts, epochs: int | None) -> Iterator[Cell]:
    for task in tasks:
        for protocol in PROTOCOLS:
            for detector in (task.network, NAME):
                yield Cell(task, protocol, detector, amounts, epochs)


def _measured(cell: Cell, folder: Path, tell: Callable[[str], None] | None) -> dict[str, Any]:
    started = time.perf_counter()
    data = data_of(cell.task, cell.protocol, cell.amounts, folder)
    if cell.detector == NAME:
        found = reference_verdicts(data, tell)
    else:
        theirs = cell.protocol == "theirs"
        found = network_verdicts(data, theirs=theirs, epochs=cell.epochs, tell=tell)
    return {"verdicts": found, "took": time.perf_counter() - started}


def _teller(tell: Tell | None, number: int, every: int, cell: Cell) -> Callable[[str], None] | None:
    if tell is None:
        return None
    return lambda words: tell(number, every, f"{cell.task.name}, {cell.protocol}, {words}")


@cache
def _code() -> str:
    """A digest of the parts of this package that measure."""
    digest = hashlib.sha256()
    for name in _MEASURE:
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()[:16]
