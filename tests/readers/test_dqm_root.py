"""DQM ROOT files: what was written comes back, cell by cell, or is refused in one line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from uproot.writing.identify import to_TAxis, to_TH2x

from caloscope.errors import Fault, UsageError
from caloscope.geometry import View, view
from caloscope.readers import read
from caloscope.readers.maps.depths import planes
from caloscope.writers.dqm import Histogram2D, Object, Profile, write_dqm

from .making import (
    EB_PATH,
    ECAL,
    EVENTS,
    LUMI,
    MAPS,
    NAME,
    PILEUP,
    RUN,
    counts,
    histograms,
    only,
    refusal,
    specs,
    write_ecal,
)

HCAL_2017 = 306138
HCAL_2022 = 355456


def test_round_trip_of_ecal(tmp_path: Path) -> None:
    found = only(write_ecal(tmp_path))
    assert (found.label, found.run, found.lumi) == ("test", RUN, 12)
    assert set(found.maps) == set(ECAL)
    assert not found.missing
    assert found.source == str(tmp_path / NAME)
    assert found.assumptions == ("era 2018 taken from run 315488",)
    for seed, name in enumerate(ECAL):
        record = found.maps[name]
        assert record.counts.dtype == np.uint32
        np.testing.assert_array_equal(record.counts, counts(name, seed=seed))
        assert (record.events, record.pileup, record.span) == (500, 41.25, 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int16])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_counts_come_back_bit_for_bit(
    tmp_path: Path, dtype: type[np.number[Any]], data: st.DataObject
) -> None:
    largest = {"f4": 2**24, "f8": 2**32 - 1, "i4": 2**31 - 1, "i2": 2**15 - 1}[np.dtype(dtype).str[1:]]
    written = data.draw(arrays.arrays(np.int64, (34, 72), elements=st.integers(0, largest), fill=st.just(0)))
    path = write_ecal(tmp_path, histograms("EB/digi", written.astype(dtype)))
    np.testing.assert_array_equal(only(path).maps["EB/digi"].counts, written)


def test_a_hot_tower_is_where_it_was(tmp_path: Path) -> None:
    # Trigger tower of crystals ieta -85..-81 and iphi 16..20: bins y = 1 and x = 4.
    values = np.zeros((34, 72), np.float32)
    values[0, 3] = 7
    found = only(write_ecal(tmp_path, histograms("EB/digi", values))).maps["EB/digi"].counts
    assert np.argwhere(found).tolist() == [[0, 3]]
    with uproot.open(tmp_path / NAME) as file:
        contents = file[f"DQMData/Run {RUN}/{EB_PATH.replace('/', '/Run summary/', 1)}"].values()
    assert contents[3, 0] == 7
    assert contents.sum() == 7


@pytest.mark.parametrize(("depth", "ieta", "iphi"), [(1, -16, 7), (3, 29, 39), (7, -28, 71), (2, 1, 72)])
def test_a_hot_channel_is_where_it_was(tmp_path: Path, depth: int, ieta: int, iphi: int) -> None:
    values = np.zeros((7, 72, 84), np.float32)
    column = ieta + 42 if ieta < 0 else ieta + 41
    values[depth - 1, iphi - 1, column] = 1350
    path = tmp_path / "DQM_run355456_ls3.root"
    write_dqm(path, HCAL_2022, histograms("HCAL/digi", values, "2019+"))
    found = only(path, ["HCAL/digi"]).maps["HCAL/digi"].counts
    (cell,) = (tuple(int(i) for i in where) for where in np.argwhere(found == 1350))
    place = view("HCAL", "2019+").locate(cell)
    assert (place["depth"], place["ieta"], place["iphi"]) == (depth, ieta, iphi)


def test_the_first_name_that_is_there_whole(tmp_path: Path) -> None:
    ours, other = counts("HCAL/digi", "2019+", seed=1), counts("HCAL/digi", "2019+", seed=2)
    objects = {
        **histograms("HCAL/digi", ours, "2019+", alternative=0),
        **histograms("HCAL/digi", other, "2019+", alternative=1),
    }
    path = tmp_path / "DQM_run355456_ls3.root"
    write_dqm(path, HCAL_2022, objects)
    np.testing.assert_array_equal(only(path, ["HCAL/digi"]).maps["HCAL/digi"].counts, ours)
    del objects["Hcal/DigiTask/Occupancy/depth/depth4"]
    write_dqm(path, HCAL_2022, objects)
    np.testing.assert_array_equal(only(path, ["HCAL/digi"]).maps["HCAL/digi"].counts, other)


def test_one_depth_missing_is_the_map_missing(tmp_path: Path) -> None:
    objects = histograms("HCAL/digi", counts("HCAL/digi", "2019+"), "2019+")
    del objects["Hcal/DigiTask/Occupancy/depth/depth7"]
    path = tmp_path / "DQM_run355456_ls3.root"
    write_dqm(path, HCAL_2022, objects)
    found = only(path, ["HCAL/digi", "HCAL/rechit", "EB/digi"])
    assert not found.maps
    assert found.missing == {"HCAL/digi", "HCAL/rechit"}


def test_depths_that_have_no_cells_may_be_absent(tmp_path: Path) -> None:
    values = counts("HCAL/digi", "2016")
    values[4:] = 0
    objects = histograms("HCAL/digi", values, "2016")
    for depth in (5, 6, 7):
        del objects[f"Hcal/DigiTask/Occupancy/depth/depth{depth}"]
    path = tmp_path / "DQM_run276582_ls3.root"
    write_dqm(path, 276582, objects)
    np.testing.assert_array_equal(only(path, ["HCAL/digi"]).maps["HCAL/digi"].counts, values)


@pytest.mark.parametrize(("run", "era"), [(HCAL_2017, "2017"), (HCAL_2022, "2019+")])
def test_ho_is_where_its_era_has_it(tmp_path: Path, run: int, era: str) -> None:
    deep = counts("HCAL/digi", era)
    objects = histograms("HCAL/digi", deep, era)
    own = counts("HO/digi", era, seed=9)
    if era == "2019+":
        objects |= histograms("HO/digi", own, era)
    path = tmp_path / "DQM_x_LS3.root"
    write_dqm(path, run, objects)
    found = only(path, ["HO/digi"]).maps["HO/digi"].counts
    np.testing.assert_array_equal(found, own if era == "2019+" else deep[3])


def test_a_map_that_is_not_there_is_missing(tmp_path: Path) -> None:
    found = only(write_ecal(tmp_path, {EB_PATH: None}), [*ECAL, "HCAL/digi"])
    assert set(found.maps) == {"EE-/digi", "EE+/digi"}
    assert found.missing == {"EB/digi"}


def test_a_file_without_any_folder_asked_for(tmp_path: Path) -> None:
    assert list(read(write_ecal(tmp_path), specs("HCAL/digi"), label="x", views=view)) == []


def test_the_era_and_run_given(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []

    def views(name: str, era: str) -> View:
        seen.append((name, era))
        return view(name, era)

    path = write_ecal(tmp_path)
    (found,) = read(path, specs("EB/digi"), label="x", era="2017", run=5, views=views)
    assert seen == [("EB", "2017")]
    assert found.run == RUN
    assert found.assumptions == (f"run {RUN} as the content says, not 5 as asked for",)


def _changed(values: Any, **more: Any) -> Histogram2D:
    settings: dict[str, Any] = {"x_range": (0, 360), "y_range": (-85, 85), **more}
    return Histogram2D(title="t", x_title="x", y_title="y", values=np.asarray(values, np.float32), **settings)


_BLANK = np.zeros((34, 72))
_WRONG_BINS: dict[str, tuple[Object, str, str]] = {
    "transposed": (_changed(_BLANK.T), "34 bins from 0 to 360 along x", "72 (iphi) from 0 to 360"),
    "one more": (_changed(np.zeros((35, 72))), "35 bins from -85 to 85 along y", "34 (ieta) from -85 to 85"),
    "edges": (_changed(_BLANK, y_range=(-84, 86)), "34 bins from -84 to 86", "from -85 to 85"),
    "NaN edge": (_changed(_BLANK, x_range=(0, float("nan"))), "72 bins from 0 to nan", "from 0 to 360"),
    "profile": (Profile.of([(1, 2)], title="t"), "a histogram along x in", "a TH2 of 72 x 34 bins"),
}


@pytest.mark.parametrize("case", _WRONG_BINS)
def test_wrong_binning(tmp_path: Path, case: str) -> None:
    histogram, found, expected = _WRONG_BINS[case]
    line = refusal(write_ecal(tmp_path, {EB_PATH: histogram}), Fault.WRONG_BINNING)
    assert f"found {found}" in line
    assert expected in line
    assert EB_PATH in line


def test_bins_of_unequal_width(tmp_path: Path) -> None:
    edges = np.linspace(0, 360, 73)
    path = tmp_path / NAME
    for moved in (0.0, 1.0):
        edges[5] += moved
        folder, name = EB_PATH.replace("/", "/Run summary/", 1).rsplit("/", 1)
        with uproot.recreate(path) as file:
            into = file.mkdir(f"DQMData/Run {RUN}/{folder}")
            into[name] = (np.zeros((72, 34)), edges, np.linspace(-85, 85, 35))
        if moved:
            assert "of unequal width" in refusal(path, Fault.WRONG_BINNING, ["EB/digi"])
        else:
            path = path.rename(tmp_path / f"x_L{3:09d}.root")
            assert only(path, ["EB/digi"]).maps["EB/digi"].counts.sum() == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 0.5, 2.0**32, 1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_contents_that_are_no_counts(tmp_path: Path, value: float, dtype: type[np.floating[Any]]) -> None:
    values = np.full((34, 72), 5, dtype)
    values[33, 70] = value
    line = refusal(write_ecal(tmp_path, histograms("EB/digi", values)), Fault.INVALID_COUNTS)
    assert f"{EB_PATH}, bin x=71 y=34" in line


def test_negative_whole_numbers(tmp_path: Path) -> None:
    values = np.zeros((34, 72), np.int32)
    values[0, 0] = -3
    line = refusal(write_ecal(tmp_path, histograms("EB/digi", values)), Fault.INVALID_COUNTS)
    assert "found -3 in" in line


def test_overflows_do_not_count(tmp_path: Path) -> None:
    full = np.full((36, 74), np.nan, np.float32)
    full[1:-1, 1:-1] = counts("EB/digi")
    histogram = to_TH2x(
        *(None, "t", full.ravel(), 0, 0, 0, 0, 0, 0, 0, 0, None),
        to_TAxis("xaxis", "", 72, 0, 360),
        to_TAxis("yaxis", "", 34, -85, 85),
    )
    folder, name = EB_PATH.replace("/", "/Run summary/", 1).rsplit("/", 1)
    path = tmp_path / "x_LS3.root"
    with uproot.recreate(path) as file:
        file.mkdir(f"DQMData/Run {RUN}/{folder}")[name] = histogram
    np.testing.assert_array_equal(only(path, ["EB/digi"]).maps["EB/digi"].counts, counts("EB/digi"))


@pytest.mark.parametrize(
    ("value", "events"), [(0, 0), (500, 500), (1350.0, 1350), (None, None), (1e12, 10**12)]
)
def test_events(tmp_path: Path, value: float | None, events: int | None) -> None:
    assert only(write_ecal(tmp_path, {EVENTS: value})).maps["EB/digi"].events == events


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), 0.5, 1e13, "many", ""])
def test_events_that_cannot_be(tmp_path: Path, value: float | str) -> None:
    line = refusal(write_ecal(tmp_path, {EVENTS: value}), Fault.INVALID_SCALAR)
    assert EVENTS in line


@pytest.mark.parametrize(
    ("value", "pileup"), [(0.0, 0.0), (41.25, 41.25), (-1.0, None), (float("nan"), None), (None, None)]
)
def test_pileup(tmp_path: Path, value: float | None, pileup: float | None) -> None:
    assert only(write_ecal(tmp_path, {PILEUP: value})).maps["EB/digi"].pileup == pileup


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), "high"])
def test_pileup_that_cannot_be(tmp_path: Path, value: float | str) -> None:
    assert PILEUP in refusal(write_ecal(tmp_path, {PILEUP: value}), Fault.INVALID_SCALAR)


def test_two_values_of_one_scalar(tmp_path: Path) -> None:
    # A mapping cannot say it twice, so a second name of the same length is changed in the file.
    path = write_ecal(tmp_path, {"Ecal/EventInfo/iLumiSectioo": 13})
    content = path.read_bytes().replace(b"<iLumiSectioo>", b"<iLumiSection>")
    path.write_bytes(content.replace(b"</iLumiSectioo>", b"</iLumiSection>"))
    assert f"['12', '13'] in {LUMI}" in refusal(path, Fault.INVALID_SCALAR)


def test_two_runs_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "x_LS3.root"
    with uproot.recreate(path) as file:
        file.mkdir("DQMData/Run 1/Ecal/Run summary")
        file.mkdir("DQMData/Run 2/Ecal/Run summary")
    assert "Run 1 and Run 2" in refusal(path, Fault.UNREADABLE)


@pytest.mark.parametrize("folder", ["DQMData", "DQMData/Run x", "DQMData/Run 0", "DQMData/Run 9999999999"])
def test_no_run(tmp_path: Path, folder: str) -> None:
    path = tmp_path / "x_LS3.root"
    with uproot.recreate(path) as file:
        file.mkdir(folder)
    assert "one folder DQMData/Run N" in refusal(path, Fault.UNKNOWN_FORMAT)


def test_names_must_tell_depths_apart() -> None:
    with pytest.raises(UsageError, match="names all 7 depths"):
        planes("Hcal/one", view("HCAL", "2018"))
    with pytest.raises(UsageError, match="EB has none"):
        planes("Ecal/depth{depth}", view("EB", "2018"))
    assert planes("a/d{depth}", view("HCAL", "2016"))[3:5] == (("a/d4", False), ("a/d5", False))


def test_the_catalogue_is_what_these_tests_take_it_for() -> None:
    assert MAPS["EB/digi"].paths("2018")[0] == EB_PATH
    assert MAPS["EB/digi"].events == (EVENTS,)
    assert MAPS["EB/digi"].pileup == (PILEUP,)
