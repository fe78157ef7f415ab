"""ML4DQM files: HDF5 with next to no metadata."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.config.catalogue import plain
from caloscope.errors import Fault, SourceError
from caloscope.geometry import view
from caloscope.readers import complete, read

from .making import flipped, lumisections, refusal, specs, tried

HCAL = ("HCAL/digi", "HCAL/rechit", "HO/digi")
EVENTS = [1350, 1379, 1366]
ASSUMED = ("era 2017 taken from run 306138", "lumisection = row + 1")
PLATEAU = "events taken from the plateau of the forward calorimeter"


def _occupancy() -> NDArray[np.float32]:
    """`(depth, lumi, y, x)`: counts up to the number of events, which all of HF has."""
    rng = np.random.default_rng(5)
    values = rng.binomial(np.array(EVENTS)[:, np.newaxis, np.newaxis], 0.3, (7, 3, 72, 84))
    for columns in (slice(0, 13), slice(71, 84)):
        values[:, :, ::2, columns] = np.array(EVENTS)[:, np.newaxis, np.newaxis]
        values[:, :, 1::2, columns] = 0
    return values.astype(np.float32)


def _write(path: Path, values: NDArray[Any] | None = None, **attributes: Any) -> Path:
    """A file of rows for depths 1 to 7."""
    with h5py.File(path, "w") as file:
        for depth, rows in enumerate(_occupancy() if values is None else values, 1):
            file.create_dataset(f"DigiTask_Occupancy_depth_depth{depth}", data=rows, compression="gzip")
        file.attrs.update({"run": 306138, **attributes})
    return path


def _changed(path: Path, name: str, rows: NDArray[Any]) -> Path:
    """The file with one array put in another's place."""
    with h5py.File(path, "a") as file:
        if name in file:
            del file[name]
        file[name] = rows
    return path


@pytest.mark.realdata
def test_the_real_file(shared_data: Path) -> None:
    path = shared_data / "hcal" / "hcal_digi_rechit_occ_run306138_6ls.h5"
    assert complete(path)
    found = lumisections(path, HCAL)
    assert [lumisection.id for lumisection in found] == [(306138, lumi) for lumi in range(1, 7)]
    events = [1350, 1379, 1366, 1930, 1868, 1911]
    exists = view("HCAL", "2017").exists
    for lumisection, expected in zip(found, events, strict=True):
        assert {name: record.events for name, record in lumisection.maps.items()} == dict.fromkeys(
            HCAL, expected
        )
        assert not lumisection.missing
        assert lumisection.assumptions == (*ASSUMED, PLATEAU)
        digi = lumisection.maps["HCAL/digi"]
        assert digi.pileup is None
        assert digi.counts.shape == exists.shape
        assert digi.counts.max() == expected
        np.testing.assert_array_equal(lumisection.maps["HO/digi"].counts, digi.counts[3])


def test_rows_come_back(tmp_path: Path) -> None:
    values = _occupancy()
    found = lumisections(_write(tmp_path / "a.root", values), HCAL)
    assert [lumisection.lumi for lumisection in found] == [1, 2, 3]
    for row, lumisection in enumerate(found):
        record = lumisection.maps["HCAL/digi"]
        assert record.counts.dtype == np.uint32
        np.testing.assert_array_equal(record.counts, values[:, row])
        assert record.events == EVENTS[row]
        assert lumisection.missing == {"HCAL/rechit"}
        assert (lumisection.run, lumisection.label) == (306138, "test")


def test_one_row_at_a_time(tmp_path: Path) -> None:
    values = _occupancy()
    values[0, 2, 5, 6] = np.nan
    rows = read(_write(tmp_path / "a.h5", values), specs("HCAL/digi"), label="x", views=view)
    assert [next(rows).unusable, next(rows).unusable] == [frozenset()] * 2
    assert next(rows).unusable == {"HCAL/digi"}
    with pytest.raises(SourceError, match=r"nan in DigiTask_Occupancy_depth_depth1\[2\], bin x=7 y=6"):
        next(rows)


