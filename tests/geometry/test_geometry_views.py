"""What holds for every view: names, order of regions, read-only arrays, eras."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from caloscope.errors import UsageError
from caloscope.geometry import ERAS, View, era_of_run, view, view_names

EVERY = [(name, era) for name in view_names() for era in ERAS]


def _cells(one: View) -> list[tuple[int, ...]]:
    return [tuple(int(i) for i in cell) for cell in np.argwhere(one.exists)]


@pytest.mark.parametrize("name", ["EB", "EE-", "EE+", "HO"])
def test_cells_have_names_and_places_of_their_own(name: str) -> None:
    one = view(name, "2018")
    cells = _cells(one)
    assert len({one.describe(cell) for cell in cells}) == len(cells)
    places = [one.locate(cell) for cell in cells]
    assert len({tuple(place.items()) for place in places}) == len(cells)
    assert all(type(value) in (int, str) for value in places[0].values())


@pytest.mark.parametrize(("name", "era"), EVERY)
def test_regions_hold_only_cells_and_cannot_be_written(name: str, era: str) -> None:
    one = view(name, era)
    assert len({(region.kind, region.name) for region in one.regions}) == len(one.regions)
    for region in one.regions:
        assert region.members.shape == one.shape
        assert region.members.any()
        assert not (region.members & ~one.exists).any()
        assert not region.members.flags.writeable
    assert not one.exists.flags.writeable


@pytest.mark.parametrize(("name", "era"), EVERY)
def test_regions_of_one_kind_do_not_overlap_and_go_small_to_large(name: str, era: str) -> None:
    one = view(name, era)
    by_kind: dict[str, list[int]] = {}
    for region in one.regions:
        by_kind.setdefault(region.kind, []).append(int(region.members.sum()))
    kinds = [region.kind for region in one.regions]
    assert kinds == sorted(kinds, key=list(by_kind).index)
    assert [max(sizes) for sizes in by_kind.values()] == sorted(max(sizes) for sizes in by_kind.values())
    for kind in by_kind:
        members = np.stack([region.members for region in one.regions if region.kind == kind])
        assert members.sum(axis=0).max() == 1
    cover = [kind for kind, sizes in by_kind.items() if sum(sizes) == one.exists.sum()]
    if name != "HCAL":
        assert cover == list(by_kind)


@pytest.mark.parametrize(("name", "era"), EVERY)
def test_views_are_kept_and_made_alike_again(name: str, era: str) -> None:
    assert view(name, era) is view(name, era)
    fresh = view.__wrapped__(name, era)
    assert fresh.version == view(name, era).version


def test_a_view_can_be_sent_to_another_process() -> None:
    for name, era in EVERY:
        one = view(name, era)
        again = pickle.loads(pickle.dumps(one))
        cell = _cells(one)[0]
        assert again.describe(cell) == one.describe(cell)
        assert again.version == one.version


def test_version_tells_layouts_apart() -> None:
    assert len({view("HCAL", era).version for era in ERAS}) == 4
    assert len({view("EB", era).version for era in ERAS}) == 1
    assert view("EE-", "2018").version != view("EE+", "2018").version


def test_unknown_names_and_eras_are_refused() -> None:
    with pytest.raises(UsageError, match=r"view 'EC' is not known: expected one of EB, EE-, EE\+, HCAL, HO"):
        view("EC", "2018")
    with pytest.raises(
        UsageError, match=r"era '2015' is not known: expected one of 2016, 2017, 2018, 2019\+"
    ):
        view("EB", "2015")


@pytest.mark.parametrize(
    ("run", "era"),
    [(1, "2016"), (276582, "2016"), (286520, "2016"), (294927, "2017"), (306138, "2017"), (315257, "2018"),
     (325172, "2018"), (352417, "2019+"), (381594, "2019+")],
)  # fmt: skip
def test_era_of_run(run: int, era: str) -> None:
    assert era_of_run(run) == era


def test_era_of_no_run() -> None:
    with pytest.raises(UsageError, match="run 0"):
        era_of_run(0)


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "era"), [("golden_2018.json", "2018"), ("dcsonly_2022.json", "2019+")])
def test_certified_runs_lie_in_their_era(shared_data: Path, name: str, era: str) -> None:
    runs = json.loads((shared_data / "formats" / name).read_text())
    assert {era_of_run(int(run)) for run in runs} == {era}


def test_a_view_says_in_one_line_what_it_is() -> None:
    assert repr(view("EE+", "2018")) == "<View EE+ (2018): 312 cells, 15 regions>"
