"""What CMSSW's chain is set up with: its parameters, its table of average occupancy and its network."""

from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from caloscope.detectors.base import Array, Settings
from caloscope.detectors.onnx import Session
from caloscope.detectors.plain_file import read_plain
from caloscope.errors import BundleError, Fault, SourceError

MOST_LUMIS: Final = 60
"""Lumisections summed, or losses multiplied."""

MOST_TOGETHER: Final = 64
"""Of both: what fills the two queues must fit into the self-test of a bundle."""

_MOST_EVENTS: Final = 10**9
_MOST_BYTES: Final = 1_000_000
_LIMITS: Final = {
    "n_ls": MOST_LUMIS,
    "n_loss": MOST_LUMIS,
    "min_events": _MOST_EVENTS,
    "events_per_image": _MOST_EVENTS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What CMSSW sets for one map in `MLClient_cfi.py` and `MLClient.h`.

    A picture of `events_per_image` events at pileup `p` holds `slope` x `p` + `intercept` digis over the map.
    `n_ls` lumisections are summed (4 before May 2024) and must hold `min_events` events (200 in 2021); the
    last `n_loss` loss maps are multiplied, and a product above `threshold` is a flag. Both numbers are 1 to
    60, and together at most 64.
    `padding_fault` pads the left and the right of this map with the columns of the map called `companion`,
    whose pileup line is `companion_slope`, `companion_intercept`, as CMSSW does to EE+ with those of EE-.
    Raises `BundleError` for a value of another type or out of range.
    """

    slope: float
    intercept: float
    threshold: float
    n_ls: int = 3
    n_loss: int = 6
    min_events: int = 400
    events_per_image: int = 500
    padding_fault: bool = False
    companion: str = ""
    companion_slope: float = 0.0
    companion_intercept: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what the chain cannot run on."""
        for field in fields(self):
            _check_type(field.name, getattr(self, field.name), field.type)
        for name, most in _LIMITS.items():
            if not 1 <= getattr(self, name) <= most:
                raise BundleError(f"cmssw-ml: found {name} = {getattr(self, name)}, expected 1 to {most}")
        if self.n_ls + self.n_loss > MOST_TOGETHER:
            found = f"n_ls + n_loss = {self.n_ls + self.n_loss}"
            raise BundleError(f"cmssw-ml: found {found}, expected at most {MOST_TOGETHER}")
        if self.threshold <= 0:
            raise BundleError(f"cmssw-ml: found threshold = {self.threshold}, expected a number above zero")
        if self.padding_fault and not self.companion:
            raise BundleError("cmssw-ml: found padding_fault without companion, expected the name of a map")

    @property
    def companions(self) -> tuple[str, ...]:
        """The map whose columns end up in the padding, when CMSSW's padding fault is reproduced."""
        return (self.companion,) if self.padding_fault else ()

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The parameters among a bundle's settings; raises `BundleError` for a missing or a wrong one."""
        chosen: dict[str, Any] = {f.name: settings[f.name] for f in fields(cls) if f.name in settings}
        missing = [name for name in ("slope", "intercept", "threshold") if name not in chosen]
        if missing:
            raise BundleError(f"cmssw-ml: found settings without {', '.join(missing)}, expected all of them")
        return cls(**chosen)


def open_network(path: Path, input_name: str | None = None, output_name: str | None = None) -> Session:
    """A session on an autoencoder of pictures, `(1, 1, Y, X)` to the same, Y and X fixed by the file.

    Names may be left out where the file has one input and one output. Raises `BundleError`.
    """
    shape = (1, 1, None, None)
    session = Session(path, input_shape=shape, input_name=input_name, output_name=output_name)
    if None in session.input_shape:
        raise BundleError(f"{path}: found an input of any size, expected one picture of fixed size")
    return session


def read_average(path: Path, padded_shape: tuple[int, int]) -> Array:
    """CMSSW's average occupancy (`*_avgocc_*.dat`), `padded_shape` (y, x), in units of its mean.

    Numbers separated by white space, row by row, padding included; 1 stands in cells without data.
    Raises `SourceError` for anything else, a file of more than a megabyte, and for values that are not
    positive, as the loss divides by them.
    """
    expected = f"{padded_shape[0]} x {padded_shape[1]} numbers"
    try:
        words = read_plain(path, _MOST_BYTES, follow=True).decode("ascii").split()
    except (OSError, UnicodeDecodeError, BundleError) as error:
        raise SourceError(path, Fault.UNREADABLE, f"no readable text ({error})", expected) from None
    if not words:
        raise SourceError(path, Fault.EMPTY_FILE, "nothing", expected)
    values = np.empty(len(words))
    for place, word in enumerate(words):
        try:
            values[place] = float(word)
        except ValueError:
            found = f"{word[:20]!r} as number {place + 1}"
            raise SourceError(path, Fault.UNREADABLE, found, expected) from None
    if values.size != padded_shape[0] * padded_shape[1]:
        raise SourceError(path, Fault.WRONG_BINNING, f"{values.size} numbers", expected)
    wrong = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if wrong.size:
        found = f"{words[wrong[0]][:20]} as number {wrong[0] + 1}"
        raise SourceError(path, Fault.INVALID_COUNTS, found, "positive numbers")
    return values.reshape(padded_shape)


def _check_type(name: str, value: object, kind: object) -> None:
    """Refuse a parameter of another type, or a number that is not finite."""
    allowed = (int, float) if kind is float else (kind,)
    if type(value) not in allowed or (isinstance(value, float) and not isfinite(value)):
        wanted = "a finite number" if kind is float else f"a value of type {getattr(kind, '__name__', kind)}"
        raise BundleError(f"cmssw-ml: found {name} = {value!r}, expected {wanted}")
