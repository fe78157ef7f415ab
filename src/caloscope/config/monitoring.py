"""What the configuration of a monitor may say, table by table.

The description of each field is what a person is told to expect there, in errors and in the manual.
"""

from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from caloscope.config.labels import SHIPPED
from caloscope.records import LumiState

STATES: Final = ", ".join(LumiState)

MAX_RUN: Final = 2**31 - 1

FOLDER: Final = "folder"
"""Key of the validation context: the folder that relative paths are relative to."""


def _path(found: Any, info: ValidationInfo) -> Any:
    """A text as a path; relative ones are those of the configuration's folder."""
    if not isinstance(found, str) or not 0 < len(found) <= 1_000 or "\0" in found:
        raise ValueError("a path")
    return Path((info.context or {}).get(FOLDER, "")) / found


def _address(found: Any, info: ValidationInfo) -> Any:
    """The same of a store, which may be a URL."""
    return found if isinstance(found, str) and "://" in found else str(_path(found, info))


def _state(found: Any) -> Any:
    if found not in list(LumiState):
        raise ValueError("a state")
    return LumiState(found)


def _tuple(found: Any) -> Any:
    return tuple(found) if isinstance(found, list) else found


_Path: TypeAlias = Annotated[Path, BeforeValidator(_path)]
_State: TypeAlias = Annotated[LumiState, BeforeValidator(_state)]
_Several = BeforeValidator(_tuple)
_Words: TypeAlias = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[ -~]*$")]
_Map: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_+-]{0,31}/[A-Za-z0-9_.+-]{1,100}$")]
_Run: TypeAlias = Annotated[int, Field(ge=1, le=MAX_RUN)]
_Nats: TypeAlias = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class Table(BaseModel):
    """One table of the text: no key that nobody knows, no text where a number belongs."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _require_order(table: Table, low: str, high: str) -> None:
    """Two values of a table ascend. Raises `ValueError`."""
    least, found = getattr(table, low), getattr(table, high)
    if found < least:
        raise ValueError(f"found {high} {found:.12g}, expected {least:.12g}, which is {low}, or more")


class MonitorTable(Table):
    """`[monitor]`: what is watched, by which bundles, and where what they say goes."""

    spool: _Path = Field(description="the path of a folder")
    store: Annotated[str, BeforeValidator(_address), Field(max_length=2_000)] = Field(
        description="the path of an SQLite file or a SQLAlchemy URL"
    )
    bundles: Annotated[tuple[_Path, ...], _Several] = Field(
        min_length=1, max_length=200, description="a list of 1 to 200 paths of bundle folders"
    )
    label: _Words = Field(default="online", description="a text of 1 to 100 printable letters")
    output_dir: _Path | None = Field(default=None, description="the path of a folder outside the spool")
    cms_names: bool = Field(default=False, description="true or false")
    poll_seconds: float = Field(
        default=2.0, ge=0.05, le=60, description="a number of seconds from 0.05 to 60"
    )
    first_run: _Run = Field(default=1, description="a number of a run from 1 to 2,147,483,647")
    last_run: _Run = Field(default=MAX_RUN, description="a number of a run from 1 to 2,147,483,647")

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        _require_order(self, "first_run", "last_run")
        return self

    @property
    def runs(self) -> range:
        """The runs of which lumisections are taken."""
        return range(self.first_run, self.last_run + 1)


class ConditionsTable(Table):
    """`[conditions]`: what tells the state of the accelerator, and in which states a map is judged."""

    file: _Path | None = Field(default=None, description="the path of a CSV file of conditions")
    labels: dict[_Words, _State] = Field(
        default={}, max_length=200, description=f"a state by shell pattern of labels, each one of {STATES}"
    )
    accept: dict[_Map, Annotated[tuple[_State, ...], _Several, Field(min_length=1)]] = Field(
        default={},
        max_length=200,
        description=f"a list of states by map such as EB/digi, each one of {STATES}",
    )


class RetentionTable(Table):
    """`[retention]`: how much the store keeps in full; nothing is removed where the table is absent."""

    keep_lumis: int = Field(
        default=5_000, ge=100, le=100_000_000, description="a whole number from 100 to 100,000,000"
    )
    every: int = Field(default=10, ge=1, le=1_000_000, description="a whole number from 1 to 1,000,000")
    forget_lumis: int = Field(
        default=100_000, ge=100, le=100_000_000, description="a whole number from 100 to 100,000,000"
    )
    changes: int = Field(
        default=200_000, ge=1_000, le=100_000_000, description="a whole number from 1,000 to 100,000,000"
    )

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        _require_order(self, "keep_lumis", "forget_lumis")
        return self


class RetryTable(Table):
    """`[retry]`: how a file is tried again that could not be read for a reason that may pass."""

    first_seconds: float = Field(
        default=1.0, ge=0.05, le=3_600, description="a number of seconds from 0.05 to 3600"
    )
    longest_seconds: float = Field(
        default=300.0, ge=0.05, le=86_400, description="a number of seconds from 0.05 to 86400"
    )
    attempts: int = Field(default=12, ge=1, le=1_000, description="a whole number from 1 to 1000")

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        _require_order(self, "first_seconds", "longest_seconds")
        return self


class HealthTable(Table):
    """`[health]`: where `/healthz` and `/metrics` answer; nowhere where the table is absent."""

    host: _Words = Field(default="127.0.0.1", description="an address of this host such as 127.0.0.1")
    port: int = Field(
        default=8766, ge=0, le=65_535, description="a whole number from 0 (any free port) to 65535"
    )


class LogTable(Table):
    """`[log]`: what is told on standard error."""

    format: Literal["text", "json"] = Field(default="text", description='"text" or "json"')
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description='"debug", "info", "warning" or "error"'
    )


class Monitoring(Table):
    """The whole text; `thresholds` are nats that are added to every threshold of a map."""

    monitor: MonitorTable = Field(description="a table [monitor]")
    conditions: ConditionsTable = Field(default=ConditionsTable(), description="a table [conditions]")
    thresholds: dict[_Map, _Nats] = Field(
        default={}, max_length=200, description="numbers of nats from 0 to 100 by map such as EB/digi"
    )
    retention: RetentionTable | None = Field(default=None, description="a table [retention]")
    retry: RetryTable = Field(default=RetryTable(), description="a table [retry]")
    health: HealthTable | None = Field(default=None, description="a table [health]")
    log: LogTable = Field(default=LogTable(), description="a table [log]")

    @property
    def labels(self) -> dict[str, LumiState]:
        """States by label in the order in which they are asked: the text's own, then what is shipped."""
        own = self.conditions.labels
        return {**own, **{name: state for name, state in SHIPPED.items() if name not in own}}

    @property
    def named_maps(self) -> frozenset[str]:
        """The maps that something is said of."""
        return frozenset((*self.thresholds, *self.conditions.accept))
