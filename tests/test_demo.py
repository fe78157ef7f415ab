"""The demo: every fault flagged, none invented, and the page serves what was found."""

from pathlib import Path

from .running import caloscope


def test_the_demo_finds_every_fault(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    output = caloscope("demo", "--headless-seconds", "90", "--port", "0", "--pace", "0.4", "--dir", folder)
    assert "6 of 6 faults flagged" in output
    assert "0 incidents without a fault" in output
    assert sorted(path.name for path in (folder / "output").iterdir()) == [
        "DQM_V0001_EcalML_R000320002.root",
        "DQM_V0001_HcalML_R000320002.root",
    ]


def test_a_demo_that_has_no_time_fails(tmp_path: Path) -> None:
    caloscope("demo", "--headless-seconds", "3", "--port", "0", "--dir", tmp_path / "demo", code=1)


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    assert "expected an empty folder" in caloscope("demo", "--dir", tmp_path, code=2)
