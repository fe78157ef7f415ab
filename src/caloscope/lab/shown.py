"""Pictures for a notebook."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from caloscope.bundle import Bundle
from caloscope.errors import UsageError
from caloscope.lab.answers import Scores
from caloscope.records import Code

if TYPE_CHECKING:
    from caloscope.figures import Shown

FEW = 5.0
"""Expected counts below which observed over expected is not shown: it would be noise alone."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that a notebook shows, `width` pixels wide; `png` holds the bytes of its file."""

    png: bytes = field(repr=False)
    title: str
    width: int

    def save(self, path: str | Path) -> Path:
        """Write the PNG file, and say where."""
        Path(path).write_bytes(self.png)
        return Path(path)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return self.png, {"width": self.width}


def picture(scores: Scores, run: int, lumi: int) -> Picture:
    """One lumisection: counts, observed over expected, evidence, and where it is known the truth.

    Lines go around the cells that are flagged. Raises `UsageError` for a lumisection that was not scored, and
    where matplotlib is not installed.
    """
    from caloscope import figures

    place = scores.data.place(run, lumi)
    why = scores.reason[place]
    title = f"{scores.data.map}, {run}:{lumi}: {scores.quality[place]}{'' if why is None else f' ({why})'}"
    shown = _parts(scores, run, lumi)
    columns = 1 if len(shown) == 1 else 2
    made = figures.map_figure(
        scores.data.view, shown, f"{scores.bundle.card.name} on {title}", columns=columns
    )
    return Picture(made, title, 800)


def curve(bundle: Bundle) -> Picture:
    """How a network learned, from the file that training left beside its bundle.

    Raises `UsageError` where there is none, as for a detector without a network, and where matplotlib is not
    installed.
    """
    from caloscope import figures
    from caloscope.training.curve import curve_of

    if bundle.folder is None:
        raise UsageError(f"{bundle.card.name}: not of a folder, expected one with a learning curve beside it")
    path = curve_of(bundle.folder)
    if not path.is_file():
        found = f"{path}: no such file, expected the learning curve of {bundle.card.name}"
        raise UsageError(f"{found}: only training of a network leaves one")
    try:
        told = json.loads(path.read_text("utf-8"))
        subtitle = f"{told['parameters']:,} parameters; stopped: {told['finished']}"
        made = figures.learning_figure(bundle.card.name, told["curve"], subtitle)
    except (ValueError, LookupError, TypeError) as error:
        raise UsageError(f"{path}: found {error!r}, expected a learning curve") from error
    return Picture(made, bundle.card.name, 620)


def _parts(scores: Scores, run: int, lumi: int) -> "list[Shown]":
    """The maps of a picture; those that there is nothing of are left out."""
    from caloscope.figures import Shown
    from caloscope.figures.maps import SIGNED

    place = scores.data.place(run, lumi)
    record = scores.data.at(run, lumi).maps[scores.data.map]
    counts = record.counts.astype(np.float64)
    there = counts[scores.data.view.exists]
    flagged = np.asarray(scores.codes[place] == Code.BAD)
    parts = [Shown("counts", counts, 0.0, max(1.0, float(np.quantile(there, 0.995))), outlined=flagged)]
    expected = scores.expected[place].astype(np.float64)
    enough = np.nan_to_num(expected) >= FEW
    if enough.any():
        ratio = np.divide(counts, expected, out=np.full(counts.shape, np.nan), where=enough)
        parts.append(Shown("observed / expected", ratio, 0.0, 2.0, "", SIGNED, flagged))
    evidence = scores.evidence[place].astype(np.float64)
    if np.isfinite(evidence).any():
        what, unit = ("score", "the detector's own") if scores.scores else ("evidence for a fault", "nats")
        high = 2.0 * scores.threshold
        title = f"{what}, threshold {scores.threshold:.3g}"
        parts.append(
            Shown(title, np.where(scores.alive, evidence, np.nan), 0.0, high, unit, outlined=flagged)
        )
    wrong = scores.data.truth_at(run, lumi)
    if scores.data.truth:
        factor = np.ones(counts.shape) if wrong is None else wrong.factor.astype(np.float64)
        parts.append(Shown("truth: counts over healthy counts", factor, 0.0, 2.0, "", SIGNED, flagged))
    return parts
