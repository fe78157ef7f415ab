"""Studies in the protocols of prior work: each has a text and a measurement of its own."""

import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError

from caloscope.errors import UsageError
from caloscope.study.described import explained

Tell = Callable[[str], None]


class EndcapText(BaseModel):
    """A study in the protocol of CMS ECAL's endcap notebooks; bundles of their networks are given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Annotated[str, Field(max_length=200, pattern=r"^[ -~]*$")]
    protocol: Literal["endcap-fdr"]
    bundles: tuple[str, ...] = ()
    images: Annotated[StrictInt, Field(ge=100, le=1_000_000)] = 3_000
    lumis: Annotated[StrictInt, Field(ge=100, le=1_000_000)] = 2_000
    detectors: tuple[str, ...] = ("reference",)
    seed: Annotated[StrictInt, Field(ge=0, le=2**31 - 1)] = 5


def protocol_of(path: Path) -> EndcapText | None:
    """The text of a study that follows a protocol of prior work; None for any other.

    Raises `UsageError` for a text that will not do.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: found no text in TOML ({error}), expected a study") from error
    if "protocol" not in tables:
        return None
    try:
        return EndcapText.model_validate(tables)
    except ValidationError as error:
        raise UsageError(f"{path}: {explained(error)}") from error


def measure(text: EndcapText, output: Path, bundles: Sequence[Path], tell: Tell) -> list[str]:
    """Measure, write the report into a folder, and give its sentences.

    `bundles` are judged beside those that the text names. Raises `UsageError` where there is none.
    """
    from caloscope.study.endcap_fdr import Asked, page
    from caloscope.study.endcap_fdr import measure as measured

    chosen = [*map(Path, text.bundles), *bundles]
    if not chosen:
        expected = "bundles of CMSSW's networks (`caloscope bundle import-cmssw`), with --bundle"
        raise UsageError(f"{text.title}: found no bundle, expected {expected}")
    for path in chosen:
        if not path.is_dir():
            raise UsageError(f"{path}: found no bundle, expected a folder")
    lines = [
        line
        for path in chosen
        for line in measured(Asked(path, text.images, text.seed, text.detectors, text.lumis), tell)
    ]
    page.write(lines, output, text.title)
    return list(page.summary(lines))
