"""What `caloscope info` says of sources: one file, or many."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from caloscope.certification import read_json
from caloscope.cli.console import console
from caloscope.cli.info.data_set import facts_of, show_data_set
from caloscope.cli.info.file import show_contents
from caloscope.cli.info.folder import show_summary, summarise
from caloscope.cli.info.words import pairs, show_json
from caloscope.config.catalogue import load
from caloscope.errors import CaloscopeError, Fault, SourceError
from caloscope.fetch import Source
from caloscope.geometry import view
from caloscope.readers import kind
from caloscope.readers.contents import Contents, Limits, contents


@dataclass(frozen=True, slots=True)
class Asked:
    """The options that matter for sources; `calorimeter` is the text of one that is not CMS's."""

    as_json: bool
    everything: bool
    grep: str | None
    run: int | None
    calorimeter: str | None


def one_file(path: Path, name: str, asked: Asked) -> None:
    """Print what a file holds; `name` is what people call it."""
    try:
        found = _contents(path, asked)
    except SourceError as error:
        if error.fault is not Fault.UNKNOWN_FORMAT or not _show_certified(path, name, asked):
            raise
        return
    if asked.as_json:
        show_json({"kind": "file", "name": name, "contents": found})
    else:
        show_contents(found, console(), name=name, everything=asked.everything)


def many_files(name: str, sources: Sequence[Source], asked: Asked) -> None:
    """Print a line for each kind among sources, then what the first of them holds."""
    found = summarise(sources, run=asked.run, everything=asked.everything)
    first = None if found.first is None or _is_data_set(found.first) else _contents(found.first, asked)
    if asked.as_json:
        show_json({"kind": "files", "name": name, "summary": found, "first": first})
        return
    shown = console()
    show_summary(found, shown, name=name)
    if first is not None:
        shown.print("\nThe first of them:")
        show_contents(first, shown, name=str(found.first), everything=asked.everything)
    elif found.first is not None:
        shown.print("\nThe first of them:")
        _show_data_set(found.first, asked)


def _show_certified(path: Path, name: str, asked: Asked) -> bool:
    """Print what a golden or DCS JSON certifies; False where the file is none."""
    try:
        found = read_json(path)
    except (CaloscopeError, OSError):
        return False
    runs = sorted(found.runs)
    lumis = sum(last - first + 1 for ranges in found.ranges.values() for first, last in ranges)
    if asked.as_json:
        show_json({"kind": "certification", "name": name, "runs": found.ranges, "lumisections": lumis})
        return True
    span = f"{len(runs):,}, {runs[0]} to {runs[-1]}" if runs else "none"
    form = "certification JSON, for --golden or --dcs"
    console().print(pairs({"file": name, "format": form, "runs": span, "lumisections": f"{lumis:,}"}))
    return True


def _contents(path: Path, asked: Asked) -> Contents:
    limits = Limits(None, None, asked.grep) if asked.everything else Limits(pattern=asked.grep)
    return contents(
        path,
        run=asked.run,
        catalogue=load(asked.calorimeter),
        views=partial(view, calorimeter=asked.calorimeter),
        limits=limits,
    )


def _is_data_set(path: Path) -> bool:
    return kind(path) == "data set"


def _show_data_set(path: Path, asked: Asked) -> None:
    from caloscope.dataset import open_data_set

    with open_data_set(path) as data:
        found = facts_of(data, asked.grep)
        show_data_set(found, console(), path=path, everything=asked.everything)
