"""Faults as a TOML text describes them: what it may say, and how it is checked."""

import tomllib
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    ValidationError,
    model_validator,
)

from caloscope.errors import UsageError
from caloscope.faults.check import LATEST
from caloscope.faults.choice import Choice
from caloscope.faults.fault import Kind, Mechanism
from caloscope.faults.slips import explained

MAX_TEXT: Final = 1_000_000
MAX_FAULTS: Final = 10_000

_Number: TypeAlias = Annotated[float, Field(strict=True, allow_inf_nan=False)]
_Words: TypeAlias = Annotated[str, Field(max_length=200, pattern=r"^[ -~]*$")]
_Index: TypeAlias = Annotated[StrictInt, Field(ge=0, le=100_000)]
_Lumis: TypeAlias = Annotated[StrictInt, Field(ge=0, le=LATEST)]


def _listed(found: Any) -> Any:
    """One number as a list of one."""
    return found if isinstance(found, list) else [found]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RandomText(_Table):
    """Cells chosen at random; see `Choice`."""

    shape: _Words
    within: _Words = ""
    depth: _Index | None = None
    low: Annotated[StrictInt, Field(ge=1, le=10_000)] = 1
    high: Annotated[StrictInt, Field(ge=1, le=10_000)] = 16

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.low > self.high:
            raise ValueError("'low' at most 'high'")
        return self

    @property
    def choice(self) -> Choice:
        """The same, for `chosen`."""
        return Choice(self.shape, self.within, self.depth, self.low, self.high)


class FaultText(_Table):
    """One table `[[fault]]`."""

    map: Annotated[_Words, Field(min_length=1)]
    kind: Literal[Kind, "flickering"]
    name: _Words = ""
    amount: Annotated[
        list[_Number], BeforeValidator(_listed), Field(min_length=1, max_length=MAX_FAULTS)
    ] = []
    mechanism: Mechanism = "channels"
    cells: Annotated[list[list[_Index]], Field(min_length=1)] | None = None
    region: Annotated[_Words, Field(min_length=1)] | None = None
    rows: Annotated[list[_Index], Field(min_length=1)] | None = None
    columns: Annotated[list[_Index], Field(min_length=1)] | None = None
    depth: _Index | None = None
    random: RandomText | None = None
    count: Annotated[StrictInt, Field(ge=1, le=MAX_FAULTS)] | None = None
    every: _Lumis = 0
    lasts: Annotated[_Lumis, Field(ge=1)] | None = None
    jitter: _Lumis = 0
    onset: Annotated[_Lumis, Field(ge=1)] = 1
    end: _Lumis | None = None
    within_lumisection: _Number = 0.0
    ramp: _Lumis = 0
    duty: _Number | None = None
    period: _Lumis = 0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if sum(place is not None for place in (self.cells, self.region, self.random)) != 1:
            raise ValueError("one of 'cells', 'region' and 'random'")
        if self.region is None and any(part is not None for part in (self.rows, self.columns, self.depth)):
            raise ValueError("'rows', 'columns' and 'depth' beside a 'region' only")
        if self.lasts is not None and self.end is not None:
            raise ValueError("'lasts' or 'end', not both")
        return self

    @property
    def copies(self) -> int:
        """How many faults this is."""
        return self.count if self.count is not None else max(1, len(self.amount))


class FaultsText(_Table):
    """The whole text."""

    seed: Annotated[StrictInt, Field(ge=0, le=2**63 - 1)] = 1
    fault: Annotated[list[FaultText], Field(min_length=1, max_length=MAX_FAULTS)]

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if sum(one.copies for one in self.fault) > MAX_FAULTS:
            raise ValueError(f"at most {MAX_FAULTS:,} faults, copies counted")
        return self


def parse(text: str, label: str) -> FaultsText:
    """Check a text; raises `UsageError` that names the label, key, value and what was expected."""
    if len(text) > MAX_TEXT:
        raise UsageError(f"{label}: found {len(text):,} characters, expected at most {MAX_TEXT:,}")
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers of many digits and deep nesting end there too
        raise UsageError(f"{label}: not TOML: {error}") from error
    try:
        return FaultsText.model_validate(tables)
    except ValidationError as error:
        keys = [list(model.model_fields) for model in (FaultsText, FaultText, RandomText)]
        raise UsageError(f"{label}: {explained(error, tables, keys)}") from error
