"""DQM ROOT files as they are written: whole, in place, and with the statistics that ROOT would have."""

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

from caloscope.writers.dqm import Histogram2D, Object, Profile, write_dqm

RUN = 355456
RNG = np.random.default_rng(2)


def histogram(dtype: Any = np.float32, **more: Any) -> Histogram2D:
    """A histogram of 3 x 5 bins."""
    values = (10 * np.arange(15).reshape(3, 5) / 4).astype(dtype)
    given: dict[str, Any] = {"x_range": (0.0, 10.0), "y_range": (-3.0, 3.0), "values": values, **more}
    return Histogram2D(title="a / b #sigma", x_title="x", y_title="y", **given)


def written(tmp_path: Path, objects: dict[str, Object]) -> Any:
    """The folder `DQMData/Run N` of a file of these objects."""
    path = tmp_path / "x.root"
    write_dqm(path, RUN, objects)
    return uproot.open(path)[f"DQMData/Run {RUN}"]


@pytest.mark.parametrize(
    ("dtype", "classname"),
    [("f4", "TH2F"), ("f8", "TH2D"), ("i2", "TH2S"), ("i4", "TH2I"), ("i1", "TH2C")],
)
def test_the_class_follows_the_type(tmp_path: Path, dtype: str, classname: str) -> None:
    sent = histogram(dtype)
    found = written(tmp_path, {"Ecal/Some folder/name of it": sent})[
        "Ecal/Run summary/Some folder/name of it"
    ]
    assert found.classname == classname
    assert found.values().dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found.values().T, sent.values)
    assert (found.title, found.axes[0].member("fTitle")) == ("a / b #sigma", "x")
    assert found.member("fOption") == "colz"
    np.testing.assert_array_equal(found.axes[1].edges(), [-3, -1, 1, 3])


def test_statistics(tmp_path: Path) -> None:
    sent = histogram(np.float64)
    found = written(tmp_path, {"Ecal/h": sent})["Ecal/Run summary/h"]
    y, x = np.meshgrid([-2.0, 0, 2], [1.0, 3, 5, 7, 9], indexing="ij")
    w = sent.values
    expected = {
        "fEntries": w.sum(),
        "fTsumw": w.sum(),
        "fTsumw2": w.sum(),
        "fTsumwx": (w * x).sum(),
        "fTsumwx2": (w * x * x).sum(),
        "fTsumwy": (w * y).sum(),
        "fTsumwy2": (w * y * y).sum(),
        "fTsumwxy": (w * x * y).sum(),
    }
    assert {name: found.member(name) for name in expected} == pytest.approx(expected)
    assert (found.member("fMinimum"), found.member("fMaximum")) == (-1111, -1111)


def test_scale_entries_and_labels(tmp_path: Path) -> None:
    names = ["a", "b", "ü"]
    sent = histogram(minimum=0, maximum=5.5, entries=42, y_labels=names, option="box")
    found = written(tmp_path, {"Ecal/h": sent})["Ecal/Run summary/h"]
    assert (found.member("fMinimum"), found.member("fMaximum")) == (0, 5.5)
    assert (found.member("fEntries"), found.member("fOption")) == (42, "box")
    assert found.axes[1].labels() == names
    assert found.axes[0].labels() is None


def test_contents_that_are_not_finite(tmp_path: Path) -> None:
    values = np.array([[1, np.nan], [np.inf, 2]], np.float32)
    found = written(tmp_path, {"Ecal/h": histogram(values=values)})["Ecal/Run summary/h"]
    np.testing.assert_array_equal(found.values().T, values)
    assert found.member("fEntries") == 3


