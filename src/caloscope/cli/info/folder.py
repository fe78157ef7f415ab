"""What `caloscope info` says of many sources at once: of each kind how many, and which lumisections."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import track

from caloscope.cli.info.words import cell, pairs, plural, size, table
from caloscope.errors import CaloscopeError
from caloscope.fetch import Source
from caloscope.readers import kind
from caloscope.readers.contents import Limits, contents

MOST_FILES = 1000
"""Files that are opened, unless all are asked for."""

_PLACES_ONLY = Limits(lumis=0, histograms=0)
_BAD_SHOWN = 5


@dataclass
class Group:
    """Files of one kind: how many, their bytes, and of the runs the first and last LS and how many rows."""

    files: int = 0
    bytes: int = 0
    rows: int = 0
    runs: dict[int, tuple[int, int]] = field(default_factory=dict)

    def add(self, run: int, first: int, last: int, rows: int) -> None:
        """Lumisections of one run in one more file."""
        low, high = self.runs.get(run, (first, last))
        self.runs[run] = (min(low, first), max(high, last))
        self.rows += rows


@dataclass
class Summary:
    """Sources by kind; `bad` are lines about those that cannot be read, `first` the first that can."""

    files: int
    looked_at: int
    remote: int = 0
    groups: dict[str, Group] = field(default_factory=dict)
    bad: list[str] = field(default_factory=list)
    first: Path | None = None


def summarise(sources: Sequence[Source], *, run: int | None, everything: bool) -> Summary:
    """Look into the local ones of many sources, the first thousand unless `everything`."""
    local = [source.path for source in sources if source.path is not None]
    chosen = local if everything else local[:MOST_FILES]
    found = Summary(len(sources), len(chosen), len(sources) - len(local))
    errors = Console(stderr=True)
    for path in track(chosen, "looking", console=errors, transient=True, disable=not errors.is_terminal):
        try:
            _add(found, path, run)
        except (CaloscopeError, OSError) as error:
            found.bad.append(str(error))
    return found


def show_summary(found: Summary, console: Console, *, name: str) -> None:
    """Print a line for each kind."""
    console.print(pairs({"sources": name, "files": f"{found.files:,}"}))
    numbers = ("files", "size", "rows")
    made = table("Kinds", "kind", *numbers, "runs and LS", numeric=numbers, wide=("runs and LS",))
    for each, group in sorted(found.groups.items()):
        made.add_row(each, f"{group.files:,}", size(group.bytes), f"{group.rows:,}", _runs(group))
    if found.groups:
        console.print(made)
    if found.remote:
        console.print(f"{plural(found.remote, 'remote file')}, not looked into")
    left = found.files - found.remote - found.looked_at
    if left:
        console.print(f"{left:,} files were not looked into: --all looks into all", markup=False)
    if found.bad:
        console.print(f"{plural(len(found.bad), 'file')} cannot be read:")
    for line in found.bad[:_BAD_SHOWN]:
        console.print(cell(f"  {line}"))
    if len(found.bad) > _BAD_SHOWN:
        console.print(f"  and {len(found.bad) - _BAD_SHOWN:,} more")


def _add(found: Summary, path: Path, run: int | None) -> None:
    """One file. Raises `CaloscopeError` and `OSError` before anything of it is noted."""
    what, count = kind(path), path.stat().st_size
    places = _data_set_places(path) if what == "data set" else _places(path, run)
    group = found.groups.setdefault(what, Group())
    group.files += 1
    group.bytes += count
    for place in places:
        group.add(*place)
    found.first = found.first or path


def _places(path: Path, run: int | None) -> list[tuple[int, int, int, int]]:
    return [
        (one.run, one.first, one.last, one.number)
        for one in contents(path, run=run, limits=_PLACES_ONLY).runs
    ]


def _data_set_places(path: Path) -> list[tuple[int, int, int, int]]:
    from caloscope.dataset import open_data_set
    from caloscope.outputs.data_page.facts import runs_of

    with open_data_set(path) as data:
        return [(one.run, one.first, one.last, one.number) for one in runs_of(data)]


def _runs(group: Group) -> str:
    """`306138: LS 1-6`, the first few runs."""
    runs = sorted(group.runs.items())
    words = [f"{run}: LS {low}-{high}" for run, (low, high) in runs[:4]]
    return "; ".join(words) + (f"; and {len(runs) - 4:,} runs more" if len(runs) > 4 else "")
