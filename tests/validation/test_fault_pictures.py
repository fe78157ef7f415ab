"""Pictures of the catalogues of faults: each shows its fault, and nothing but it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from caloscope.errors import UsageError
from caloscope.faults import load_faults, preset_text
from caloscope.figures.style import VERMILLION
from caloscope.geometry import view
from caloscope.validation.fault_pictures import scenes_of, write_fault_pictures
from tests.running import caloscope

ROWS = 6


@pytest.mark.parametrize("name", ["EB", "EE+", "EE-", "HCAL", "HO"])
def test_scenes_differ_where_the_truth_says_and_nowhere_else(name: str) -> None:
    preset = f"catalogue-{name.rstrip('+-')}"
    maps = {f"{name}/digi": view(name, "2018")}
    faults = [fault for fault in load_faults(preset_text(preset), preset, maps) if fault.touches(*maps)]
    scenes = list(scenes_of(name))
    assert len(scenes) == len(faults)
    for scene, fault in zip(scenes, faults, strict=True):
        changed = scene.factor != 1.0
        np.testing.assert_array_equal(scene.faulty[~changed], scene.healthy[~changed])
        assert fault.cells(view(name, "2018"))[changed].any()
        assert fault.kind in scene.title
        finite = changed & np.isfinite(scene.factor)
        expected = (scene.healthy[finite] * scene.factor[finite]).sum()
        # thinned counts follow the healthy ones, others only what they are on average
        thinned = fault.kind in ("dead", "factor", "drift") and fault.mechanism != "trigger"
        rel = 0.15 if thinned else 0.4
        assert scene.faulty[finite].sum() == pytest.approx(expected, rel=rel, abs=10)


def outlines(path: Path, rows: int) -> list[NDArray[np.int64]]:
    """Pixels of lines around faults, by row of the picture: (how many, 2)."""
    with Image.open(path) as image:
        drawn = np.asarray(image.convert("RGB")).astype(np.int64)
    colour = [int(VERMILLION[place : place + 2], 16) for place in (1, 3, 5)]
    lines = np.abs(drawn - colour).max(axis=2) < 12
    return [np.argwhere(part) for part in np.array_split(lines[75:], rows)]


@pytest.mark.slow
def test_the_command_draws_one_view_and_marks_the_cells_of_each_fault(tmp_path: Path) -> None:
    said = caloscope("faults", "--pictures", tmp_path / "new", "--view", "HO")
    written = sorted((tmp_path / "new").iterdir())
    assert said.split() == [str(path) for path in written]
    assert [path.name for path in written] == ["HO-digi-faults-1.png", "HO-digi-faults-2.png"]
    scenes = list(scenes_of("HO"))
    middles = []
    for number, path in enumerate(written):
        assert path.stat().st_size < 250_000
        for scene, found in zip(scenes[ROWS * number :], outlines(path, ROWS), strict=False):
            if "whole map" in scene.title:
                assert len(found) == 0
                continue
            assert ((found[:, 1] > 600) & (found[:, 1] < 1200)).all()  # the second of three columns
            y, x = np.argwhere(np.abs(scene.factor - 1.0) > 0.03).mean(axis=0)
            middles.append([y, x, *found.mean(axis=0)])
    y, x, down, right = np.array(middles).T
    assert np.corrcoef(x, right)[0, 1] > 0.99
    assert np.corrcoef(y, down)[0, 1] < -0.95


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--pictures", "new", "--view", "XX"), "view 'XX' has no pictures: expected one of EB, EE+"),
        (("--view", "EB"), "expected --pictures DIR too"),
        (("drift", "--pictures", "new"), "expected one of them"),
        (("--pictures", "file"), "found a file, expected a folder"),
    ],
)
def test_what_cannot_be_drawn_is_refused(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    given = (tmp_path / word if word in ("new", "file") else word for word in words)
    said = caloscope("faults", *given, code=2)
    assert says in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "new").exists()


def test_without_matplotlib_one_line_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "matplotlib.py").write_text("raise ImportError('not here')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    said = caloscope("faults", "--pictures", tmp_path / "new", code=2)
    assert said == (
        "caloscope: pictures need matplotlib, which is not installed: pip install 'caloscope[plots]'\n"
    )
    assert not (tmp_path / "new").exists()


def test_a_view_without_a_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected one of EB, EE\\+, EE-, HCAL, HO"):
        write_fault_pictures(tmp_path, views=["HF"])
