"""What a notebook shows: tables, pictures, and what loading the door loads."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from caloscope import lab
from caloscope.errors import UsageError
from caloscope.records import LumiId


def size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return int(width), int(height)


def test_a_lumisection_is_drawn(scores: lab.Scores, bad: lab.Data, tmp_path: Path) -> None:
    run = bad.runs[0]
    made = lab.picture(scores, run, 20)
    png, shown = made._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert size(png)[0] > size(png)[1] > 300
    assert shown["width"] == made.width
    assert made.save(tmp_path / "map.png").read_bytes() == png
    assert made.title == f"EE+/digi, {run}:20: BAD"
    assert lab.picture(scores, run, 20).png == png
    with pytest.raises(UsageError, match="no lumisection 1:1"):
        lab.picture(scores, 1, 1)


def test_only_networks_have_a_curve(bundle: lab.Bundle) -> None:
    with pytest.raises(UsageError, match="only training of a network leaves one"):
        lab.curve(bundle)


def test_tables_are_shown(scores: lab.Scores, bad: lab.Data, bundle: lab.Bundle) -> None:
    found = lab.delays(scores)
    text = found._repr_html_()
    assert text.count("<tr>") == 3
    assert "hardly weak cell" in text
    assert f"{bad.runs[0]}:11" in text
    assert len(str(found).splitlines()) == 4
    assert len(found[1:]) == 1
    assert scores.incident_table().column("hardware")[0] == bad.faults[0].hardware
    for each in (bad, scores):
        assert each._repr_html_().startswith("<table>")
        assert "EE+/digi" in repr(each)
    assert bundle.hash in scores._repr_html_()


def test_tables_escape_what_they_show() -> None:
    table = lab.Table(
        [{"<b>": "<script>", "n": 3, "x": 0.12345, "yes": True, "at": LumiId(1, 2), "no": None}], "a & b"
    )
    text = table._repr_html_()
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "a &amp; b" in text
    assert str(table).splitlines()[-1].split() == ["<script>", "3", "0.123", "yes", "1:2", "–"]
    assert str(lab.Table([], "empty")) == "empty"
    assert lab.Table([])._repr_html_().startswith("<table>")


def test_loading_it_loads_no_torch_and_no_matplotlib() -> None:
    code = "import caloscope.lab, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not set(run.stdout.split()) & {"torch", "matplotlib", "sklearn", "onnx", "lightning_fabric"}
