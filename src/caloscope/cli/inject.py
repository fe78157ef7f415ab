"""`caloscope inject`: faults into a data set, the truth kept beside."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from caloscope.cli.bar import Bar
from caloscope.cli.faults import loaded
from caloscope.cli.options import Calorimeter, calorimeter_text
from caloscope.cli.truth_file import require_free, truth_path, write_truth
from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.faults.fault import Fault
    from caloscope.inject import Injected

_SHOWN = 20
"""Faults that are told one by one."""


def inject(
    source: Annotated[Path, typer.Argument(metavar="DATA.h5", help="The data set to put faults into.")],
    faults: Annotated[str, typer.Option("--faults", help="TOML file or name of a preset: caloscope faults.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The data set with the faults, NAME.h5.")],
    maps: Annotated[
        list[str] | None, typer.Option("--map", help="A map or a pattern for maps; may be given again.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same counts.", min=0)] = 1,
    fault_seed: Annotated[
        int | None,
        typer.Option(
            "--fault-seed", help="Chooses what is random in the faults, instead of their own seed.", min=0
        ),
    ] = None,
    calorimeter: Calorimeter = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a data set that is there.")] = False,
) -> None:
    """Put faults into a data set, measured or simulated; what is wrong where and when is kept beside.

    Faults count lumisections through the runs of the data set. The truth stands in the new data set and, a
    line for each fault and map, in NAME.truth.jsonl.
    """
    from caloscope import inject as injection

    if not source.is_file():
        raise UsageError(f"{source}: no such file, expected a data set")
    require_free(output, replace=replace)
    words = calorimeter_text(calorimeter)
    chosen, told = loaded(faults, injection.views_of(source, maps, words), fault_seed)
    origin = {"command": shlex.join(["caloscope", *sys.argv[1:]]), "faults": told}
    what: dict[str, Any] = {"seed": seed, "maps": maps, "calorimeter": words, "provenance": origin}
    with Bar("putting faults in") as bar:
        done = injection.inject(source, chosen, output, **what, tell=bar.tell)
    write_truth(truth_path(output), done.lines)
    _show(done, chosen, output)


def _show(done: "Injected", faults: "Sequence[Fault]", output: Path) -> None:
    cells = ", ".join(f"{number:,} of {name}" for name, number in done.cells.items())
    print(f"{output}: {done.faulty_lumis:,} of {done.lumis:,} lumisections faulty; cells: {cells}")
    there = [
        (number, fault, lumis)
        for number, (fault, lumis) in enumerate(zip(faults, done.by_fault, strict=True), start=done.first)
        if lumis
    ]
    for number, fault, lumis in there[:_SHOWN]:
        name = f"{fault.name}, " if fault.name else ""
        print(f"{number}: {name}{fault.kind} in {fault.map}, at work {lumis:,} times")
    if len(there) > _SHOWN:
        print(f"and {len(there) - _SHOWN:,} more")
    if 0 < len(there) < len(faults):
        print(f"{len(faults) - len(there):,} others are not at work in these maps and lumisections")
    if not there:
        print("none of the faults is at work in these lumisections: when do they begin?", file=sys.stderr)
    print(f"{truth_path(output)}: the truth, fault by fault")
