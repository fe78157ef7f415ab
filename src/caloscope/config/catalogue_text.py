"""The TOML text of a map catalogue: what it may say, and how it is checked.

The text of a calorimeter that is not CMS's holds its catalogue too; the tables that describe its geometry
are looked at here only for the names of the views.
"""

import tomllib
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from caloscope.errors import UsageError

DEPTH: Final = "{depth}"

MapName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_+-]{0,31}/[a-z][a-z0-9_]{0,31}$")]
Word: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,64}$")]


def _no_other_braces(text: str) -> str:
    if set("{}") & set(text.replace(DEPTH, "")):
        raise ValueError(f"no braces but {DEPTH}")
    return text


def _three_parts(text: str) -> str:
    if len(text.split("/")) < 2 or not all(text.split("/")):
        raise ValueError("<top folder>/<path>/<name>")
    return text


Key: TypeAlias = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_no_other_braces)]
ObjectPath: TypeAlias = Annotated[Key, AfterValidator(_three_parts)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProducerText(_Table):
    """What the maps of one producer have in common."""

    folders: tuple[Word, ...] = Field(min_length=1)
    events: tuple[ObjectPath, ...] = ()
    events_accumulating: tuple[ObjectPath, ...] = ()
    pileup: tuple[ObjectPath, ...] = ()


class EraText(_Table):
    """What differs in one era."""

    histograms: tuple[ObjectPath, ...] | None = Field(default=None, min_length=1)
    hdf5: Key | None = None


class MapText(_Table):
    """One map."""

    producer: Word
    noise: Literal["binomial", "overdispersed"]
    scope: Literal["per_lumi", "cumulative"]
    histograms: tuple[ObjectPath, ...] = Field(min_length=1)
    accumulating: tuple[ObjectPath, ...] = ()
    block: int = Field(default=1, ge=1, le=100)
    hdf5: Key | None = None
    by_era: dict[str, EraText] = {}

    def all_histograms(self) -> tuple[str, ...]:
        """Every histogram path, whatever the era."""
        eras = (path for era in self.by_era.values() for path in era.histograms or ())
        return (*self.histograms, *eras)

    def all_keys(self) -> tuple[str, ...]:
        """Every HDF5 key, whatever the era."""
        keys = (self.hdf5, *(era.hdf5 for era in self.by_era.values()))
        return tuple(key for key in keys if key is not None)


class CatalogueText(_Table):
    """The whole text; `name`, `eras` and `views` are those of a calorimeter, where it describes one."""

    producers: dict[Word, ProducerText] = {}
    maps: dict[MapName, MapText] = {}
    name: str = ""
    eras: list[Any] = []
    views: dict[str, Any] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, one in self.maps.items():
            _check_accumulating(name, one)
            _check_folders(name, one, self.producers)
            if self.views:
                _check_view(name, one, self.views)
        return self


def _check_accumulating(name: str, one: MapText) -> None:
    for path in one.accumulating:
        if path not in one.all_histograms():
            raise ValueError(f"{path!r}, accumulating, to be one of the histograms of maps.{name}")


def _check_folders(name: str, one: MapText, producers: dict[str, ProducerText]) -> None:
    if one.producer not in producers:
        known = ", ".join(producers) or "none"
        raise ValueError(f"maps.{name}.producer {one.producer!r} to be one of the producers: {known}")
    producer = producers[one.producer]
    scalars = (*producer.events, *producer.events_accumulating, *producer.pileup)
    for path in (*one.all_histograms(), *scalars):
        if path.split("/")[0] not in producer.folders:
            folders = ", ".join(producer.folders)
            raise ValueError(f"{path!r} of maps.{name} to begin with a folder of {one.producer}: {folders}")


def _check_view(name: str, one: MapText, views: dict[str, Any]) -> None:
    view, _ = name.split("/")
    if view not in views:
        raise ValueError(f"maps.{name} to begin with the name of a view: {', '.join(views)}")
    depths = isinstance(views[view], dict) and bool(views[view].get("depths"))
    if any((DEPTH in path) != depths for path in (*one.all_histograms(), *one.all_keys())):
        wanted = f"to hold {DEPTH}" if depths else f"not to hold {DEPTH}"
        raise ValueError(f"paths of maps.{name} {wanted}, as {view} has {'' if depths else 'no '}depths")


def parse(text: str, label: str) -> CatalogueText:
    """Check a text; raises UsageError that names it by `label`, the key, the value and what was expected."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers of many digits and deep nesting end there too
        raise UsageError(f"{label}: not TOML: {error}") from error
    try:
        return CatalogueText.model_validate(tables)
    except ValidationError as error:
        raise UsageError(f"{label}: {_explained(error)}") from error


def _explained(error: ValidationError) -> str:
    """The first thing wrong: key, value, what was expected."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    expected = first["msg"].removeprefix("Value error, ")
    if not key:  # a check across tables, whose message names the keys
        return f"expected {expected}"
    if first["type"] == "missing":
        return f"{key} is missing"
    # tables are named, not printed
    found = "a table" if isinstance(first["input"], dict | BaseModel) else repr(first["input"])[:60]
    return f"{key} is {found}: expected: {expected}"
