"""The electromagnetic calorimeter: towers, supercrystals, supermodules, sectors; against real maps too."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caloscope.errors import UsageError
from caloscope.geometry import view
from caloscope.geometry.ecal_endcap import crystals, sectors


def test_barrel_shape_axes_and_cells() -> None:
    eb = view("EB", "2018")
    assert eb.shape == (34, 72)
    assert eb.circular == (False, True)
    assert (eb.y.low, eb.y.high, eb.y.title) == (-85.0, 85.0, "ieta")
    assert (eb.x.low, eb.x.high, eb.x.title) == (0.0, 360.0, "iphi")
    assert (eb.y.values[0], eb.y.values[16], eb.y.values[17], eb.y.values[-1]) == (-83, -3, 3, 83)
    assert (eb.x.values[0], eb.x.values[-1]) == (3, 358)
    assert eb.exists.all()


def test_barrel_regions_go_from_small_to_large_in_the_usual_order() -> None:
    names = [region.name for region in view("EB", "2018").regions]
    assert names[0] == "EB-18"
    assert names[17:19] == ["EB-01", "EB+01"]
    assert names[35:] == ["EB+18", "EB-", "EB+"]
    assert {int(region.members.sum()) for region in view("EB", "2018").regions[:36]} == {68}


@given(ieta=st.integers(-85, 85).filter(bool), iphi=st.integers(1, 360))
def test_a_crystal_lies_in_the_tower_that_names_it(ieta: int, iphi: int) -> None:
    eb = view("EB", "2018")
    cell = ((ieta + 85 if ieta < 0 else ieta + 84) // 5, (iphi - 1) // 5)
    place = eb.locate(cell)
    for name, crystal in (("crystal_ieta", ieta), ("crystal_iphi", iphi)):
        low, high = (int(end) for end in str(place[name]).split(".."))
        assert low <= crystal <= high
        assert high - low == 4
    supermodule = f"EB{'-' if ieta < 0 else '+'}{(iphi - 1) // 20 + 1:02d}"
    assert place["supermodule"] == supermodule
    assert [region.name for region in eb.regions_of(cell)] == [supermodule, supermodule[:3]]


def test_barrel_cell_name() -> None:
    eb = view("EB", "2018")
    assert eb.describe((19, 24)) == "EB+07 tower (ieta 11..15, iphi 121..125)"
    assert eb.describe((0, 71)) == "EB-18 tower (ieta -85..-81, iphi 356..360)"
    assert eb.locate((19, 24))["ieta"] == 3
    assert eb.locate((0, 71))["ieta"] == -17


@pytest.mark.parametrize("name", ["EE-", "EE+"])
def test_endcap_cells(name: str) -> None:
    ee = view(name, "2018")
    assert ee.shape == (20, 20)
    assert ee.circular == (False, False)
    assert (ee.x.low, ee.x.high, ee.x.title, ee.y.title) == (0.0, 100.0, "ix", "iy")
    assert int(crystals().sum()) == 7324
    assert int(ee.exists.sum()) == 312
    np.testing.assert_array_equal(ee.exists, sectors() > 0)
    # four-fold symmetric
    for other in (ee.exists[::-1], ee.exists[:, ::-1], ee.exists.T):
        np.testing.assert_array_equal(ee.exists, other)


@pytest.mark.parametrize("name", ["EE-", "EE+"])
def test_endcap_regions(name: str) -> None:
    ee = view(name, "2018")
    assert [region.name for region in ee.regions] == [
        *(f"{name}{sector:02d}" for sector in range(1, 10)),
        *(f"{name}Q{quadrant}" for quadrant in range(1, 5)),
        f"{name}F",
        f"{name}N",
    ]
    sizes = {region.name[3:]: int(region.members.sum()) for region in ee.regions}
    assert all(33 <= sizes[f"{sector:02d}"] <= 36 for sector in range(1, 10))
    assert {sizes[f"Q{quadrant}"] for quadrant in range(1, 5)} == {78}
    assert sizes["F"] == sizes["N"] == 156
    # quadrant 1 is at high ix and iy
    assert ee.regions_of((15, 15))[1].name == f"{name}Q1"
    assert ee.regions_of((15, 4))[1].name == f"{name}Q2"


@pytest.mark.parametrize(
    ("name", "ix", "iy", "sector"),
    # crystals and their data concentrator card as the electronics map lists them: card 1 is sector 7
    [
        ("EE-", 100, 60, 7), ("EE-", 97, 65, 8), ("EE-", 92, 25, 6), ("EE-", 90, 60, 8), ("EE-", 90, 55, 7),
        ("EE+", 1, 60, 3), ("EE+", 3, 41, 3), ("EE+", 5, 65, 2), ("EE+", 10, 25, 4), ("EE+", 11, 60, 2),
        ("EE+", 11, 31, 3), ("EE+", 11, 30, 4),
    ],
)  # fmt: skip
def test_sectors_are_those_of_the_readout(name: str, ix: int, iy: int, sector: int) -> None:
    cell = ((iy - 1) // 5, (ix - 1) // 5)
    assert view(name, "2018").locate(cell)["sector"] == f"{name}{sector:02d}"


def test_endcap_names_and_numbers() -> None:
    ee = view("EE+", "2018")
    assert ee.describe((4, 6)) == "EE+04 supercrystal (ix 31..35, iy 21..25)"
    assert ee.describe((0, 0)) == "EE+ no cell (ix 1..5, iy 1..5)"
    assert "sector" not in ee.locate((0, 0))
    numbers = {int(ee.locate((y, x))["supercrystal"]) for y, x in np.argwhere(ee.exists)}
    assert len(numbers) == 312
    # the four numbers that hold no crystal: the same place in every quadrant
    assert set(range(1, 317)) - numbers == {70, 149, 228, 307}


@pytest.mark.parametrize("cell", [(34, 0), (-1, 0), (0, 72), (0,), (0, 0, 0)])
def test_a_cell_outside_is_refused(cell: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="34 x 72"):
        view("EB", "2018").describe(cell)


@pytest.mark.realdata
def test_real_crystals_lie_in_the_outline(shared_data: Path) -> None:
    with h5py.File(shared_data / "ecal" / "ecal_rechit_occ_time_good_7ls.h5") as file:
        for name in ("EE-", "EE+"):
            counts = file[f"EEOccupancyTask_EEOT_rec_hit_occupancy_EE_{name[2]}"][()]
            alive = (counts > 0).any(axis=0)
            assert not (alive & ~crystals()).any()
            towers = alive.reshape(20, 5, 20, 5).any(axis=(1, 3))
            # three supercrystals of each endcap were dead in 2016
            assert int((view(name, "2016").exists & ~towers).sum()) == 3


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "short"), [("EE-", "EEm"), ("EE+", "EEp")])
def test_average_tables_and_valid_towers_fit(shared_data: Path, name: str, short: str) -> None:
    exists = view(name, "2018").exists
    average = np.loadtxt(shared_data / "ecal" / "ee2018" / f"avg_occupancy_{short}.csv", delimiter=",")
    assert not ((average > 0) & ~exists).any()
    valid = np.loadtxt(shared_data / "ecal" / "ee2018" / f"valid_towers_{short}.csv", delimiter=",").astype(
        int
    )
    assert exists[valid[:, 0], valid[:, 1]].all()


@pytest.mark.realdata
def test_a_real_missing_supermodule_is_one_region(shared_data: Path) -> None:
    with h5py.File(shared_data / "ecal" / "eb_rechit_occ_run276582_missing_supermodule_8ls.h5") as file:
        crystals_eb = file["EBOccupancyTask_EBOT_rec_hit_occupancy"][()]
        zeroed = [
            tuple(map(int, pair.split(","))) for pair in file.attrs["side_supermodule"][1:-1].split(")(")
        ]
    supermodules = [region for region in view("EB", "2016").regions if region.kind == "supermodule"]
    for counts, (side, number) in zip(crystals_eb, zeroed, strict=True):
        towers = counts.reshape(34, 5, 72, 5).sum(axis=(1, 3))
        dead = {region.name for region in supermodules if towers[region.members].max() < 1}
        assert f"EB{'-+'[side]}{number + 1:02d}" in dead
