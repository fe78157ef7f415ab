"""`caloscope faults`: the faults that come with Caloscope, to be used as they are, edited or looked at."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.faults.fault import Fault
    from caloscope.geometry import View

_KINDS: Final = {
    "dead": "nothing is counted any more",
    "factor": "counts are thinned to `amount`, 0 to below 1",
    "hot": "counts are `amount` times as high, above 1",
    "noisy": "noise in the share `amount` of the events that the signal leaves free",
    "flickering": "dead in some lumisections, at random or with a `period`: a share `duty` of them",
    "drift": "the response changes by the part `amount` a day, negative downwards",
    "stuck": "the count is the share `amount` of the most that can be counted",
    "garbage": "any number up to the share `amount` of the most that can be counted",
    "scrambled": "the counts of the cells are exchanged among them",
    "full-readout": "ECAL: every event is read out in full",
}
_LARGEST: Final = 1_000_000


def faults(
    name: Annotated[str | None, typer.Argument(help="A preset to show; without it all are listed.")] = None,
    pictures: Annotated[
        Path | None, typer.Option("--pictures", metavar="DIR", help="Folder for pictures of every kind.")
    ] = None,
    views: Annotated[
        list[str] | None, typer.Option("--view", help="Only pictures of EB, EE+, EE-, HCAL or HO.")
    ] = None,
) -> None:
    """List the faults that come with Caloscope, show one preset's TOML, or draw what each kind looks like.

    `caloscope faults NAME > mine.toml` gives a text to edit for `--faults mine.toml`.
    """
    if pictures is not None and name is not None:
        raise UsageError(f"found preset {name!r} and --pictures: expected one of them")
    if pictures is None and views:
        raise UsageError("--view is for pictures: expected --pictures DIR too")
    if pictures is not None:
        _draw(pictures, views)
    elif name is not None:
        print(_preset(name).rstrip("\n"))
    else:
        _list()


def _preset(name: str) -> str:
    """The TOML of a preset. Raises `UsageError` where it is none, or a file."""
    from caloscope.faults.presets import preset_names, preset_text

    if name in preset_names():
        return preset_text(name)
    if Path(name).is_file():
        raise UsageError(
            f"{name} is a file, expected a preset: use it as --faults {name} of "
            "`caloscope simulate` or `caloscope inject`"
        )
    raise _neither(name)


def _neither(given: str) -> UsageError:
    """The refusal of what is no file and no preset: a file that is missing, or a preset with a slip."""
    from caloscope.faults.fault import nearest
    from caloscope.faults.presets import preset_names

    path = Path(given)
    if path.is_dir():
        return UsageError(f"{given}: found a folder, expected a TOML file or a preset")
    if path.suffix or "/" in given or os.sep in given:
        return UsageError(f"{given}: no such file")
    near = nearest(given, preset_names())
    names = ", ".join(near) if near else "those that `caloscope faults` lists"
    which = names if len(near) == 1 else f"one of {names}"
    return UsageError(f"faults {given!r}: neither a file nor a preset, expected {which}")


def _draw(folder: Path, views: list[str] | None) -> None:
    from caloscope.validation.fault_pictures import write_fault_pictures

    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: found a file, expected a folder for pictures")
    for path in write_fault_pictures(folder, views=views):
        print(path)


def _list() -> None:
    from caloscope.cli.console import console
    from caloscope.faults.presets import preset_names, preset_title

    shown = console()
    presets = Table("preset", "what", title="Presets, for --faults NAME", title_justify="left")
    for each in preset_names():
        presets.add_row(escape(each), escape(preset_title(each)))
    kinds = Table("kind", "what", title="Kinds of faults in a text of your own", title_justify="left")
    for kind, words in _KINDS.items():
        kinds.add_row(kind, escape(f"{words}{_usual(kind)}"))
    shown.print(presets)
    shown.print(kinds)


def _usual(kind: str) -> str:
    """What stands for the number that the words of a kind name, if they do."""
    from caloscope.faults.fault import USUAL
    from caloscope.faults.text import DUTY

    numbers = {"flickering": DUTY} | dict(USUAL.items())
    named = "`amount`" in _KINDS[kind] or "`duty`" in _KINDS[kind]
    return f" [{numbers[kind]:g}]" if named else ""


def loaded(
    given: str, views: "Mapping[str, View]", seed: int | None
) -> "tuple[list[Fault], dict[str, str | int | None]]":
    """The faults of a TOML file or a preset for these maps, and what provenance says of the text.

    Raises `UsageError` where they are neither, or will not do.
    """
    from caloscope.faults.text import load_faults

    text, label = faults_text(given)
    digest = hashlib.sha256(text.encode()).hexdigest()
    told: dict[str, str | int | None] = {"name": label, "checksum": f"sha256:{digest}", "seed": seed}
    return load_faults(text, label, views, seed=seed), told


def faults_text(given: str) -> tuple[str, str]:
    """The TOML text of a file, or of a preset, and what to call it.

    Raises `UsageError` where it is neither, or too long.
    """
    from caloscope.faults.presets import preset_names, preset_text

    path = Path(given)
    if path.is_file():
        if path.stat().st_size > _LARGEST:
            raise UsageError(f"{given}: found {path.stat().st_size:,} bytes, expected at most {_LARGEST:,}")
        try:
            return path.read_text("utf-8"), given
        except UnicodeDecodeError as error:
            raise UsageError(f"{given}: found no UTF-8, expected faults as TOML") from error
    if given in preset_names():
        return preset_text(given), f"preset {given}"
    raise _neither(given)
