"""A bundle as a folder: loading what fits this Caloscope."""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from caloscope.bundle.arrays import read_arrays
from caloscope.bundle.card import Card, parse_card, remedy, require_map, require_settings
from caloscope.bundle.document import MOST_BYTES, parse_document
from caloscope.bundle.files import (
    ARRAYS,
    CALORIMETER,
    CARD,
    MODEL,
    digest_of,
    require_files,
    require_folder,
)
from caloscope.bundle.state import ACTIVE, Standing, read_state
from caloscope.bundle.swap import recover
from caloscope.config.catalogue import MapSpec
from caloscope.config.catalogue import load as load_catalogue
from caloscope.detectors import detector_class
from caloscope.detectors.base import Detector
from caloscope.detectors.plain_file import read_plain
from caloscope.errors import BundleError, CaloscopeError
from caloscope.geometry import View, view


@dataclass(frozen=True, eq=False)
class Bundle:
    """A detector ready to run on one map of one geometry; `folder` is where it was loaded from, if it was."""

    card: Card
    hash: str
    spec: MapSpec
    view: View
    detector: Detector
    calorimeter: str | None = None
    model: Path | None = field(default=None)
    standing: Standing = ACTIVE
    folder: Path | None = None

    @property
    def label(self) -> str:
        """What people call it: its folder's name, else that on its card."""
        return self.card.name if self.folder is None else self.folder.name

    def __repr__(self) -> str:
        """One line: the arrays of a detector fill pages."""
        told = f"{self.card.detector} for {self.spec.name} ({self.view.era})"
        hash_ = f"hash {self.hash}" if self.hash else "not saved yet"
        return f"<Bundle {self.card.name}: {told}, {hash_}, {self.standing.state}>"


def load(folder: Path) -> Bundle:
    """Read a bundle back and check that it fits this Caloscope.

    Raises `BundleError` with what was found and expected: not a bundle, another format, a card or state that
    does not parse, a file that is missing or altered, arrays of the wrong shape, a geometry that has changed
    since, a detector that is not known, a network without the output that is asked for.
    """
    recover(folder)
    content = _read_card(folder)
    card = parse_card(folder / CARD, content)
    checked = {**require_files(folder, card.files), CARD: sha256(content).hexdigest()}
    standing = read_state(folder)
    calorimeter = _read_calorimeter(folder / CALORIMETER) if CALORIMETER in card.files else None
    model = folder / MODEL if MODEL in card.files else None
    try:
        on = view(card.view, card.era, calorimeter)
        spec = load_catalogue(calorimeter)[card.map]
        kind = detector_class(card.detector)
    except (CaloscopeError, KeyError) as error:
        raise BundleError(f"{folder}: {error}") from error
    require_map(folder / CARD, card, spec)
    if on.version != card.geometry:
        found = f"{folder}: found geometry {card.geometry}, expected {on.version} for {on.name} {on.era}"
        raise BundleError(f"{found}: {remedy(card.caloscope)}")
    detector = kind.restore(card.settings, read_arrays(folder / ARRAYS), model)
    require_settings(folder / CARD, card, detector)
    if detector.shape != on.shape:
        raise BundleError(f"{folder}: found a detector for maps of {detector.shape}, expected {on.shape}")
    if _read_card(folder) != content:  # its detector may be the other bundle's
        raise BundleError(f"{folder}: found another bundle than a moment ago, expected one: load it again")
    return Bundle(card, digest_of(checked), spec, on, detector, calorimeter, model, standing, folder)


def _read_card(folder: Path) -> bytes:
    """The bytes of the card. Raises `BundleError` where there is none."""
    path = folder / CARD
    require_folder(folder)
    try:
        return read_plain(path, MOST_BYTES)
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}, expected the card of a bundle") from error


def _read_calorimeter(path: Path) -> str:
    """The text of a calorimeter's description, once it is known to be TOML without traps."""
    content = read_plain(path, MOST_BYTES)
    parse_document(path, content)
    return content.decode("utf-8")
