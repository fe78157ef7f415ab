"""A bundle: the folder that holds all a detector needs to run, and nothing that could run by itself.

    NAME.bundle/
        bundle.toml        the card: map, geometry, detector, thresholds and what they stand for, provenance
        reference.h5       the detector's arrays
        model.onnx         the network, where there is one
        calorimeter.toml   the calorimeter's description, where it is not a built-in one

Its hash covers every byte of these files and is part of the key of every result.
"""

import hashlib
import shutil
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import h5py
import numpy as np
import tomli_w
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from caloscope import __version__
from caloscope.config.catalogue import MapSpec
from caloscope.config.catalogue import load as load_catalogue
from caloscope.detectors import detector_class
from caloscope.detectors.base import Detector
from caloscope.errors import BundleError, CaloscopeError
from caloscope.geometry import View, view

FORMAT = 3
FILES = ("bundle.toml", "reference.h5", "model.onnx", "calorimeter.toml")
MAX_BYTES = 500_000_000

Told: TypeAlias = str | int | float | bool | list[str] | list[float]
"""What a card tells of a calibration under one name."""


class Card(BaseModel):
    """What `bundle.toml` says.

    `thresholds` are in nats, by class of places and direction (`decide.CLASSES`); `threshold` stands for
    those that are not named and equals that of cells below expectation; for a detector that scores it is the
    score's own. Together they stand for `false_alarms_per_day` false incidents in 3,700 lumisections, None
    where nobody knows; `calibration` says what that rests on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: int
    name: str
    map: str
    view: str
    era: str
    geometry: str
    detector: str
    threshold: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    false_alarms_per_day: float | None = None
    settings: dict[str, str | int | float | bool]
    training: dict[str, str | int | float | bool | list[str]]
    thresholds: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = {}
    calibration: dict[str, Told] = {}
    caloscope: str


@dataclass(frozen=True, eq=False)
class Bundle:
    """A detector ready to run on one map of one geometry."""

    card: Card
    hash: str
    spec: MapSpec
    view: View
    detector: Detector
    calorimeter: str | None = None
    model: Path | None = field(default=None)


def make_card(
    name: str,
    spec: MapSpec,
    on: View,
    detector: Detector,
    *,
    threshold: float,
    per_day: float | None,
    training: Mapping[str, str | int | float | bool | list[str]],
    thresholds: Mapping[str, float] | None = None,
    calibration: Mapping[str, Told] | None = None,
) -> Card:
    """The card of a detector that has just been fitted or imported."""
    return Card(
        format=FORMAT,
        name=name,
        map=spec.name,
        view=on.name,
        era=on.era,
        geometry=on.version,
        detector=detector.name,
        threshold=threshold,
        false_alarms_per_day=per_day,
        settings=dict(detector.settings()),
        training=dict(training),
        thresholds=dict(thresholds or {}),
        calibration=dict(calibration or {}),
        caloscope=__version__,
    )


def save(
    folder: Path, card: Card, detector: Detector, *, model: Path | None = None, calorimeter: str | None = None
) -> Bundle:
    """Write a bundle folder, whole or not at all, and answer with it as it will be loaded.

    An existing bundle of that name is replaced. Raises `BundleError` when the folder is something else.
    """
    if folder.exists() and not (folder / "bundle.toml").is_file():
        raise BundleError(f"{folder}: found something that is no bundle, expected a bundle or nothing")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        draft.chmod(0o755)
        (draft / "bundle.toml").write_bytes(tomli_w.dumps(card.model_dump(exclude_none=True)).encode())
        _write_arrays(draft / "reference.h5", detector.arrays())
        if model is not None:
            shutil.copyfile(model, draft / "model.onnx")
        if calorimeter is not None:
            (draft / "calorimeter.toml").write_text(calorimeter, encoding="utf-8")
        load(draft)  # what cannot be loaded must not take the place of what can
        _swap(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return load(folder)


def load(folder: Path) -> Bundle:
    """Read a bundle back and check that it fits this Caloscope.

    Raises `BundleError` with what was found and expected: not a bundle, another format, a card that does not
    parse, arrays of the wrong shape, a geometry that has changed since, a detector that is not known.
    """
    card = _read_card(folder / "bundle.toml")
    calorimeter = _read_text(folder / "calorimeter.toml")
    model = folder / "model.onnx"
    try:
        on = view(card.view, card.era, calorimeter)
        spec = load_catalogue(calorimeter)[card.map]
        kind = detector_class(card.detector)
    except (CaloscopeError, KeyError) as error:
        raise BundleError(f"{folder}: {error}") from error
    if on.version != card.geometry:
        found = f"{folder}: found geometry {card.geometry}, expected {on.version} for {on.name} {on.era}"
        raise BundleError(f"{found}: {_remedy(card.caloscope)}")
    detector = kind.restore(
        card.settings, _read_arrays(folder / "reference.h5"), model if model.is_file() else None
    )
    if detector.shape != on.shape:
        raise BundleError(f"{folder}: found a detector for maps of {detector.shape}, expected {on.shape}")
    return Bundle(card, digest(folder), spec, on, detector, calorimeter, model if model.is_file() else None)


def _swap(draft: Path, folder: Path) -> None:
    """Put the draft in the folder's place; the old bundle is deleted last."""
    if not folder.exists():
        draft.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
    try:
        folder.rename(old / folder.name)
        draft.rename(folder)
    finally:
        shutil.rmtree(old, ignore_errors=True)


