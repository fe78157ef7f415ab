"""What several commands ask for in the same words."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from caloscope.config.ranges import Ranges
from caloscope.errors import UsageError
from caloscope.records import LumiId

if TYPE_CHECKING:
    from caloscope.store import Store

StoreUrl = Annotated[
    str,
    typer.Option("--store", envvar="CALOSCOPE_STORE", help="SQLAlchemy URL or path of an SQLite file."),
]
Commissioning = Annotated[
    bool, typer.Option("--commissioning", help="Also what bundles in commissioning found.")
]
Label = Annotated[str, typer.Option("--label", help="Primary dataset or stream, such as ZeroBias.")]
BundlePaths = Annotated[list[Path], typer.Option("--bundle", help="A bundle folder; may be given again.")]
Calorimeter = Annotated[
    Path | None, typer.Option("--calorimeter", help="TOML description of a calorimeter that is not CMS's.")
]
Runs = Annotated[str | None, typer.Option("--runs", help="Runs to take, such as 306138,306150-306160.")]
Lumis = Annotated[str | None, typer.Option("--lumis", help="Lumisections to take, such as 1-3,7.")]
OutputDir = Annotated[
    Path | None, typer.Option("--output-dir", help="Folder for DQM ROOT files; none are written without it.")
]
CmsNames = Annotated[
    bool, typer.Option("--cms-names", help="Write the file and folder names that CMSSW writes.")
]


def ranges(text: str | None) -> Callable[[int], bool]:
    """A test for numbers like `1-3,7`; None admits all. Raises `UsageError` for anything else."""
    return (lambda _: True) if text is None else Ranges.parse(text).__contains__


def selection(runs: str | None, lumis: str | None) -> Callable[[LumiId], bool]:
    """A test for lumisections inside the given runs and lumisection ranges."""
    in_runs, in_lumis = ranges(runs), ranges(lumis)
    return lambda lumi_id: in_runs(lumi_id.run) and in_lumis(lumi_id.lumi)


def sources(texts: list[str]) -> list[Path]:
    """Files, folders, globs and lists as files. Raises `UsageError` for what is not there, or is remote."""
    from caloscope.fetch import expand

    found: list[Path] = []
    for source in expand(texts):
        if source.path is None:
            raise UsageError(f"{source.name}: found an address, expected files; caloscope convert takes it")
        found.append(source.path)
    return found


def calorimeter_text(path: Path | None) -> str | None:
    """The text of a calorimeter description, None where none was given."""
    if path is None:
        return None
    if not path.is_file() or path.stat().st_size > 10_000_000:
        raise UsageError(f"{path}: expected a TOML file of moderate size")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: found no UTF-8 text, expected TOML") from error


def require_map(store: "Store", name: str | None) -> None:
    """An empty table means that there is nothing; raises `UsageError` for a map that a store never had."""
    if name is None:
        return
    known = sorted({row.map for row in store.bundles()})
    if name not in known:
        maps = ", ".join(known) or "none yet"
        raise UsageError(f"--map: found {name}, expected one of this store's maps: {maps}")
