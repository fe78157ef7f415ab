"""The hadron calorimeter: which channels exist in each era, boxes and modules; against a real run of 2017."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caloscope.geometry import ERAS, view
from caloscope.geometry.hcal_layout import IETA, SHAPE, Subdetector, ieta_bin

COUNTS = {
    "2016": {"HB": 2592, "HE": 2592, "HF": 1728},
    # HEP17 has 184 channels in place of 72
    "2017": {"HB": 2592, "HE": 2592 - 72 + 184, "HF": 3456},
    "2018": {"HB": 2592, "HE": 6624, "HF": 3456},
    "2019+": {"HB": 9072, "HE": 6624, "HF": 3456},
}

# (depth, ieta, iphi) of channels that were dead throughout run 306138
DEAD_2017 = {
    *((1, ieta, 7) for ieta in (-16, -15, -13)), *((1, ieta, 64) for ieta in (4, 8, 12)),
    (1, -20, 59), (1, 20, 59), (2, -22, 59), (2, -19, 43), (2, -19, 59), (2, 19, 59), (2, 22, 59),
}  # fmt: skip
DEAD_HO_2017 = {
    *((-6, iphi) for iphi in range(2, 5)), *((-5, iphi) for iphi in range(11, 15)),
    *((5, iphi) for iphi in (5, 6, 7, 18, 19)), *((15, iphi) for iphi in range(11, 14)),
}  # fmt: skip

channels = st.tuples(*(st.integers(0, n - 1) for n in SHAPE))


@pytest.mark.parametrize("era", ERAS)
def test_channel_counts(era: str) -> None:
    hcal = view("HCAL", era)
    assert hcal.shape == hcal.exists.shape == (7, 72, 84)
    assert hcal.circular == (False, True, False)
    parts = {
        region.name: int(region.members.sum()) for region in hcal.regions if region.kind == "subdetector"
    }
    assert parts == COUNTS[era]
    assert int(hcal.exists.sum()) == sum(COUNTS[era].values())


def test_axes_are_booked_as_in_dqm() -> None:
    hcal = view("HCAL", "2018")
    assert (hcal.x.low, hcal.x.high, hcal.y.low, hcal.y.high) == (0.0, 84.0, 0.5, 72.5)
    assert hcal.x.values == IETA
    assert [IETA.index(-41), IETA.index(-16), IETA.index(1), IETA.index(16), IETA.index(41)] == [
        0,
        26,
        42,
        57,
        83,
    ]
    assert (ieta_bin(Subdetector.HF, -29), ieta_bin(Subdetector.HE, -29)) == (12, 13)
    assert (ieta_bin(Subdetector.HE, 29), ieta_bin(Subdetector.HF, 29)) == (70, 71)


@pytest.mark.parametrize("era", ERAS)
def test_boxes_of_one_part_are_alike(era: str) -> None:
    hcal = view("HCAL", era)
    sizes: dict[str, set[int]] = {}
    for region in hcal.regions:
        if region.kind in ("rbx", "wedge", "rm"):
            sizes.setdefault(f"{region.kind} {region.name[:2]}", set()).add(int(region.members.sum()))
    he = {"2016": {72}, "2017": {72, 184}}.get(era, {184})
    assert sizes["rbx HB"] == ({252} if era == "2019+" else {72})
    assert sizes["rbx HE"] == he
    assert sizes["wedge HF"] == ({48} if era == "2016" else {96})
    # a hybrid photodiode reads 18 channels
    assert {kind: size for kind, size in sizes.items() if kind.startswith("rm")} == {
        "2016": {"rm HB": {18}, "rm HE": {18}},
        "2017": {"rm HB": {18}, "rm HE": {18}},
        "2018": {"rm HB": {18}},
        "2019+": {},
    }[era]


@pytest.mark.parametrize("era", ERAS)
@given(data=st.data())
def test_a_channel_belongs_to_one_region_of_each_kind(era: str, data: st.DataObject) -> None:
    hcal = view("HCAL", era)
    cell = data.draw(channels)
    kinds = [region.kind for region in hcal.regions_of(cell)]
    place = hcal.locate(cell)
    if not hcal.exists[cell]:
        assert kinds == []
        assert place["subdetector"] == "none"
        return
    box = "wedge" if place["subdetector"] == "HF" else "rbx"
    assert kinds == [*(["rm"] if "rm" in place else []), box, "half", "subdetector"]
    names = [region.name for region in hcal.regions_of(cell)]
    assert names[-3:] == [place[box], str(place[box])[:3], place["subdetector"]]
    if "rm" in place:
        assert names[0] == f"{place[box]} RM{place['rm']}"


@pytest.mark.parametrize("era", ERAS)
def test_every_channel_has_a_name_of_its_own(era: str) -> None:
    hcal = view("HCAL", era)
    cells = [tuple(int(i) for i in cell) for cell in np.argwhere(hcal.exists)]
    assert len({hcal.describe(cell) for cell in cells}) == len(cells)


@pytest.mark.parametrize(
    ("iphi", "number"),
    [(71, 1), (72, 1), (1, 1), (2, 1), (3, 2), (6, 2), (62, 16), (63, 17), (66, 17), (70, 18)],
)
def test_readout_boxes_wrap_around(iphi: int, number: int) -> None:
    hcal = view("HCAL", "2018")
    assert hcal.locate((0, iphi - 1, IETA.index(5)))["rbx"] == f"HBP{number:02d}"
    assert hcal.locate((0, iphi - 1, IETA.index(-5)))["rbx"] == f"HBM{number:02d}"


def test_known_places() -> None:
    hcal = view("HCAL", "2017")
    assert hcal.describe((0, 23, IETA.index(5))) == "HBP07 (ieta 5, iphi 24, depth 1)"
    assert hcal.describe((6, 23, IETA.index(5))) == "no cell (ieta 5, iphi 24, depth 7)"
    assert hcal.describe((3, 24, 83 - 6)) == "HFP07 wedge (ieta 35, iphi 25, depth 4)"
    assert hcal.locate((6, 62, 70 - 1))["rbx"] == "HEP17"
    # the loss of 2018: iphi 55-62 on the - side
    lost = {view("HCAL", "2018").locate((1, iphi - 1, 25))["rbx"] for iphi in range(55, 63)}
    assert lost == {"HEM15", "HEM16"}


def test_readout_modules_count_with_iphi_on_the_plus_side_only() -> None:
    hcal = view("HCAL", "2016")
    rows = [70, 71, 0, 1]
    assert [hcal.locate((0, row, IETA.index(3)))["rm"] for row in rows] == [1, 2, 3, 4]
    assert [hcal.locate((0, row, IETA.index(-3)))["rm"] for row in rows] == [4, 3, 2, 1]
    # 10-degree towers: even and odd rings of one iphi are read out apart, and so are the depths of ring 29
    assert [hcal.locate((0, 70, IETA.index(ring)))["rm"] for ring in (25, 26)] == [2, 1]
    assert [hcal.locate((0, 0, IETA.index(ring)))["rm"] for ring in (25, 26)] == [3, 4]
    assert [hcal.locate((depth, 70, 70))["rm"] for depth in (0, 1)] == [1, 2]
    assert [hcal.locate((depth, 0, 70))["rm"] for depth in (0, 1)] == [4, 3]


def test_outer_calorimeter() -> None:
    ho = view("HO", "2018")
    assert ho.shape == (72, 84)
    assert ho.circular == (True, False)
    assert int(ho.exists.sum()) == 2160
    sizes = {region.name: int(region.members.sum()) for region in ho.regions}
    assert sizes == {"HO2M": 360, "HO1M": 432, "HO0": 576, "HO1P": 432, "HO2P": 360}
    assert ho.describe((23, IETA.index(7))) == "HO1P (ieta 7, iphi 24)"
    assert ho.describe((23, IETA.index(-15))) == "HO2M (ieta -15, iphi 24)"
    assert ho.describe((23, 0)) == "HO no cell (ieta -41, iphi 24)"
    assert all(len(ho.regions_of((0, int(x)))) == 1 for x in np.flatnonzero(ho.exists[0]))


def _run_306138(shared_data: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    with h5py.File(shared_data / "hcal" / "hcal_digi_rechit_occ_run306138_6ls.h5") as file:
        planes = [file[f"DigiTask_Occupancy_depth_depth{depth}"][()].sum(axis=0) for depth in range(1, 8)]
    return np.stack(planes).astype(np.float64)


@pytest.mark.realdata
def test_a_real_run_counts_where_channels_exist_and_nowhere_else(shared_data: Path) -> None:
    counts = _run_306138(shared_data)
    ho = view("HO", "2017")
    hcal = view("HCAL", "2017")
    silent = hcal.exists & (counts == 0)
    assert {(d + 1, IETA[x], y + 1) for d, y, x in np.argwhere(silent).tolist()} == DEAD_2017
    silent_ho = ho.exists & (counts[3] == 0)
    assert {(IETA[x], y + 1) for y, x in np.argwhere(silent_ho).tolist()} == DEAD_HO_2017
    assert int(silent.sum() + silent_ho.sum()) == 28
    expected = hcal.exists.copy()
    assert not (expected[3] & ho.exists).any()
    expected[3] |= ho.exists
    assert not ((counts > 0) & ~expected).any()