@pytest.mark.parametrize("value", [0.5, -1, np.inf, 2.0**33])
def test_what_is_no_count(tmp_path: Path, value: float) -> None:
    values = _occupancy()
    values[3, 0, 10, 40] = value
    refusal(_write(tmp_path / "a.h5", values), Fault.INVALID_COUNTS, ["HCAL/digi"])


def test_numbers_of_the_lumisections(tmp_path: Path) -> None:
    values = _occupancy()
    found = lumisections(_write(tmp_path / "a.h5", values, lumi=[9, 741, 7]), ["HCAL/digi"])
    assert [lumisection.lumi for lumisection in found] == [7, 9, 741]
    np.testing.assert_array_equal(found[0].maps["HCAL/digi"].counts, values[:, 2])
    assert found[0].assumptions == (ASSUMED[0], PLATEAU)
    path = _changed(_write(tmp_path / "b.h5"), "lumi", np.array([4.0, 5.0, 6.0]))
    assert [lumisection.lumi for lumisection in lumisections(path, ["HCAL/digi"])] == [4, 5, 6]


@pytest.mark.parametrize(
    ("lumi", "fault"),
    [
        ([1, 2], Fault.NO_LUMISECTION),
        ([0, 1, 2], Fault.NO_LUMISECTION),
        ([5, 5, 6], Fault.CONFLICT),
        ([1.5, 2, 3], Fault.INVALID_SCALAR),
        ([np.nan, 2, 3], Fault.INVALID_SCALAR),
        ("many", Fault.INVALID_SCALAR),
    ],
)
def test_numbers_that_will_not_do(tmp_path: Path, lumi: Any, fault: Fault) -> None:
    refusal(_write(tmp_path / "a.h5", lumi=lumi), fault, ["HCAL/digi"])


