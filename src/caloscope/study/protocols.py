"""Studies in a protocol of their own, of prior work or on measured files: each has a text of its own."""

import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StrictInt, TypeAdapter, ValidationError

from caloscope.errors import UsageError
from caloscope.study.described import explained
from caloscope.study.real.asked import RealStudy

Tell: TypeAlias = Callable[[str], None]
_Words: TypeAlias = Annotated[str, Field(max_length=200, pattern=r"^[ -~]*$")]


class _Text(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    title: _Words


class EndcapText(_Text):
    """A study in the protocol of CMS ECAL's endcap notebooks; bundles of their networks are given."""

    protocol: Literal["endcap-fdr"]
    bundles: tuple[_Words, ...] = ()
    images: Annotated[StrictInt, Field(ge=100, le=1_000_000)] = 3_000
    lumis: Annotated[StrictInt, Field(ge=100, le=1_000_000)] = 2_000
    detectors: tuple[_Words, ...] = ("reference",)
    seed: Annotated[StrictInt, Field(ge=0, le=2**31 - 1)] = 5

    def planned(self) -> str:
        """What would be measured."""
        return f"{self.images:,} images of each bundle"

    def measure(
        self, output: Path, bundles: Sequence[Path], tell: Tell, data: Path | None = None
    ) -> list[str]:
        """Measure, write the report, and give its sentences; `bundles` beside those that the text names."""
        from caloscope.study.endcap_fdr import Asked, measure, page

        _refuse_data(self.title, data)
        chosen = [*map(Path, self.bundles), *bundles]
        if not chosen:
            expected = "bundles of CMSSW's networks (`caloscope bundle import-cmssw`), with --bundle"
            raise UsageError(f"{self.title}: found no bundle, expected {expected}")
        for path in chosen:
            if not path.is_dir():
                raise UsageError(f"{path}: found no bundle, expected a folder")
        asked = (Asked(path, self.images, self.seed, self.detectors, self.lumis) for path in chosen)
        lines = [line for each in asked for line in measure(each, tell)]
        page.write(lines, output, self.title)
        return list(page.summary(lines))


class Ml4dqmText(_Text):
    """A study in the protocol of HCALDQM/ML4DQM; `tasks` are names, all where none is given."""

    protocol: Literal["ml4dqm"]
    tasks: tuple[_Words, ...] = ()

    def planned(self) -> str:
        """What would be measured."""
        from caloscope.study.ml4dqm import TASKS

        return f"{len(self.tasks or TASKS)} tasks, each in two protocols by two detectors"

    def measure(
        self, output: Path, bundles: Sequence[Path], tell: Tell, data: Path | None = None
    ) -> list[str]:
        """Measure what is missing, write the report, and give its sentences."""
        from caloscope.study.ml4dqm import run

        _refuse_data(self.title, data)
        if bundles:
            raise UsageError(f"{self.title}: found bundles, expected none: its networks are trained")
        made = run(
            output,
            tasks=self.tasks or None,
            tell=lambda done, every, words: tell(f"{done} of {every}: {words}"),
        )
        return list(made.sentences)


def _refuse_data(title: str, data: Path | None) -> None:
    if data is not None:
        raise UsageError(f"{title}: found --data {data}, expected none: it measures no files")


ProtocolText: TypeAlias = EndcapText | Ml4dqmText | RealStudy
_ANY: Final[TypeAdapter[ProtocolText]] = TypeAdapter(
    Annotated[EndcapText | Ml4dqmText | RealStudy, Field(discriminator="protocol")]
)


def protocol_of(path: Path) -> ProtocolText | None:
    """The text of a study that follows a protocol; None for any other.

    Raises `UsageError` for a text that will not do.
    """
    try:
        tables: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: found no text in TOML ({error}), expected a study") from error
    if "protocol" not in tables:
        return None
    try:
        return _ANY.validate_python(tables)
    except ValidationError as error:
        raise UsageError(f"{path}: {explained(error)}") from error
