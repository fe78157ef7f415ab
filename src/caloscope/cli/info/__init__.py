"""`caloscope info`: what a file, a folder, a data set, a bundle or a store holds."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from caloscope.cli.options import Calorimeter, calorimeter_text
from caloscope.errors import UsageError

_SQLITE = b"SQLite format 3\0"
_FETCHED = ("root", "http", "https", "file")


def info(
    path: Annotated[
        str,
        typer.Argument(help="A file, folder, pattern or URL; a data set, bundle or store."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="All lumisections, all rows of the tables, all maps.")
    ] = False,
    grep: Annotated[
        str | None, typer.Option("--grep", help="Only paths like this shell pattern, as '*/Occupancy/*'.")
    ] = None,
    run: Annotated[int | None, typer.Option("--run", help="Run of a source that does not say it.")] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Write pictures of a data set to this HTML file.")
    ] = None,
    calorimeter: Calorimeter = None,
) -> None:
    """What a file, folder, data set, bundle or store holds, so that one can choose maps."""
    kind = _kind(path)
    if plot is not None and kind != "data set":
        raise UsageError(f"{path}: --plot found {_A[kind]}, expected a data set")
    if grep is not None and kind in {"bundle", "store"}:
        raise UsageError(f"{path}: --grep found {_A[kind]}, expected a source or a data set")
    if kind == "store":
        _store(path, as_json, everything)
    elif kind == "bundle":
        _bundle(Path(path), as_json)
    elif kind == "data set":
        _data_set(Path(path), as_json, everything, grep, plot, calorimeter_text(calorimeter))
    else:
        _sources(path, as_json, everything, grep, run, calorimeter_text(calorimeter))


_A = {"store": "a store", "bundle": "a bundle", "data set": "a data set", "source": "another kind of source"}


def _kind(text: str) -> str:
    """What the argument names."""
    scheme, colon, _ = text.partition("://")
    if colon and scheme.lower() not in _FETCHED:
        return "store"
    path = Path(text)
    if colon or "\0" in text:
        return "source"
    if (path / "bundle.toml").is_file() or (path.is_dir() and path.suffix == ".bundle"):
        return "bundle"
    return _kind_of_file(path) if path.is_file() else "source"


def _kind_of_file(path: Path) -> str:
    """What a file is, from its first bytes."""
    with path.open("rb") as file:
        head = file.read(len(_SQLITE))
    if head.startswith(b"\x89HDF"):
        from caloscope.readers import kind

        return "data set" if kind(path) == "data set" else "source"
    return "store" if head == _SQLITE else "source"


def _store(url: str, as_json: bool, everything: bool) -> None:
    from caloscope.cli.console import console
    from caloscope.cli.info.store import show_store, store_facts
    from caloscope.cli.info.words import show_json
    from caloscope.store import Store

    # What stands before an @ may be a password.
    name = url.rpartition("@")[2].partition("?")[0] if "://" in url else url
    with Store(url, read_only=True) as store:
        found = store_facts(store, url, everything=everything)
    if as_json:
        show_json({"kind": "store", "path": name, **found})
    else:
        show_store(found, console(), name=name)


def _bundle(path: Path, as_json: bool) -> None:
    from caloscope import bundle as bundles
    from caloscope.cli.bundles import show
    from caloscope.cli.info.words import show_json

    if not as_json:
        show(path)
        return
    bundle = bundles.load(path)
    card = bundle.card.model_dump(mode="json", exclude_none=True)
    show_json({"kind": "bundle", "path": path, "hash": bundle.hash, "card": card})


def _data_set(
    path: Path, as_json: bool, everything: bool, grep: str | None, plot: Path | None, calorimeter: str | None
) -> None:
    from caloscope.cli.console import console
    from caloscope.cli.info.data_set import draw, facts_of, show_data_set
    from caloscope.cli.info.words import show_json
    from caloscope.dataset import open_data_set

    with open_data_set(path) as data:
        found = facts_of(data, grep)
        if as_json:
            show_json({"kind": "data set", "path": path, "bytes": path.stat().st_size, "facts": found})
        else:
            show_data_set(found, console(), path=path, everything=everything)
        if plot is not None:
            draw(data, found, plot, name=path.name, everything=everything, calorimeter=calorimeter)


def _sources(
    text: str, as_json: bool, everything: bool, grep: str | None, run: int | None, calorimeter: str | None
) -> None:
    from caloscope.cli.info.sources import Asked, many_files, one_file
    from caloscope.fetch import expand, local

    asked = Asked(as_json, everything, grep, run, calorimeter)
    sources = expand([text])
    if len(sources) > 1 or Path(text).is_dir():
        many_files(text, sources, asked)
        return
    with tempfile.TemporaryDirectory() as scratch, local(sources[0], Path(scratch)) as path:
        one_file(path, sources[0].name, asked)