def digest(folder: Path) -> str:
    """Hash of a bundle's content, 16 hexadecimal digits; the same wherever the folder lies."""
    total = hashlib.sha256()
    for name in FILES:
        path = folder / name
        if path.is_file():
            total.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def _read_card(path: Path) -> Card:
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        _require_format(path, told)
        card = Card.model_validate(told)
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}, expected the card of a bundle") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BundleError(f"{path}: found no TOML ({error})") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise BundleError(f"{path}: {key} = {first['input']!r}: {first['msg']}") from error
    return card


def _require_format(path: Path, told: Mapping[str, object]) -> None:
    """Raises `BundleError` for a card of another format, before anything else is asked of it."""
    found, version = told.get("format"), told.get("caloscope")
    if not isinstance(found, int) or found == FORMAT:
        return
    by = "an older" if found < FORMAT else "a newer"
    which = version[:20] if isinstance(version, str) and version.isprintable() else ""
    made = f"{path}: found format {found}, expected {FORMAT}, made by {by} Caloscope"
    raise BundleError(f"{made}: {_remedy(which)}")


def _remedy(version: str) -> str:
    """What to do with a bundle of another Caloscope, whose version this is."""
    return f"train or import it again, or use Caloscope {version or 'of its time'}, which reads it"


def _read_text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else None
    except UnicodeDecodeError as error:
        raise BundleError(f"{path}: found no UTF-8 text, expected TOML") from error


def _write_arrays(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    with h5py.File(path, "w", track_order=False) as file:
        for name in sorted(arrays):
            file.create_dataset(name, data=arrays[name], compression="gzip", compression_opts=4, shuffle=True)


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays, refusing links to other files and sizes that no calorimeter has."""
    arrays: dict[str, NDArray[Any]] = {}
    try:
        with h5py.File(path, "r") as file:
            for name in file:
                arrays[name] = _read_array(path, file, name)
    except OSError as error:
        raise BundleError(f"{path}: found no readable HDF5 ({error})") from error
    return arrays


def _read_array(path: Path, file: h5py.File, name: str) -> NDArray[Any]:
    """One array that lies in this file alone: no link, no bytes of another file behind it."""
    link, found = file.get(name, getlink=True), file.get(name)
    if not isinstance(link, h5py.HardLink) or not isinstance(found, h5py.Dataset):
        raise BundleError(f"{path}: found {name!r} to be a link or a group, expected an array")
    if found.external is not None or found.is_virtual:
        raise BundleError(f"{path}: found {name!r} to lie in another file, expected an array")
    if found.nbytes > MAX_BYTES or found.dtype.kind not in "biuf":
        raise BundleError(f"{path}: found {name!r} of {found.nbytes} bytes, expected a moderate array")
    return np.asarray(found[()])
