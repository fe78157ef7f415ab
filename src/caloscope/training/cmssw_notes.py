"""What an export for CMSSW says to whoever imports it again: notes, as TOML in the comments of its constants.

CMSSW's own files have none of it: era, numbers of lumisections and losses, and what the threshold stands for
are not in `MLClient_cfi.py`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import file_digest, sha256
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any, Final

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from caloscope.bundle.card import Plain, Positive, first_fault, plain
from caloscope.bundle.document import parse_document
from caloscope.detectors.cmssw_ml import Parameters
from caloscope.detectors.onnx_file import MOST_BYTES as MOST_OF_A_NETWORK
from caloscope.detectors.plain_file import open_plain, read_plain
from caloscope.errors import BundleError, UsageError

CONSTANTS: Final = {"Threshold": "threshold", "_PUcorr_slope": "slope", "_PUcorr_intercept": "intercept"}
"""How the names of `MLClient_cfi.py` end, and what they are."""

_BEGIN: Final = "# [caloscope]"
_CONSTANT: Final = re.compile(rf"^[A-Za-z]+?({'|'.join(CONSTANTS)}) = ([-+.\deE]{{1,40}})$", re.MULTILINE)
_MOST_BYTES: Final = 100_000
_TEXT: Final = 190
_ENDING: Final = "_cfi.py"

_Text = Annotated[Plain, Field(max_length=_TEXT)]


class Notes(BaseModel):
    """What the files were made from: map and era of the geometry, and the bundle in words.

    `threshold` says what that stands for, `per_day` the false incidents in 3,700 lumisections, if a rate is
    known. `wrapped`: the network cuts CMSSW's padding away itself. `sha256` are those of network and table by
    name, `settings` the parameters of the chain but for the three constants. `sealed` is a SHA-256 of all
    that threshold and rate are for: where it differs, something was changed since, and neither is so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    map: _Text
    era: _Text
    bundle: _Text
    threshold: _Text
    per_day: Positive | None = None
    wrapped: bool = False
    network: _Text
    average: _Text
    sha256: dict[Plain, str]
    settings: dict[Plain, bool | int | float | Plain]
    sealed: str = ""

    def meant(self, map_name: str, era: str, parameters: Parameters) -> bool:
        """Whether threshold and rate are for this map, this era and these parameters."""
        here = {**self.model_dump(), "map": map_name, "era": era}
        return self.sealed == _seal(here, parameters)


@dataclass(frozen=True, slots=True)
class Package:
    """Files that an export wrote, their notes, and the parameters of the chain."""

    onnx: Path
    average: Path
    notes: Notes
    parameters: Parameters


def notes_lines(told: dict[str, Any], parameters: Parameters) -> list[str]:
    """The notes as lines of a file's comments; `told` are those of `Notes` without settings and seal."""
    texts = {name: plain(value)[:_TEXT] if isinstance(value, str) else value for name, value in told.items()}
    kept = {name: value for name, value in asdict(parameters).items() if name not in CONSTANTS.values()}
    sealed = _seal(texts, parameters)
    text = tomli_w.dumps({"caloscope": {**texts, "sealed": sealed, "settings": kept}})
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
        try:
            package = _read(path)
        except UsageError:
            continue  # damaged notes may be of other files
        if package is not None and all(
            _is_same(given, own.name, package.notes)
            for given, own in ((onnx, package.onnx), (average, package.average))
        ):
            return package
    return None


def _is_same(path: Path, name: str, notes: Notes) -> bool:
    """Whether a file is the one of that name in the notes."""
    try:
        with open_plain(path, MOST_OF_A_NETWORK, follow=True) as file:
            return file_digest(file, "sha256").hexdigest() == notes.sha256.get(name)
    except (OSError, BundleError):
        return False  # none, none that can be, or none that was ever exported


def _seal(told: Mapping[str, Any], parameters: Parameters) -> str:
    """SHA-256 of all that a threshold and its rate are for."""
    names = ("map", "era", "threshold", "per_day", "sha256")
    texts = {name: told.get(name) for name in names}
    numbers = {k: v if isinstance(v, str) else float(v) for k, v in asdict(parameters).items()}
    return sha256(json.dumps([texts, numbers], sort_keys=True).encode()).hexdigest()


def _read(path: Path) -> Package | None:
    """What constants and comments say; None where there are no notes.

    Raises `UsageError` for notes that are damaged.
    """
    try:
        text = read_plain(path, _MOST_BYTES, follow=True).decode("utf-8")
    except (OSError, UnicodeDecodeError, BundleError):
        return None  # it is somebody else's
    lines = text.splitlines()  # whatever they end with
    if _BEGIN not in lines:
        return None
    after = lines[lines.index(_BEGIN) :]
    noted = "\n".join(line[2:] for line in takewhile(lambda line: line.startswith("#"), after))
    try:
        notes = Notes.model_validate(parse_document(path, noted.encode()).get("caloscope"))
        constants = {CONSTANTS[name]: float(value) for name, value in _CONSTANT.findall("\n".join(lines))}
        parameters = Parameters.from_settings({**notes.settings, **constants})
    except ValidationError as error:
        raise UsageError(f"{path}: {first_fault(error)}; export again") from error
    except (BundleError, ValueError) as error:
        raise UsageError(f"{path}: {error}; export again") from error
    network, average = (path.parent / Path(name).name for name in (notes.network, notes.average))
    return Package(network, average, notes, parameters)
