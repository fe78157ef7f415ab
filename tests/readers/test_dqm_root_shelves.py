"""Which lumisections a DQM file holds, and what is listed and found in each."""

from pathlib import Path

import numpy as np
import pytest
import uproot

from caloscope.errors import Fault, SourceError
from caloscope.readers.folders.dqm_root import shelves
from caloscope.readers.folders.time import covers_run
from caloscope.readers.shelf import Place
from caloscope.writers.dqm import Histogram2D, write_dqm

from .making import EB_PATH, ECAL, LUMI, MAPS, NAME, PILEUP, RUN, ecal_objects, write_ecal

START = 1.5e9


def places(path: Path, run: int | None = None) -> list[Place]:
    """The places of all shelves in a file."""
    return [shelf.place for shelf in shelves(path, run)]


def plane(value: float) -> Histogram2D:
    """A histogram full of one number."""
    return Histogram2D(
        title="t",
        x_title="x",
        y_title="y",
        x_range=(0, 3),
        y_range=(0, 2),
        values=np.full((2, 3), value, np.float32),
    )


def write_sections(path: Path, folders: dict[str, float], scalars: dict[str, str] | None = None) -> None:
    """A file with a histogram `<folder>/Task/h` full of a number for each folder below the run."""
    with uproot.recreate(path) as file:
        for folder, value in folders.items():
            edges = np.arange(4.0), np.arange(3.0)
            file[f"DQMData/Run {RUN}/{folder}/Task/h"] = (np.full((3, 2), value), *edges)
        for folder, text in (scalars or {}).items():
            _add_scalar(file, f"DQMData/Run {RUN}/{folder}", text)


def _add_scalar(file: uproot.WritableDirectory, folder: str, text: str) -> None:
    directory = file.mkdir(folder)
    raw = uproot.writing.identify.to_TObjString(text).serialize(name=text)
    directory._cascading.add_object(file._file.sink, "TObjString", text, "", raw, len(raw))


@pytest.mark.parametrize(
    ("name", "grows"),
    [
        ("DQM_V0001_Ecal_R000355456.root", True),
        ("DQM_V0001_R000315488__ZeroBias__Run2018A-PromptReco-v2__DQMIO.root", True),
        ("DQM_V0001_Ecal_R000355456.root.ls00000031_hostdqm-c2d07-29_pid00012345", True),
        ("DQM_V0001_Ecal_R000355456_L000000012.root", False),
        ("DQM_V0001_R000273158__All__Run2016__CentralDAQ_LS7.root", False),
        ("DQM_run306138_ls742.root", False),
        ("my.root", False),
    ],
)
def test_files_that_grow_through_a_run(tmp_path: Path, name: str, grows: bool) -> None:
    assert covers_run(name) is grows
    (place,) = places(write_ecal(tmp_path, name=name))
    assert place.grows is grows
    assert (place.run, place.lumi, place.span, place.partial) == (RUN, 12, 1, False)


def test_the_run_is_the_folder_s(tmp_path: Path) -> None:
    (place,) = places(write_ecal(tmp_path), run=7)
    assert (place.run, place.assumptions) == (RUN, (f"run {RUN} as the content says, not 7 as asked for",))


def test_names_tops_and_scalars(tmp_path: Path) -> None:
    (shelf,) = [*_kept(write_ecal(tmp_path))]
    expected = {path for name in ECAL for path in MAPS[name].paths("2018")[:1]}
    assert shelf == (expected, {"Ecal", "EcalBarrel", "EcalEndcap"}, "41.25", None)


def _kept(path: Path) -> list[tuple[set[str], set[str], str | None, str | None]]:
    return [
        (
            set(shelf.names()),
            set(shelf.tops),
            shelf.scalar(PILEUP),
            shelf.scalar("Ecal/EventInfo/nothing"),
        )
        for shelf in shelves(path)
    ]


