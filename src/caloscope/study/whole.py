"""A study from its text to its report."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from caloscope import __version__
from caloscope.errors import UsageError
from caloscope.study.cells import code, versions
from caloscope.study.described import read
from caloscope.study.estimate import Amount, amounts
from caloscope.study.fitting import recipe_of
from caloscope.study.kept import Kept
from caloscope.study.metrics import results
from caloscope.study.report import write_report
from caloscope.study.results import Results
from caloscope.study.run import Tell, measure
from caloscope.study.samples import sample_of
from caloscope.study.schedule import Judged, judged
from caloscope.study.showing import examples
from caloscope.study.text import StudyText
from caloscope.training import NETWORKS, TRAINABLE


@dataclass(frozen=True, slots=True)
class Plan:
    """A study, checked, with the places of its matrix."""

    study: StudyText
    text: str
    places: tuple[Judged, ...]

    def amounts(self, kept: Kept) -> list[Amount]:
        """What there is to measure, and how long it takes."""
        return amounts(self.places, kept)


def plan(path: str | Path) -> Plan:
    """The plan of a study in a file. Raises `UsageError` for what cannot be, before any work is done."""
    study = read(Path(path))
    _require_detectors(study)
    for title in study.sample:
        sample_of(study, title).view  # noqa: B018 - refuses maps and eras that there are not
    _require_regions(study)
    places = tuple(judged(study))
    _require_possible(study, places)
    return Plan(study, Path(path).read_text("utf-8"), places)


def run(
    planned: Plan,
    output: str | Path,
    *,
    cache: Path | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    tell: Tell | None = None,
) -> Results:
    """Measure what is missing, and write tables and report into a folder.

    Results are kept in `cache`, inside `output` where none is given; the same command goes on where it
    was stopped. Raises `UsageError` where the scheduler is not there, or a result was damaged.
    """
    folder = Path(output)
    kept = Kept((cache or folder / "cache").absolute())
    started = time.perf_counter()
    measure(planned.places, kept, workers=workers, scheduler=scheduler, tell=tell)
    found = gathered(planned, kept, time.perf_counter() - started)
    best = found.ranking[0].setting.detector if found.ranking else ""
    place = next((each for each in planned.places if each.setting.detector == best), planned.places[0])
    shown = examples(place, kept)
    on = sample_of(planned.study, place.setting.tested).view
    folder.mkdir(parents=True, exist_ok=True)
    write_report(found, shown, on, folder)
    (folder / "study.toml").write_text(planned.text, "utf-8")
    return found


def gathered(planned: Plan, kept: Kept, seconds: float = 0.0) -> Results:
    """The numbers of all that was measured; seconds are those of the whole, on one core, where cells tell."""
    cells = {cell.key for place in planned.places for cell in place.cells}
    took = [(kept.read(key) or {}).get("took", 0.0) for key in cells]
    made_with = {"caloscope": __version__, **versions()}
    return replace(
        results(planned.study, planned.places, kept),
        text=planned.text,
        seconds=max(sum(took), seconds),
        cells=len(cells),
        made_with=made_with | {"code": code()},
    )


def _require_detectors(study: StudyText) -> None:
    """Refuse detectors that there are not."""
    known = (*TRAINABLE, *NETWORKS)
    for title, detector in study.detector.items():
        if detector.kind and detector.kind not in known:
            raise UsageError(f"detector {title!r} is {detector.kind!r}, expected one of {', '.join(known)}")
        if detector.recipe and detector.kind not in NETWORKS:
            raise UsageError(f"detector {title!r}: found a recipe, expected none: it has no network")
        if detector.bundle and not Path(detector.bundle).is_dir():
            raise UsageError(f"detector {title!r}: found no bundle {detector.bundle}")


def _require_regions(study: StudyText) -> None:
    """Refuse faults that can be on no map of a part."""
    for matrix in study.matrix:
        samples = [sample_of(study, title) for title in matrix.test or study.sample]
        views = {each.view.name: each.view for each in samples}
        kinds = {region.kind for view in views.values() for region in view.regions}
        for row in study.rows(matrix):
            if row.region and row.region not in kinds:
                expected = ", ".join(sorted({"cell", "patch", "map"} | kinds))
                found = f"fault where = {row.region!r} of {' and '.join(views)} in {matrix.name}"
                raise UsageError(f"{found}: expected one of {expected}")


def _require_possible(study: StudyText, places: Sequence[Judged]) -> None:
    """Refuse what would be refused after hours."""
    if not places:
        raise UsageError("found nothing to judge, expected samples to learn from and to judge on")
    for place in places:
        if place.fit is not None and place.fit.detector.kind in NETWORKS:
            recipe_of(place.fit)
        if place.fit is not None and place.fit.faulty and study.sample[place.setting.trained].files:
            raise UsageError(f"{place.setting.trained}: faulty lumisections are simulated, not measured")
