"""Calorimeters described in a text: the example of the manual, and everything that can be wrong with one."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caloscope.errors import UsageError
from caloscope.geometry import view, view_names

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "calorimeters.md"

SMALL = """
name = "TOY"
[views.TOY]
{extra}
[views.TOY.y]
name = "iy"
low = 0
high = 3
bins = 3
[views.TOY.x]
name = "iphi"
low = 0
high = 4
values = [10, 20, 30, 40]
circular = true
{more}
"""


def small(extra: str = "", more: str = "") -> str:
    return SMALL.format(extra=extra, more=more)


def example() -> str:
    (text,) = re.findall(r"```toml\n(.*?)```", MANUAL.read_text(), flags=re.DOTALL)
    return str(text)


def test_the_example_of_the_manual() -> None:
    text = example()
    assert view_names(text) == ("FCAL", "RING")
    fcal = view("FCAL", "2025", text)
    assert fcal.shape == (2, 12, 16)
    assert fcal.circular == (False, False, False)
    assert int(fcal.exists.sum()) == 2 * 12 * 16 - 2 * 4 - 4
    assert not fcal.exists[0, 5:7, 7:9].any()
    assert not fcal.exists[1, :2, :2].any()
    assert [region.name for region in fcal.regions][:3] == ["FCAL card 1", "FCAL card 2", "FCAL Q1"]
    assert fcal.describe((0, 0, 4)) == "FCAL card 2 tower (01, 05) depth 1"
    assert fcal.describe((1, 11, 15)) == "FCAL Q1 tower (12, 16) depth 2"
    assert fcal.describe((1, 0, 0)) == "no cell:  tower (01, 01) depth 2"
    assert fcal.locate((1, 11, 15)) == {"iy": 12, "ix": 16, "depth": 2, "region": "FCAL Q1"}
    assert fcal.depth_of((1, 11, 15)) == 2
    names = [fcal.describe((int(d), int(y), int(x))) for d, y, x in np.argwhere(fcal.exists)]
    assert len(set(names)) == len(names)


def test_a_range_wraps_around_a_circular_axis() -> None:
    ring = view("RING", "2026", example())
    assert ring.circular == (False, True)
    assert {region.name: int(region.members.sum()) for region in ring.regions} == {
        "RING top": 16,
        "RING bottom": 16,
    }
    assert ring.regions_of((0, 31))[0].name == ring.regions_of((0, 0))[0].name == "RING top"


def test_present_and_absent() -> None:
    toy = view(
        "TOY", "any", small('present = [{ iphi = "40..10" }, { iy = 2 }]\nabsent = [{ iy = [1], iphi = 10 }]')
    )
    np.testing.assert_array_equal(
        toy.exists, [[False, False, False, True], [True, True, True, True], [True, False, False, True]]
    )
    assert toy.describe((1, 2)) == "TOY (iy 2, iphi 30)"
    assert toy.x.values == (10, 20, 30, 40)
    assert not toy.exists.flags.writeable


REGION = "[[views.TOY.regions]]\nname = 'A'\nkind = 'module'\nboxes = [{}]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "not TOML"),
        ("x = " + "[" * 5000, "not TOML"),
        ("x = " + "1" * 5000, "not TOML"),
        ("name = 'X'", "views is missing"),
        ("name = 'X'\nviews = 3", "views is 3"),
        (small("colour = 1"), "views.TOY.colour is 1: expected: Extra inputs"),
        (small().replace("bins = 3", "bins = 'three'"), "views.TOY.y.bins is 'three': expected: .*integer"),
        (
            small().replace("bins = 3", "bins = 3\nvalues = [1, 2, 3]"),
            "views.TOY.y is a table: expected: either",
        ),
        (small().replace("bins = 3", "bins = 3\nstep = 0"), "a different coordinate in every bin"),
        (small().replace("bins = 3", "bins = 1000000"), "views.TOY.y.bins is 1000000"),
        (small().replace("high = 3", "high = 0"), "'low' smaller than 'high'"),
        (small().replace("high = 3", "high = nan"), "views.TOY.y.high is nan"),
        (small().replace('"iy"', '"row"'), "a name other than"),
        (small().replace('"iy"', '"iphi"'), "two axes with different names"),
        (small().replace("circular = true", "circular = 'yes'"), "views.TOY.x.circular is 'yes'"),
        (small("depths = [1, 1]"), "depths without repetition"),
        (small("absent = [{ ieta = 1 }]"), "views.TOY.absent.0 names 'ieta': expected some of iy, iphi"),
        (small("absent = [{}]"), "views.TOY.absent.0 is empty"),
        (
            small("absent = [{ iy = 4 }]"),
            r"views.TOY.absent.0.iy is 4: expected a coordinate of the axis \(1 to 3\)",
        ),
        (small("absent = [{ iy = '3..1' }]"), "which is not circular"),
        (small("absent = [{ iy = '1-2' }]"), "'1-2': expected a number or a range"),
        (small("absent = [{ iy = 1.5 }]"), "views.TOY.absent.0.iy"),
        (small("absent = [{ iy = '1..3' }]"), "no cell left"),
        (small("", REGION.format("{ depth = 1 }")), "views.TOY.regions.0.boxes.0 names 'depth'"),
        (small("absent = [{ iy = 1 }]", REGION.format("{ iy = 1 }")), r"regions.0 \(A\) holds no cell"),
        (small("", REGION.format("{ iy = 1 }") * 2), "regions that differ in name or kind"),
        (small("cell_name = '{iy}, {iphi.real}'"), "holds {iphi.real}: expected only names among"),
        (small("cell_name = '{iy}, {iphi[0]}'"), r"holds {iphi\[0\]}: expected only names among"),
        (small("cell_name = '{iy}, {}'"), "holds {}: expected only names among"),
        (small("cell_name = '{iy}, {iphi!r}'"), "expected a width"),
        (small("cell_name = '{iy}, {iphi:999999999d}'"), "expected a width"),
        (small("cell_name = '{iy}, {iphi:{iy}}'"), "expected a width"),
        (small("cell_name = '{iy}, {iphi'"), "expected pairs of braces"),
        (small("cell_name = '{iy}{iphi}'"), "expected something between"),
        (small("cell_name = 'cell {iy}'"), "expected it to hold {column} or {iphi}"),
        (small("depths = [1, 2]\ncell_name = '{iy} {iphi}'"), "expected it to hold {depth}"),
        ("#" * 1_000_001, "1,000,001 characters"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        view("TOY", "any", text)
    assert str(caught.value).startswith("calorimeter text: ")
    assert "\n" not in str(caught.value)


def test_too_many_cells_are_refused() -> None:
    text = small().replace("bins = 3", "bins = 10000").replace("values = [10, 20, 30, 40]", "bins = 10000")
    with pytest.raises(UsageError, match="at most 2,000,000 cells"):
        view("TOY", "any", text)


def test_unknown_views_and_eras_of_a_text() -> None:
    with pytest.raises(UsageError, match="view 'EB' is not known: FCAL has FCAL, RING"):
        view("EB", "2025", example())
    with pytest.raises(UsageError, match="era '2018' is not known: FCAL has 2025, 2026"):
        view("FCAL", "2018", example())


@given(
    rows=st.integers(1, 6),
    columns=st.integers(1, 6),
    depths=st.lists(st.integers(-3, 9), max_size=3, unique=True),
    first=st.integers(-20, 20),
    step=st.sampled_from([-7, -1, 1, 3]),
)
def test_any_description_names_each_cell_once(
    rows: int, columns: int, depths: list[int], first: int, step: int
) -> None:
    text = f"""
name = "ANY"
[views.ANY]
depths = {depths}
y = {{ name = "a", low = -1.5, high = 2, bins = {rows}, first = {first}, step = {step} }}
x = {{ name = "b", low = 0, high = 2, bins = {columns} }}
"""
    one = view("ANY", "any", text)
    assert one.shape == ((len(depths),) if depths else ()) + (rows, columns)
    cells = list(np.ndindex(one.shape))
    assert len({one.describe(cell) for cell in cells}) == len(cells)
    for cell in cells:
        place = one.locate(cell)
        assert (place["a"], place["b"]) == (one.y.values[cell[-2]], one.x.values[cell[-1]])
        assert place.get("depth") == one.depth_of(cell)
