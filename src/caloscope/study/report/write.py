"""Everything that a study leaves in its folder."""

from collections.abc import Sequence
from pathlib import Path

from caloscope.geometry import View
from caloscope.study.examples import Example
from caloscope.study.report.page import page
from caloscope.study.report.parts import parts
from caloscope.study.report.pictures import write_pictures
from caloscope.study.report.scenes import chosen, scene
from caloscope.study.report.sections import sections
from caloscope.study.report.summary import sentences
from caloscope.study.report.tables import write_tables
from caloscope.study.results import Results


def write_report(results: Results, examples: Sequence[Example], view: View, folder: Path) -> None:
    """Write `report.html`, the tables and, where matplotlib is installed, `figures/` into a folder.

    The page asks nobody for anything. Tables are `faults`, `clean`, `calibration`, `costs`, `ranking` and
    `curves`, as CSV and, where pyarrow is installed, parquet. Arrays of `examples` have the shape of `view`.
    The folder is made where there is none; files of an earlier report are replaced. Raises `OSError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_tables(results, folder)
    found = parts(results)
    scenes = [scene(example, view) for example in chosen(examples)]
    made = sections(found)
    drawings = [drawing for section in made for drawing in section.drawings]
    write_pictures(drawings, scenes, view, folder / "figures")
    part = folder / "report.html.part"
    part.write_text(page(found, sentences(found), made, scenes, view, results.faults), "utf-8")
    part.replace(folder / "report.html")
