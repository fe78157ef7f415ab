"""The main figures as files, where matplotlib is installed."""

from collections.abc import Sequence
from pathlib import Path

from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.study.report.charts import Chart, Drawing
from caloscope.study.report.scale import settled
from caloscope.study.report.scenes import Scene


def write_pictures(drawings: Sequence[Drawing], scenes: Sequence[Scene], view: View, folder: Path) -> None:
    """`NAME.png` and `NAME.pdf` of each drawing, and `examples`; nothing where there is no matplotlib."""
    try:
        from caloscope.figures.study_heat import heat_figure
        from caloscope.figures.study_lines import lines_figure
        from caloscope.figures.study_scenes import scenes_figure
    except UsageError:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("*.png"), *folder.glob("*.pdf")):
        old.unlink()  # those of an earlier report may have other names
    for drawing in drawings:
        if isinstance(drawing, Chart):
            panels = [settled(panel) for panel in drawing.panels]
            made = lines_figure(drawing.title, panels, drawing.columns, drawing.height, drawing.legend)
        else:
            made = heat_figure(drawing)
        (folder / f"{drawing.name}.png").write_bytes(made.png)
        (folder / f"{drawing.name}.pdf").write_bytes(made.pdf)
    if scenes:
        made = scenes_figure("Examples", scenes, view)
        (folder / "examples.png").write_bytes(made.png)
        (folder / "examples.pdf").write_bytes(made.pdf)
