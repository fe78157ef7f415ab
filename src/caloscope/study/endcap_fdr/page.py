"""What the protocol brought, as a page and as a table."""

import csv
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from caloscope import __version__
from caloscope.outputs.data_page.document import Column, closing, opening, table
from caloscope.study.endcap_fdr.measure import Line, header, rows
from caloscope.study.endcap_fdr.printed import SOURCE

ABOUT = (
    "One supercrystal of each image is dead, or hot (2,500 digis in 500 events, at most 8 in the picture's "
    "unit). The threshold is the first percentile of the scores of faulty supercrystals; good ones above it "
    "are false. Images are lumisections of 500 events, simulated with the pattern of the network's own table "
    "of averages; corrections are those of the notebooks: squared error, over the average, and multiplied "
    "over three lumisections. In brackets 95 % intervals, from drawing images again. Printed numbers are "
    "from real data of 2018, which hold supercrystals that are really bad."
)


def write(lines: Sequence[Line], folder: Path, title: str) -> None:
    """Write `report.html` and `fdr.csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    sentences = "".join(f"<p>{escape(each)}</p>" for each in summary(lines))
    columns = [Column(name, place > 3) for place, name in enumerate(header())]
    body = table("False discovery rate at 99 % detection", columns, rows(list(lines)))
    page = (
        f"{opening(title)}<header><p class='kind'>Study</p><h1>{escape(title)}</h1>"
        f"<p class='note'>{escape(ABOUT)}</p></header><main>{sentences}{body}"
        f"<p class='note'>Printed: {escape(SOURCE)}.</p></main>"
        f"<footer>Made by Caloscope {escape(__version__)}.</footer>\n{closing()}"
    )
    (folder / "report.html").write_text(page, "utf-8")
    with (folder / "fdr.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["view", "detector", "fault", "level", "images", "fdr", "low", "high", "printed"])
        for line in lines:
            told = "" if line.printed is None else line.printed
            writer.writerow([line.view, line.detector, line.fault, line.level, line.images, *line.rate, told])


def summary(lines: Sequence[Line]) -> Iterator[str]:
    """Sentences from the numbers: where they are those that were printed, and who has fewer false ones."""
    compared = [line for line in lines if line.printed is not None]
    inside = [line for line in compared if line.rate.low <= (line.printed or 0.0) <= line.rate.high]
    if compared:
        yield f"{len(inside)} of {len(compared)} printed numbers lie inside the interval found here."
    for line in compared:
        if line not in inside:
            found = line.rate.text(4)
            how = "lower" if line.rate.high < (line.printed or 0.0) else "higher"
            where = f"{line.view}, {line.fault}, correction {line.level}"
            yield f"{where}: {found} here, {how} than the {line.printed:.4g} that was printed."
    for line in lines:
        if line.printed is None:
            found = line.rate.text(4)
            yield f"{line.detector} from one lumisection, {line.view}, {line.fault}: {found}."
