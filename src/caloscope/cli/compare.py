"""`caloscope compare`: several bundles on the same lumisections."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from caloscope.cli.options import Lumis, Runs
from caloscope.cli.stages import Stages
from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.geometry import View
    from caloscope.lab import Bundle, Data, Scores
    from caloscope.records import Mask

SHORT = 8
"""Digits of a hash that people are shown, as on the page."""


class Form(StrEnum):
    """How a comparison is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def compare(
    paths: Annotated[
        list[Path], typer.Argument(metavar="BUNDLE...", help="Two bundle folders of one map, or more.")
    ],
    on: Annotated[list[Path], typer.Option("--on", help="A data set to judge; may be given again.")],
    runs: Runs = None,
    lumis: Lumis = None,
    masks: Annotated[
        list[str] | None,
        typer.Option(
            "--mask", help="Known-bad hardware that raises nothing, a region or a cell; may be given again."
        ),
    ] = None,
    form: Annotated[
        Form, typer.Option("--format", help="table, csv (a line for each bundle) or json (everything).")
    ] = Form.TABLE,
) -> None:
    """Judge the same lumisections with several bundles: who finds what, how soon, and how far they agree.

    A fault is found in the first lumisection in which half of its cells are flagged; delays count from 1. A
    day is 3,700 lumisections; intervals are 95 %. Agreement is with the first bundle. Nothing is put into a
    store.
    """
    from caloscope import bundle as bundles
    from caloscope import lab
    from caloscope.cli.compared import gather
    from caloscope.cli.compared_rows import print_csv, print_json
    from caloscope.cli.compared_shown import print_tables

    if len(paths) < 2:
        raise UsageError(f"{paths[0]}: found one bundle, expected two or more to compare")
    loaded = [bundles.load(path) for path in paths]
    _require_comparable(paths, loaded)
    first = loaded[0]
    data = lab.data(on, first.spec.name, runs, lumis, calorimeter=first.calorimeter)
    masked = _masked(masks or [], data.view)
    with Stages() as stages:
        scored = {
            name: _scored(made, data, masked, stages, name)
            for name, made in zip(_names(loaded), loaded, strict=True)
        }
    told = gather(data, scored, paths, masked=int(masked.sum()))
    {Form.TABLE: print_tables, Form.CSV: print_csv, Form.JSON: print_json}[form](told)


def _require_comparable(paths: Sequence[Path], loaded: "Sequence[Bundle]") -> None:
    """Raises `UsageError` for bundles of different maps or geometries, and for the same one twice."""
    first, seen = loaded[0], dict[str, Path]()
    for path, each in zip(paths, loaded, strict=True):
        if each.spec.name != first.spec.name:
            found = f"{path}: found a bundle of {each.spec.name}"
            raise UsageError(f"{found}, expected one of {first.spec.name} as {paths[0]} is")
        if each.view.version != first.view.version:
            found = f"{path}: found {each.spec.name} in the geometry of {each.view.era} ({each.view.version})"
            expected = f"that of {first.view.era} ({first.view.version})"
            raise UsageError(f"{found}, expected {expected} as {paths[0]} has it")
        if each.hash in seen:
            raise UsageError(f"{path}: found the same bundle as {seen[each.hash]}, expected another one")
        seen[each.hash] = path


def _names(loaded: "Sequence[Bundle]") -> list[str]:
    """What each is called; those with equal names get the beginning of their hash as well."""
    number = Counter(each.card.name for each in loaded)
    return [
        each.card.name if number[each.card.name] == 1 else f"{each.card.name} {each.hash[:SHORT]}"
        for each in loaded
    ]


def _masked(names: Sequence[str], view: "View") -> "Mask":
    """The cells of regions, or single ones, by name. Raises `UsageError` for a name that is neither."""
    import numpy as np

    masked = np.zeros(view.shape, np.bool_)
    if not names:
        return masked
    regions = {region.name: region.members for region in view.regions}
    cells = {view.describe(cell): cell for cell in map(tuple, np.argwhere(view.exists).tolist())}
    for name in names:
        if name in regions:
            masked |= regions[name]
        elif name in cells:
            masked[cells[name]] = True
        else:
            raise _strange(name, view, [*regions, *cells])
    return masked


def _strange(name: str, view: "View", known: Sequence[str]) -> UsageError:
    from caloscope.faults.fault import nearest

    expected = " or ".join(nearest(name, known)) or f"one such as {known[0]}"
    return UsageError(f"--mask {name!r}: no region and no cell of {view.name}, expected {expected}")


def _scored(made: "Bundle", data: "Data", masked: "Mask", stages: Stages, name: str) -> "Scores":
    """What a bundle says; of its numbers for each cell only the codes are kept, several take much room."""
    from dataclasses import replace

    import numpy as np

    from caloscope import lab

    scores = lab.score(made, data, masked=masked, tell=stages.of(f"judging with {name}"))
    nothing = np.broadcast_to(np.float32(np.nan), scores.codes.shape)
    return replace(scores, evidence=nothing, expected=nothing)
