"""`caloscope faults`: the faults that come with Caloscope, to be used as they are or edited."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from caloscope.errors import UsageError

_KINDS = {
    "dead": "nothing is counted any more",
    "factor": "counts are thinned to `amount`, 0 to 1 [0.5]",
    "hot": "counts are `amount` times as high, above 1 [2]",
    "noisy": "noise in the share `amount` of the events that the signal leaves free [0.5]",
    "flickering": "dead in some lumisections: a share `duty` of them [0.5], at random or with a `period`",
    "drift": "the response changes by the part `amount` a day, negative downwards [-0.01]",
    "stuck": "the count is the share `amount` of the most that can be counted [1]",
    "garbage": "any number up to the share `amount` of the most that can be counted [1]",
    "scrambled": "the counts of the cells are exchanged among them",
    "full-readout": "ECAL: every event is read out in full",
}
_LARGEST = 1_000_000


def faults(
    name: Annotated[str | None, typer.Argument(help="A preset to show; without it all are listed.")] = None,
) -> None:
    """List the faults that come with Caloscope, or show one preset's TOML.

    `caloscope faults NAME > mine.toml` gives a text to edit for `--faults mine.toml`.
    """
    from caloscope.cli.info.words import console
    from caloscope.faults.presets import preset_names, preset_text, preset_title

    if name is not None:
        print(preset_text(name).rstrip("\n"))
        return
    shown = console()
    presets = Table("preset", "what", title="Presets, for --faults NAME", title_justify="left")
    for each in preset_names():
        presets.add_row(escape(each), escape(preset_title(each)))
    kinds = Table("kind", "what", title="Kinds of faults in a text of your own", title_justify="left")
    for kind, words in _KINDS.items():
        kinds.add_row(kind, escape(words))
    shown.print(presets)
    shown.print(kinds)


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
    names = ", ".join(preset_names())
    raise UsageError(f"faults {given!r}: neither a file nor a preset, expected a TOML file or one of {names}")
