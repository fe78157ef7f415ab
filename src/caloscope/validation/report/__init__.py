"""What a validation found, for people and for programs: pictures, a page, a Markdown text, JSON."""

from collections.abc import Sequence
from pathlib import Path

from caloscope.validation.outcome import Outcome
from caloscope.validation.report.markdown import markdown
from caloscope.validation.report.page import page
from caloscope.validation.report.pictures import Picture, of_outcome, of_verdicts
from caloscope.validation.report.results import Lines, Made, results

__all__ = ["Lines", "Made", "write"]


def write(folder: Path, outcomes: Sequence[Outcome], lines: Lines, made: Made) -> list[Path]:
    """Writes index.html, validation.md, results.json and all pictures into a folder, and says which files."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, list[Picture]] = {outcome.name: of_outcome(outcome, made) for outcome in outcomes}
    overview = of_verdicts(outcomes)
    files = {folder / f"{picture.name}.png": picture.png for each in pictures.values() for picture in each}
    files |= {folder / f"{picture.name}.png": picture.png for picture in overview}
    files[folder / "results.json"] = results(outcomes, lines, made).encode()
    files[folder / "validation.md"] = markdown(outcomes, lines, made, overview, pictures).encode()
    files[folder / "index.html"] = page(outcomes, lines, made, overview, pictures).encode()
    for path, content in files.items():
        path.write_bytes(content)
    return list(files)
