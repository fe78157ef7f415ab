"""What a study's TOML text may say, table by table."""

from collections.abc import Collection
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, model_validator

from caloscope.simulate import Dataset
from caloscope.study.rows import SIDE, WINDOW, Row, Shape

TITLE: Final = r"^[A-Za-z0-9][ -~]*$"
"""Titles name columns, and folders."""

ORACLE: Final = "oracle"
"""What stands for a detector where nobody could do better."""

_Number: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
_Words: TypeAlias = Annotated[str, Field(max_length=200, pattern=r"^[ -~]*$")]
_Title: TypeAlias = Annotated[str, Field(max_length=60, pattern=TITLE)]
_Count: TypeAlias = Annotated[StrictInt, Field(ge=1, le=1_000_000)]
_Seed: TypeAlias = Annotated[StrictInt, Field(ge=0, le=2**31 - 1)]


def _listed(found: Any) -> Any:
    """One value as a list of one."""
    return found if isinstance(found, list) else [found]


_Several = BeforeValidator(_listed)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def __hash__(self) -> int:
        """Of what it says; lists and tables in it have none of their own."""
        return hash(self.model_dump_json())


class SampleText(_Table):
    """A table `[sample.TITLE]`: runs of one era, simulated, or measured and in files.

    `map` is the study's where it is not given.
    Of simulated ones: `pileup` is that at the start of a run, between the two; `day` the age of the detector
    in days when learning starts, which slow changes follow; `detector_seed` its pattern; `events` those of a
    lumisection, or `varying` (150 to 2,000, with gaps, steps of the trigger and few events at times).
    """

    map: _Words = ""
    era: _Words = "2018"
    dataset: Dataset = "ZeroBias"
    events: Annotated[StrictInt, Field(ge=30, le=1_000_000)] | Literal["varying"] = 500
    pileup: tuple[Annotated[_Number, Field(ge=0, le=200)], Annotated[_Number, Field(ge=0, le=200)]] = (45, 60)
    day: Annotated[_Number, Field(ge=-50_000, le=50_000)] = 0.0
    detector_seed: _Seed = 1
    files: tuple[_Words, ...] = ()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.pileup[0] > self.pileup[1]:
            raise ValueError("'pileup' from low to high")
        return self


class DetectorText(_Table):
    """A table `[detector.TITLE]`: the name of a detector, with the recipe of a network; or a bundle.

    `recipe` holds what `training.Recipe` has. A `bundle` is judged as it is, and learns nothing.
    """

    kind: _Words = ""
    recipe: dict[str, Any] = {}
    bundle: _Words = ""
    calibrated: bool = True

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.kind) == bool(self.bundle):
            raise ValueError("one of 'kind' and 'bundle'")
        return self


class FaultText(_Table):
    """A table `[[fault]]`: `where` is `cell`, `patch`, `map` or a kind of region; a fault for each factor."""

    where: Annotated[_Words, Field(min_length=1)]
    factor: Annotated[
        list[Annotated[_Number, Field(ge=0, le=1_000)]], _Several, Field(min_length=1, max_length=100)
    ]
    window: Annotated[StrictInt, Field(ge=1, le=1_000)] = WINDOW
    every: Annotated[StrictInt, Field(ge=1, le=100)] = 1
    side: Annotated[StrictInt, Field(ge=2, le=20)] = SIDE

    @model_validator(mode="after")
    def _changes(self) -> Self:
        if 1.0 in self.factor:
            raise ValueError("'factor' other than 1, which changes nothing")
        return self

    def rows(self) -> list[Row]:
        """The faults that these are."""
        shape: Shape = "region"
        region = self.where
        if self.where in ("cell", "patch", "map"):
            shape, region = self.where, ""  # type: ignore[assignment]
        return [Row(shape, each, self.window, region, self.every, self.side) for each in self.factor]


class MatrixText(_Table):
    """A table `[[matrix]]`: every detector with every sample that it learns from and is judged on, and so on.

    `lumis` are numbers of lumisections to learn from, `faulty` shares of them that have a fault, `seeds`
    those of training. `detectors`, `train`, `test` and `faults` (titles, or parts of them) are all there are
    where they are not given.
    """

    name: _Title
    detectors: list[_Title] = []
    train: list[_Title] = []
    test: list[_Title] = []
    faults: list[_Words] = []
    lumis: Annotated[list[_Count], _Several, Field(min_length=1)] = [2_000]
    faulty: Annotated[list[Annotated[_Number, Field(ge=0, le=0.5)]], _Several, Field(min_length=1)] = [0.0]
    seeds: Annotated[list[_Seed], _Several, Field(min_length=1)] = [1]
    trials: Annotated[StrictInt, Field(ge=1, le=10_000)] = 60
    clean: Annotated[StrictInt, Field(ge=0, le=4_000_000)] = 8_000
    same: bool = False
    """Whether each is judged only on the sample that it learned from."""


class StudyText(_Table):
    """The whole text; `after` is how many lumisections into a fault scores are compared."""

    title: _Words
    about: Annotated[str, Field(max_length=5_000)] = ""
    map: Annotated[_Words, Field(min_length=1)]
    rate: Annotated[_Number, Field(gt=0, le=1_000)] = 1.0
    seed: _Seed = 5
    after: Annotated[StrictInt, Field(ge=1, le=100)] = 3
    calibrated_on: Annotated[StrictInt, Field(ge=400, le=1_000_000)] = 7_400
    yardstick: Annotated[StrictInt, Field(ge=400, le=1_000_000)] = 18_500
    sample: Annotated[dict[_Title, SampleText], Field(min_length=1)]
    detector: Annotated[dict[_Title, DetectorText], Field(min_length=1)]
    fault: Annotated[list[FaultText], Field(min_length=1)]
    matrix: Annotated[list[MatrixText], Field(min_length=1)]

    @model_validator(mode="after")
    def _known(self) -> Self:
        for one in self.matrix:
            for what, named, known in (
                ("detector", one.detectors, self.detector),
                ("sample", [*one.train, *one.test], self.sample),
            ):
                for title in named:
                    if title not in known:
                        raise ValueError(
                            f"matrix {one.name!r}: no {what} {title!r}, one of {', '.join(known)}"
                        )
            self.rows(one)
        if ORACLE in self.detector:
            raise ValueError(f"a title other than {ORACLE!r} for a detector, which is what none can be")
        if short := [text.where for text in self.fault if text.window < self.after]:
            raise ValueError(f"a window of {self.after} or more for {short[0]!r}: scores are taken then")
        names = [one.name for one in self.matrix]
        if len(set(names)) < len(names):
            raise ValueError("a name of its own for each matrix")
        return self

    def rows(self, matrix: MatrixText) -> tuple[Row, ...]:
        """The faults of a matrix, each once."""
        every = tuple(dict.fromkeys(row for text in self.fault for row in text.rows()))
        if not matrix.faults:
            return every
        for words in matrix.faults:
            if not any(words in row.title for row in every):
                known = ", ".join(row.title for row in every)
                raise ValueError(f"matrix {matrix.name!r}: no fault {words!r}, one of {known}")
        titles = {row.title for row in every}
        return tuple(row for row in every if any(_meant(words, row, titles) for words in matrix.faults))


def _meant(words: str, row: Row, titles: Collection[str]) -> bool:
    """Whether these words are the title of a fault, or part of it where they are no other's title."""
    return words == row.title if words in titles else words in row.title