def test_what_is_not_there_and_what_is_no_histogram(tmp_path: Path) -> None:
    path = write_ecal(tmp_path)
    for shelf in shelves(path):
        for name in (f"{EB_PATH} ", "Ecal", "", "/", "Nobody/Task/h", f"{EB_PATH}/more", "Ecal//h"):
            assert shelf.histogram(name) is None
        with pytest.raises(SourceError, match="a 'TObjString' in Ecal/EventInfo/") as caught:
            shelf.histogram(f"{LUMI.rsplit('/', 1)[0]}/<iLumiSection>i=12</iLumiSection>")
        assert caught.value.fault is Fault.WRONG_BINNING


def test_a_histogram_whose_name_holds_slashes(tmp_path: Path) -> None:
    path = tmp_path / NAME
    write_dqm(path, RUN, {**ecal_objects(), "Ecal/Task/ratio": plane(3)})
    content = path.read_bytes()
    path.write_bytes(content.replace(b"\x05ratio", b"\x05a/b/c"))
    for shelf in shelves(path):
        assert "Ecal/Task/a/b/c" in shelf.names()
        found = shelf.histogram("Ecal/Task/a/b/c")
        assert found is not None
        assert found.values.tolist() == [[3, 3, 3]] * 2


@pytest.mark.parametrize("name", [b"\x05a\x00bcd", b"\x05a\ncde"])
def test_names_that_nobody_would_type_are_not_listed(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / NAME
    write_dqm(path, RUN, {**ecal_objects(), "Ecal/Task/ratio": plane(3), "Ecal/Task/other": plane(3)})
    path.write_bytes(path.read_bytes().replace(b"\x05ratio", name))
    for shelf in shelves(path):
        assert [found for found in shelf.names() if "Task/" in found and "Ecal/" in found] == [
            "Ecal/Task/other"
        ]


@pytest.mark.parametrize("folder", [b"..", b".\x00"])
def test_folders_that_nobody_would_type_are_not_listed(tmp_path: Path, folder: bytes) -> None:
    path = tmp_path / NAME
    write_dqm(path, RUN, {**ecal_objects(), "Ecal/Ta/h": plane(3)})
    path.write_bytes(path.read_bytes().replace(b"\x02Ta", b"\x02" + folder))
    for shelf in shelves(path):
        assert not [found for found in shelf.names() if found.startswith("Ecal/")]


def test_a_folder_for_each_lumisection(tmp_path: Path) -> None:
    path = tmp_path / NAME
    folders = {
        "Hcal/Run summary": 9.0,
        "Hcal/By Lumi Section 11-20": 2.0,
        "Hcal/By Lumi Section 3-3": 1.0,
        "Ecal/By Lumi Section 3-3": 4.0,
        "Ecal/By Lumi Section 0-0": 5.0,
        "Ecal/By Lumi Section 9-7": 5.0,
        "Ecal/Run summary": 6.0,
    }
    write_sections(
        path, folders, {"Ecal/Run summary/EventInfo": "<runStartTimeStamp>f=1500000000</runStartTimeStamp>"}
    )
    seen = []
    for shelf in shelves(path):
        values = {}
        for name in shelf.names():
            found = shelf.histogram(name)
            assert found is not None
            values[name] = float(found.values[0, 0])
        seen.append((shelf.place, set(shelf.tops), values))
    first = Place(RUN, 3, began_at=START + 2 * 23.3)
    second = Place(RUN, 20, span=10, began_at=START + 10 * 23.3)
    assert seen == [
        (first, {"Hcal", "Ecal"}, {"Hcal/Task/h": 1, "Ecal/Task/h": 4}),
        (second, {"Hcal"}, {"Hcal/Task/h": 2}),
    ]


def test_the_shortest_of_the_ranges_that_end_alike(tmp_path: Path) -> None:
    path = tmp_path / NAME
    write_sections(path, {"Hcal/By Lumi Section 1-5": 1.0, "Hcal/By Lumi Section 5-5": 2.0})
    (place,) = places(path)
    assert (place.lumi, place.span, place.grows) == (5, 1, False)
    assert place.assumptions == ("histograms of lumisections 1 to 5 left out",)
