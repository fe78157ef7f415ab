"""What a bundle is used for, by decision of people: it can change while the bundle stays what it is.

*commissioning*: it runs and is recorded, for experts; no verdict, alarm or summary depends on it. *active*:
it has its say. *retired*: nothing runs it any more. The state lies beside the bundle's files and is not part
of its hash, or every result would lose its key when somebody changes his mind.
"""

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias, get_args

import tomli_w
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from caloscope.bundle.card import first_fault
from caloscope.bundle.document import read_document
from caloscope.bundle.files import require_folder
from caloscope.bundle.swap import recover
from caloscope.errors import BundleError, UsageError

FILE = "state.toml"

State: TypeAlias = Literal["commissioning", "active", "retired"]
STATES: Final[tuple[State, ...]] = get_args(State)


class Standing(BaseModel):
    """The state of a bundle: who set it, when (UTC) and why; nobody did where there is no file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    state: State = "active"
    by: Annotated[str, Field(max_length=100)] = ""
    at: AwareDatetime | None = None
    reason: Annotated[str, Field(max_length=500)] = ""

    @field_validator("by", "reason")
    @classmethod
    def _one_line(cls, text: str) -> str:
        if not text.isprintable():
            raise ValueError("holds characters that cannot be printed, expected one line of text")
        return text

    def told(self) -> str:
        """In words: `retired by NAME on 2026-03-01: REASON`."""
        by = f" by {self.by}" if self.by else ""
        on = f" on {self.at.astimezone(UTC):%Y-%m-%d}" if self.at else ""
        return f"{self.state}{by}{on}{f': {self.reason}' if self.reason else ''}"


ACTIVE: Final = Standing()


def read_state(folder: Path) -> Standing:
    """The state of a bundle, active where none was ever set.

    Raises `BundleError` when it is malformed, or the folder is no bundle; all else of the bundle may be
    unfit for use.
    """
    _require_card(folder)
    path = folder / FILE
    try:
        told = read_document(path)
        if "state" not in told:
            raise BundleError(f"{path}: found no state, expected one of {', '.join(STATES)}")
        return Standing.model_validate(told)
    except FileNotFoundError:
        return ACTIVE
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}, expected the state of a bundle") from error
    except ValidationError as error:
        raise BundleError(f"{path}: {first_fault(error)}; set it again") from error
    except BundleError as error:
        raise BundleError(f"{error}; set it again") from error


def write_state(folder: Path, state: State, *, by: str, reason: str = "") -> Standing:
    """Set the state of a bundle, whole or not at all.

    Raises `UsageError` for text of several lines or too much of it, and where a bundle is retired without a
    reason; `BundleError` when the folder is no bundle.
    """
    _require_card(folder)
    if state == "retired" and not reason.strip():
        raise UsageError(f"{folder}: found no reason, expected one: who meets a retired bundle wants to know")
    try:
        now = datetime.now(UTC).replace(microsecond=0)
        standing = Standing(state=state, by=by, at=now, reason=reason.strip())
    except ValidationError as error:
        raise UsageError(f"{folder}: {first_fault(error)}") from error
    put_state(folder, standing)
    return standing


def _require_card(folder: Path) -> None:
    recover(folder)
    require_folder(folder)


def put_state(folder: Path, standing: Standing) -> None:
    """Write a state file in place of another: a reader sees the old one or the new one."""
    number, name = tempfile.mkstemp(prefix=f".{FILE}.", dir=folder)
    draft = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(tomli_w.dumps(standing.model_dump(exclude_none=True)).encode())
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o644)
        draft.replace(folder / FILE)
    finally:
        draft.unlink(missing_ok=True)
