"""The learning curve that training of a network leaves beside its bundle, as data and as a picture."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caloscope.training.neural.making import Made


def curve_of(folder: Path) -> Path:
    """Where the curve of the bundle in a folder is, `NAME.learning.json`; its picture ends in `.png`."""
    return folder.parent / f"{name_of(folder)}.learning.json"


def write_curve(folder: Path, made: "Made") -> None:
    """The learning curve beside the bundle, in the place of an older one and its picture."""
    told = {"bundle": name_of(folder), **made.told(), "curve": list(made.curve)}
    remove_curve(folder)
    curve_of(folder).write_text(json.dumps(told, indent=1), encoding="utf-8")


def remove_curve(folder: Path) -> None:
    """Take away what an older bundle of that name left: it is not how this one learned."""
    curve = curve_of(folder)
    for path in (curve, curve.with_suffix(".png")):
        path.unlink(missing_ok=True)


def name_of(folder: Path) -> str:
    """The name of a bundle in a folder."""
    return folder.name.removesuffix(".bundle")
