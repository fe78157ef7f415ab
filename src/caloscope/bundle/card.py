"""The card of a bundle: what `bundle.toml` says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from caloscope import __version__
from caloscope.bundle.document import parse_document
from caloscope.config.catalogue import MapSpec
from caloscope.detectors.base import Detector, scores
from caloscope.errors import BundleError
from caloscope.geometry import View

FORMAT = 5


def plain(text: str) -> str:
    """A text that is one line and moves no cursor, whoever wrote it."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


Plain: TypeAlias = Annotated[str, AfterValidator(plain)]
"""Text that people are shown. It is mended, not refused: names of files are not made by us."""

Positive: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False)]

Told: TypeAlias = Plain | int | float | bool | list[Plain] | list[float]
"""What a card tells of a calibration under one name."""


class Card(BaseModel):
    """What `bundle.toml` says.

    `thresholds` are in nats, by class of places and direction (`decide.CLASSES`); `threshold` stands for
    those that are not named and equals that of cells below expectation; for a detector that scores it is the
    score's own. Together they stand for `false_alarms_per_day` false incidents in 3,700 lumisections, None
    where nobody knows; `calibration` says what that rests on. `files` holds the SHA-256 of every other file
    of the bundle by its name; it is filled in when the bundle is saved. Characters that cannot be printed
    are spaces.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: int
    name: Plain
    map: Plain
    view: Plain
    era: Plain
    geometry: Plain
    detector: Plain
    threshold: Positive
    false_alarms_per_day: Positive | None = None
    settings: dict[Plain, Plain | int | float | bool]
    training: dict[Plain, Plain | int | float | bool | list[Plain]]
    thresholds: dict[Plain, Positive] = {}
    calibration: dict[Plain, Told] = {}
    files: dict[str, str] = {}
    caloscope: Plain


def make_card(
    name: str,
    spec: MapSpec,
    on: View,
    detector: Detector,
    *,
    threshold: float,
    per_day: float | None,
    training: Mapping[str, str | int | float | bool | list[str]],
    thresholds: Mapping[str, float] | None = None,
    calibration: Mapping[str, Told] | None = None,
) -> Card:
    """The card of a detector that has just been fitted or imported."""
    return Card(
        format=FORMAT,
        name=name,
        map=spec.name,
        view=on.name,
        era=on.era,
        geometry=on.version,
        detector=detector.name,
        threshold=threshold,
        false_alarms_per_day=per_day,
        settings=dict(detector.settings()),
        training=dict(training),
        thresholds=dict(thresholds or {}),
        calibration=dict(calibration or {}),
        caloscope=__version__,
    )


def parse_card(path: Path, content: bytes) -> Card:
    """The card again. Raises `BundleError` for another format and for what does not parse."""
    told = parse_document(path, content)
    _require_format(path, told)
    try:
        return Card.model_validate(told)
    except ValidationError as error:
        raise BundleError(f"{path}: {first_fault(error)}") from error


def require_map(path: Path, card: Card, spec: MapSpec) -> None:
    """Refuse a view or a noise on the card that are not those of its map: `BundleError`.

    The maps of two endcaps have one shape, so nothing else would notice.
    """
    noise = card.settings.get("noise", spec.noise)
    for name, value, expected in (("view", card.view, spec.view), ("settings.noise", noise, spec.noise)):
        if value != expected:
            found = f"{path}: found {name} = {value!r:.80} beside map = {card.map!r:.80}"
            raise BundleError(f"{found}, expected {expected!r}, which it has")


def require_settings(path: Path, card: Card, detector: Detector) -> None:
    """Refuse settings that its detector has not taken over from the card.

    Which values make sense is for the detector to say when it is restored. Raises `BundleError` for a name
    that it does not know, for a value of another type than the one that it has, and for a detector that
    scores with another threshold than the card's, which is the one that people are shown.
    """
    taken = detector.settings()
    for name, value in card.settings.items():
        if name not in taken:
            found = f"{path}: found settings.{name!s:.80} = {value!r:.80}"
            raise BundleError(f"{found}, expected none of that name for {card.detector}: {_known(taken)}")
        whole = not isinstance(taken[name], float)
        if _kind(value) != _kind(taken[name]) or (whole and isinstance(value, float) and value % 1 != 0):
            found = f"{path}: found settings.{name} = {value!r:.80}"
            raise BundleError(f"{found}, expected {_kind(taken[name], whole=whole)}")
    if scores(detector) and taken["threshold"] != card.threshold:
        found = f"threshold = {card.threshold:g} beside settings.threshold = {taken['threshold']:g}"
        raise BundleError(f"{path}: found {found}, expected one threshold for {card.detector}")


def _kind(value: object, *, whole: bool = False) -> str:
    """What a value is, for people; a whole number may be written as a fraction, 3 as 3.0."""
    if isinstance(value, bool):
        return "true or false"
    number = "a whole number" if whole else "a number"
    return "text" if isinstance(value, str) else number


def _known(settings: Mapping[str, object]) -> str:
    return f"it has {', '.join(settings)}" if settings else "it has none"


def first_fault(error: ValidationError) -> str:
    """The first thing that is wrong with a document, in one line."""
    first = error.errors()[0]
    key = ".".join(str(part) if str(part).isprintable() else repr(part) for part in first["loc"])[:80]
    return f"{key} = {first['input']!r:.80}: {first['msg']}"


def remedy(version: str) -> str:
    """What to do with a bundle of another Caloscope, whose version this is."""
    return f"train or import it again, or use Caloscope {version or 'of its time'}, which reads it"


def _require_format(path: Path, told: Mapping[str, object]) -> None:
    """Raises `BundleError` for a card of another format, before anything else is asked of it."""
    found, version = told.get("format"), told.get("caloscope")
    if not isinstance(found, int) or found == FORMAT:
        return
    by = "an older" if found < FORMAT else "a newer"
    which = version[:20] if isinstance(version, str) and version.isprintable() else ""
    made = f"{path}: found format {found}, expected {FORMAT}, made by {by} Caloscope"
    raise BundleError(f"{made}: {remedy(which)}")
