"""What an export for CMSSW says to whoever imports it again: notes, as TOML in the comments of its constants.

CMSSW's own files have none of it: era, numbers of lumisections and losses, and what the threshold stands for
are not in `MLClient_cfi.py`.
"""

import re
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from caloscope.bundle.card import first_fault
from caloscope.bundle.document import parse_document
from caloscope.detectors.cmssw_ml import Parameters
from caloscope.detectors.plain_file import read_plain
from caloscope.errors import BundleError, UsageError
from caloscope.training.cmssw_text import plain

CONSTANTS: Final = {"Threshold": "threshold", "_PUcorr_slope": "slope", "_PUcorr_intercept": "intercept"}
"""How the names of `MLClient_cfi.py` end, and what they are."""

_BEGIN: Final = "# [caloscope]"
_CONSTANT: Final = re.compile(rf"^[A-Za-z]+?({'|'.join(CONSTANTS)}) = ([-+.\deE]{{1,40}})$", re.MULTILINE)
_MOST_BYTES: Final = 100_000
_TEXT: Final = 190
_ENDING: Final = "_cfi.py"

_Text = Annotated[str, Field(max_length=_TEXT)]


class Notes(BaseModel):
    """What the files were made from: map and era of the geometry, and the bundle in words.

    `threshold` says what that stands for, `per_day` the false incidents in 3,700 lumisections, if a rate is
    known. `wrapped`: the network cuts CMSSW's padding away itself. `files` are names of network and table
    with their SHA-256, `settings` the parameters of the chain but for the three constants.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    map: _Text
    era: _Text
    bundle: _Text
    threshold: _Text
    per_day: float | None = None
    wrapped: bool = False
    network: _Text
    average: _Text
    sha256: dict[str, str]
    settings: dict[str, bool | int | float | str]


@dataclass(frozen=True, slots=True)
class Package:
    """Files that an export wrote, their notes, and the parameters of the chain."""

    onnx: Path
    average: Path
    notes: Notes
    parameters: Parameters


def notes_lines(told: dict[str, Any], parameters: Parameters) -> list[str]:
    """The notes as lines of a file's comments; `told` are those of `Notes` without the settings."""
    texts = {name: plain(value)[:_TEXT] if isinstance(value, str) else value for name, value in told.items()}
    kept = {name: value for name, value in asdict(parameters).items() if name not in CONSTANTS.values()}
    text = tomli_w.dumps({"caloscope": {**texts, "settings": kept}})
    return ["What caloscope bundle import-cmssw reads beside the constants:", *text.splitlines(), ""]


def package_in(folder: Path) -> Package:
    """The export in a folder. Raises `UsageError` where there is none, or its files were changed since."""
    found = sorted(folder.glob(f"*{_ENDING}"))
    if len(found) != 1:
        what = f"{len(found)} files *{_ENDING}" if folder.is_dir() else "no folder"
        raise UsageError(f"{folder}: found {what}, expected a folder that export-cmssw wrote")
    package = _read(found[0])
    if package is None:
        told = f"{found[0]}: found no notes for an import, expected those that export-cmssw writes"
        raise UsageError(f"{told}: give --onnx, --average and the constants instead")
    for path in (package.onnx, package.average):
        if not _is_same(path, path.name, package.notes):
            raise UsageError(
                f"{path}: found another file than was exported (SHA-256), expected it as it was: "
                "give --onnx, --average and the constants instead"
            )
    return package


def package_of(onnx: Path, average: Path) -> Package | None:
    """The export that these two files are of, if its notes lie beside them; None for files of CMSSW."""
    for path in sorted(onnx.parent.glob(f"*{_ENDING}")):
        package = _read(path)
        if package is not None and all(
            _is_same(given, own.name, package.notes)
            for given, own in ((onnx, package.onnx), (average, package.average))
        ):
            return package
    return None


def _is_same(path: Path, name: str, notes: Notes) -> bool:
    """Whether a file is the one of that name in the notes."""
    return path.is_file() and sha256(path.read_bytes()).hexdigest() == notes.sha256.get(name)


def _read(path: Path) -> Package | None:
    """What constants and comments say; None where there are no notes.

    Raises `UsageError` for notes that are damaged.
    """
    try:
        text = read_plain(path, _MOST_BYTES, follow=True).decode("utf-8")
    except (OSError, UnicodeDecodeError, BundleError):
        return None  # it is somebody else's
    lines = text.splitlines()
    if _BEGIN not in lines:
        return None
    lines = lines[lines.index(_BEGIN) :]
    end = next((place for place, line in enumerate(lines) if not line.startswith("#")), len(lines))
    noted = "\n".join(line[2:] for line in lines[:end])
    try:
        notes = Notes.model_validate(parse_document(path, noted.encode()).get("caloscope"))
        constants = {CONSTANTS[name]: float(value) for name, value in _CONSTANT.findall(text)}
        parameters = Parameters.from_settings({**notes.settings, **constants})
    except ValidationError as error:
        raise UsageError(f"{path}: {first_fault(error)}; export again") from error
    except (BundleError, ValueError) as error:
        raise UsageError(f"{path}: {error}; export again") from error
    network, average = (path.parent / Path(name).name for name in (notes.network, notes.average))
    return Package(network, average, notes, parameters)
