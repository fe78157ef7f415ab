"""The TOML text that describes a calorimeter which is not CMS's: what it may say, and how it is checked.

`docs/calorimeters.md` explains it to the people who write one. Tables `producers` and `maps` of the same
text belong to the map catalogue and are not looked at here.
"""

import tomllib
from typing import Annotated, Any, Final, Self, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    StrictBool,
    StrictInt,
    ValidationError,
    model_validator,
)

from caloscope.errors import UsageError

MAX_TEXT: Final = 1_000_000
MAX_CELLS: Final = 2_000_000
MAX_REGION_CELLS: Final = 200_000_000
RESERVED: Final = ("depth", "view", "region", "row", "column")
"""Names that cell names may use beside those of the axes."""

ViewName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_+-]{0,31}$")]
AxisName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,15}$")]
Label: TypeAlias = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[ -~]+$")]
Box: TypeAlias = dict[str, StrictInt | str | list[StrictInt | str]]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AxisText(_Table):
    """An axis: how it is booked, and the coordinate in each bin, either listed or counted."""

    name: AxisName
    title: str = ""
    low: FiniteFloat
    high: FiniteFloat
    values: list[StrictInt] = Field(default=[], max_length=10_000)
    bins: StrictInt | None = Field(default=None, ge=1, le=10_000)
    first: StrictInt = 1
    step: StrictInt = 1
    circular: StrictBool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if bool(self.values) == (self.bins is not None):
            raise ValueError("either 'values' or 'bins' (with 'first' and 'step'), not both")
        if len(set(self.coordinates)) != len(self.coordinates):
            raise ValueError("a different coordinate in every bin")
        if not self.low < self.high:
            raise ValueError("'low' smaller than 'high'")
        if self.name in RESERVED:
            raise ValueError(f"a name other than {', '.join(RESERVED)}")
        return self

    @property
    def coordinates(self) -> tuple[int, ...]:
        """Coordinate in each bin."""
        return tuple(self.values) or tuple(self.first + self.step * i for i in range(self.bins or 0))


class RegionText(_Table):
    """Cells that share hardware, as a union of boxes."""

    name: Label
    kind: Label
    boxes: list[Box] = Field(min_length=1)


class ViewText(_Table):
    """One view: axes, depths, cells, regions, and how a cell is called."""

    y: AxisText
    x: AxisText
    depths: list[StrictInt] = Field(default=[], max_length=100)
    present: list[Box] | None = None
    absent: list[Box] = []
    regions: list[RegionText] = []
    cell_name: str | None = Field(default=None, max_length=200)
    notes: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.y.name == self.x.name:
            raise ValueError("two axes with different names")
        if len(set(self.depths)) != len(self.depths):
            raise ValueError("a list of depths without repetition")
        cells = len(self.y.coordinates) * len(self.x.coordinates) * max(len(self.depths), 1)
        if cells > MAX_CELLS or cells * len(self.regions) > MAX_REGION_CELLS:
            raise ValueError(f"at most {MAX_CELLS:,} cells, and {MAX_REGION_CELLS:,} cells times regions")
        names = [(region.kind, region.name) for region in self.regions]
        if len(set(names)) != len(names):
            raise ValueError("regions that differ in name or kind")
        return self


class CalorimeterText(_Table):
    """The whole text."""

    name: Label
    eras: list[Label] = []
    views: dict[ViewName, ViewText] = Field(min_length=1)
    producers: dict[str, Any] = {}
    maps: dict[str, Any] = {}


def _explained(error: ValidationError) -> str:
    """The first thing wrong in one line: key, value, what was expected."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"]) or "text"
    if first["type"] == "missing":
        return f"calorimeter text: {key} is missing"
    # tables are named, not printed
    found = "a table" if isinstance(first["input"], dict | BaseModel) else repr(first["input"])[:60]
    return f"calorimeter text: {key} is {found}: expected: {first['msg'].removeprefix('Value error, ')}"


def parse(text: str) -> CalorimeterText:
    """Check a text; raises UsageError that names key, value and what was expected."""
    if len(text) > MAX_TEXT:
        raise UsageError(f"calorimeter text: {len(text):,} characters, expected at most {MAX_TEXT:,}")
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers of many digits and deep nesting end there too
        raise UsageError(f"calorimeter text: not TOML: {error}") from error
    try:
        return CalorimeterText.model_validate(tables)
    except ValidationError as error:
        raise UsageError(_explained(error)) from error