def test_the_run(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.h5")
    assert lumisections(path, HCAL, run=1)[0].assumptions[0] == (
        "run 306138 as the content says, not 1 as asked for"
    )
    with h5py.File(path, "a") as file:
        del file.attrs["run"]
    assert "no run number" in refusal(path, Fault.NO_LUMISECTION, HCAL)
    (first, *_) = lumisections(path, HCAL, run=355456, era="2017")
    assert first.run == 355456
    assert first.assumptions[0] == "run 355456 as asked for"


@pytest.mark.parametrize("run", [0, -3, 2**40, [1, 2], 1.5, "x\ny"])
def test_a_run_that_cannot_be(tmp_path: Path, run: Any) -> None:
    refusal(_write(tmp_path / "a.h5", run=run), Fault.INVALID_SCALAR, HCAL)


def test_events_that_hf_does_not_agree_on(tmp_path: Path) -> None:
    values = _occupancy()
    values[0, 0, :, :13] = 0
    values[0, 0, :, 71:] = 0
    values[0, 1, ::2, :13] += np.arange(13)
    values[0, 1, ::2, 71:] += np.arange(13, 26)
    values[0, 2, 0, 0] = 7
    found = lumisections(_write(tmp_path / "a.h5", values), ["HCAL/digi"])
    assert [lumisection.maps["HCAL/digi"].events for lumisection in found] == [None, None, 1366]


def test_a_depth_that_is_not_there(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.h5", run=276582)
    with h5py.File(path, "a") as file:
        del file["DigiTask_Occupancy_depth_depth7"]
    assert not lumisections(path, ["HCAL/digi"])[0].maps["HCAL/digi"].counts[6].any()
    (first, *_) = lumisections(path, HCAL, era="2018")
    assert set(first.maps) == {"HO/digi"}
    assert first.missing == {"HCAL/digi", "HCAL/rechit"}
    refusal(path, Fault.NOTHING_KNOWN, ["HCAL/digi"], era="2018")


def test_wrong_shapes(tmp_path: Path) -> None:
    turned = _occupancy().swapaxes(2, 3)
    line = refusal(_write(tmp_path / "a.h5", turned), Fault.WRONG_BINNING, ["HCAL/digi"])
    assert "shape (3, 84, 72) of DigiTask_Occupancy_depth_depth1" in line
    assert "(lumisections, 72 iphi, 84 ieta)" in line
    shorter = _changed(_write(tmp_path / "b.h5"), "DigiTask_Occupancy_depth_depth2", np.zeros((2, 72, 84)))
    assert "2 lumisections in" in refusal(shorter, Fault.WRONG_BINNING, ["HCAL/digi"])


def _linked(file: h5py.File, name: str, kind: str, tmp_path: Path) -> None:
    if kind == "soft":
        file[name] = h5py.SoftLink("/DigiTask_Occupancy_depth_depth1")
    elif kind == "external link":
        file[name] = h5py.ExternalLink("other.h5", "/maps")
    elif kind == "external storage":
        raw = tmp_path / "secret"
        raw.write_bytes(bytes(3 * 72 * 84 * 4))
        file.create_dataset(name, (3, 72, 84), "f4", external=[(str(raw), 0, h5py.h5f.UNLIMITED)])
    elif kind == "virtual":
        layout = h5py.VirtualLayout((3, 72, 84), "f4")
        layout[...] = h5py.VirtualSource("other.h5", "maps", (3, 72, 84))
        file.create_virtual_dataset(name, layout)
    elif kind == "folder":
        file.create_group(name)
    elif kind == "text":
        file[name] = ["a", "b", "c"]
    else:
        file.create_dataset(name, (3, 5000, 5000), "f4", chunks=(1, 5000, 5000))


@pytest.mark.parametrize(
    "kind", ["soft", "external link", "external storage", "virtual", "folder", "text", "too large"]
)
def test_arrays_that_are_not_plain(tmp_path: Path, kind: str) -> None:
    path = _write(tmp_path / "a.h5")
    name = "DigiTask_Occupancy_depth_depth3"
    with h5py.File(path, "a") as file:
        del file[name]
        _linked(file, name, kind, tmp_path)
    assert name in refusal(path, Fault.UNREADABLE, ["HCAL/digi"])


def test_a_thousand_empty_rows_cost_nothing(tmp_path: Path) -> None:
    # A file may declare any number of rows and store few; reading them must not make room for all.
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        for depth in range(1, 8):
            name = f"DigiTask_Occupancy_depth_depth{depth}"
            file.create_dataset(name, (10**5, 72, 84), "f4", chunks=(1, 72, 84))[10**5 - 1] = 1
        file.attrs["run"] = 306138
    (found,) = read(path, specs("HCAL/digi"), label="x", views=view)
    assert found.lumi == 10**5


def test_flipped_bits_give_an_error_or_the_truth(tmp_path: Path) -> None:
    values = _occupancy()
    content = _write(tmp_path / "a.h5", values).read_bytes()
    path = tmp_path / "flipped.h5"
    for changed in flipped(content, seed=6, times=150):
        path.write_bytes(changed)
        found = tried(path, ["HCAL/digi"])
        if isinstance(found, str):
            assert found.isprintable()
            continue
        assert all(lumisection.maps["HCAL/digi"].counts.shape == (7, 72, 84) for lumisection in found)


@pytest.mark.realdata
def test_real_crystals_of_a_missing_supermodule(shared_data: Path) -> None:
    path = shared_data / "ecal" / "eb_rechit_occ_run276582_missing_supermodule_8ls.h5"
    # Empty crystals were stored as 0.00001, so what was counts is no longer.
    assert "--as-float" in refusal(path, Fault.INVALID_COUNTS, ["EB/rechit"])
    found = lumisections(path, ["EB/rechit"], as_float=True)
    assert [each.id for each in found] == [(276582, lumi) for lumi in range(1, 9)]
    with h5py.File(path) as file:
        crystals = file["EBOccupancyTask_EBOT_rec_hit_occupancy"][()]
    for row, each in enumerate(found):
        towers = crystals[row].reshape(34, 5, 72, 5).sum(axis=(1, 3), dtype=np.float64)
        np.testing.assert_allclose(each.maps["EB/rechit"].counts, towers, rtol=1e-5)
        # A supermodule is 17 x 4 towers.
        assert (each.maps["EB/rechit"].counts < 0.01).sum() >= 17 * 4


@pytest.mark.realdata
def test_real_crystals_and_times(shared_data: Path) -> None:
    path = shared_data / "ecal" / "ecal_rechit_occ_time_good_7ls.h5"
    assert "no run number" in refusal(path, Fault.NO_LUMISECTION, ["EB/rechit"])
    maps = [*specs("EB/rechit", "EE-/rechit", "EE+/rechit"), plain("*timing*")]
    found = list(read(path, maps, label="x", views=view, run=276582, as_float=True))
    assert len(found) == 7
    shapes = {name: record.counts.shape for name, record in found[0].maps.items()}
    assert shapes == {
        "EB/rechit": (34, 72),
        "EE-/rechit": (20, 20),
        "EE+/rechit": (20, 20),
        "plain/EBTimingTask_EBTMT_timing_map": (34, 72),
        "plain/EETimingTask_EETMT_timing_map_EE_+": (20, 20),
        "plain/EETimingTask_EETMT_timing_map_EE_-": (20, 20),
    }
    assert not found[0].missing


def test_a_row_that_cannot_be_used_ends_nothing(tmp_path: Path) -> None:
    values = _occupancy()
    values[2, 0, 5, 6] = -1
    path = _write(tmp_path / "a.h5", values)
    rows = read(path, specs("HCAL/digi", "HO/digi"), label="x", views=view)
    first, second, third = next(rows), next(rows), next(rows)
    assert set(first.maps) == {"HO/digi"}
    assert not first.missing
    assert first.unusable == {"HCAL/digi"}
    assert [set(each.maps) for each in (second, third)] == [{"HCAL/digi", "HO/digi"}] * 2
    with pytest.raises(SourceError, match=r"-1.0 in DigiTask_Occupancy_depth_depth3\[0\], bin x=7 y=6"):
        next(rows)


def test_crystals_and_plain_arrays(tmp_path: Path) -> None:
    crystals = np.random.default_rng(3).integers(0, 50, (2, 170, 360))
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["EBOccupancyTask_EBOT_rec_hit_occupancy"] = crystals
        file["line"] = np.arange(8).reshape(2, 4)
        file["solid"] = np.zeros((2, 3, 4, 5))
        file["lumi"] = [8, 6]
        file.attrs["run"] = 276582
    found = list(read(path, [*specs("EB/rechit"), plain("*i*")], label="x", views=view))
    assert [each.lumi for each in found] == [6, 8]
    towers = crystals[1].reshape(34, 5, 72, 5).sum(axis=(1, 3))
    np.testing.assert_array_equal(found[0].maps["EB/rechit"].counts, towers)
    assert found[0].maps["plain/line"].counts.tolist() == [[4, 5, 6, 7]]
    assert found[0].maps["plain/solid"].counts.shape == (3, 4, 5)
    assert [axis.bins for axis in found[0].maps["plain/solid"].axes] == [3, 4, 5]
    assert "plain/lumi" not in found[0].maps


def test_more_rows_than_a_run_has(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        for depth in range(1, 8):
            file.create_dataset(
                f"DigiTask_Occupancy_depth_depth{depth}", (10**9, 72, 84), "f4", chunks=(1, 72, 84)
            )
        file.attrs["run"] = 306138
    assert "1000000000 rows" in refusal(path, Fault.UNREADABLE, ["HCAL/digi"])


def test_a_row_that_was_never_written_is_absent_and_not_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        array = file.create_dataset("lines", (4, 3, 2), "f4", chunks=(1, 3, 2))
        array[1] = np.ones((3, 2))
        array[3] = np.zeros((3, 2))
        file.attrs["run"] = 276582
    found = list(read(path, [plain("lines")], label="x", views=view))
    assert [(each.lumi, int(each.maps["plain/lines"].counts.sum())) for each in found] == [(2, 6), (4, 0)]