@pytest.mark.parametrize(
    "more",
    [
        {"values": np.zeros(4)},
        {"values": np.zeros((0, 3))},
        {"values": np.zeros((2, 2), np.uint32)},
        {"values": np.zeros((2, 2), bool)},
        {"x_labels": ["a"]},
    ],
)
def test_histograms_that_cannot_be_written(more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a / b #sigma"):
        histogram(**more)


def test_profile(tmp_path: Path) -> None:
    points = [
        (1.0, 4.0),
        (9.99, 6.0),
        (10.0, 7.0),
        (1999.5, 1.0),
        (2000.0, 9.0),
        (-1.0, 9.0),
        (5.0, math.nan),
    ]
    sent = Profile.of(points, title="PU", x_title="LumiSections", y_title="PU")
    np.testing.assert_array_equal(np.flatnonzero(sent.entries), [0, 1, 199])
    found = written(tmp_path, {"Ecal/Trends/PU per Lumisection": sent})
    found = found["Ecal/Run summary/Trends/PU per Lumisection"]
    assert found.classname == "TProfile"
    assert found.values()[[0, 1, 199]].tolist() == [5, 7, 1]
    assert found.errors()[0] == pytest.approx(1 / math.sqrt(2))
    assert found.member("fEntries") == 4
    assert found.member("fTsumwy") == 18
    assert found.member("fTsumwy2") == 16 + 36 + 49 + 1
    assert len(found.axis().edges()) == 201


def test_profile_of_nothing_and_of_the_wrong_length() -> None:
    empty = Profile.of([], title="x", bins=10, x_range=(1, 11))
    assert not empty.entries.any()
    with pytest.raises(ValueError, match="for 3 bins"):
        Profile("x", "", (0, 1), 3, np.zeros(3), np.zeros(3), np.zeros(2))


def test_scalars_and_nested_folders(tmp_path: Path) -> None:
    objects: dict[str, Object] = {
        "Ecal/EventInfo/iRun": 355456,
        "Ecal/EventInfo/PU in the lumi": 41.1,
        "Ecal/EventInfo/numpy": np.int64(7),  # type: ignore[dict-item]
        "Ecal/EventInfo/deep/er/host name": "a/b <c> " + 300 * "é",
        "Ecal/EventInfo/deep/h": histogram(),
        "Ecal/top": 1,
        "Hcal/EventInfo/iRun": -5,
    }
    found = written(tmp_path, objects)
    info = found["Ecal/Run summary/EventInfo"]
    assert {"<iRun>i=355456</iRun>;1", "<numpy>i=7</numpy>;1"} <= set(info.keys(recursive=False))
    assert "<PU in the lumi>f=41.100000000000001</PU in the lumi>;1" in info.keys(recursive=False)
    (deep,) = info["deep/er"].values(recursive=False)
    assert str(deep) == f"<host name>s=a/b <c> {300 * 'é'}</host name>"
    assert found["Ecal/Run summary"].keys(recursive=False) == ["EventInfo;1", "<top>i=1</top>;1"]
    assert found["Hcal/Run summary/EventInfo"].keys() == ["<iRun>i=-5</iRun>;1"]


@pytest.mark.parametrize("key", ["name", "/a/b", "Ecal//b", "Ecal/", ""])
def test_keys_that_name_no_place(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="is not <top>/<path>/<name>"):
        write_dqm(tmp_path / "x.root", RUN, {key: 1})
    assert not list(tmp_path.iterdir())


def test_the_header_names_the_size(tmp_path: Path) -> None:
    path = tmp_path / "x.root"
    for count in (0, 1, 40):
        write_dqm(path, RUN, {f"Ecal/Folder {n}/h": histogram() for n in range(count)})
        content = path.read_bytes()
        assert int.from_bytes(content[12:16], "big") == len(content)


def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.root"
    write_dqm(path, RUN, {"Ecal/a": 1})
    before = path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_dqm(path, RUN, {"Ecal/a": 2})
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.root"]


def test_no_folder_to_write_into(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_dqm(tmp_path / "absent" / "x.root", RUN, {"Ecal/a": 1})


def test_every_reader_sees_a_whole_file(tmp_path: Path) -> None:
    # The old contents stay readable for those who have the file open.
    path = tmp_path / "x.root"
    write_dqm(path, RUN, {"Ecal/a": 1})
    with path.open("rb") as reader:
        write_dqm(path, RUN, {"Ecal/h": histogram(values=RNG.random((200, 200)))})
        old = reader.read()
    assert int.from_bytes(old[12:16], "big") == len(old)
    assert path.stat().st_size > len(old)
