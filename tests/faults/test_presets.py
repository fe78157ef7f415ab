"""The presets: they load for every era, and do what their names say."""

import numpy as np
import pytest

from caloscope.errors import UsageError
from caloscope.faults import (
    KINDS,
    Clock,
    Fault,
    Schedule,
    load_faults,
    outcome,
    preset_names,
    preset_text,
    preset_title,
)
from caloscope.geometry import ERAS, View, view, view_names
from caloscope.records import LumiId


def maps(era: str) -> dict[str, View]:
    return {f"{name}/digi": view(name, era) for name in view_names()}


def load(name: str, era: str = "2018") -> list[Fault]:
    return load_faults(preset_text(name), name, maps(era))


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_loads_in_every_era(name: str) -> None:
    # those with hundreds of copies at both ends of time: there HCAL's layout differs most
    for era in ERAS[::3] if name.startswith("ml4dqm") else ERAS:
        faults = load(name, era)
        for map_name, one in maps(era).items():
            Schedule(faults[:20], map_name, one, Clock({}))
    assert preset_title(name)
    assert preset_text(name).startswith("# ")


def test_an_unknown_preset_is_refused() -> None:
    for name in ("nothing", "../text", ""):
        with pytest.raises(UsageError, match="is not known: expected one of"):
            preset_text(name)


@pytest.mark.parametrize("name", [name for name in preset_names() if name.startswith(("ml4dqm", "ecal"))])
def test_pictures_of_others_have_one_fault_a_map_in_half_of_the_lumisections(name: str) -> None:
    faults = load(name)
    for map_name, one in maps("2018").items():
        schedule = Schedule(faults, map_name, one, Clock({}))
        numbers = [len(schedule.at(LumiId(1, lumi))) for lumi in range(1, 601)]
        assert set(numbers) <= {0, 1}
        if any(numbers) and "movie" not in name:
            assert sum(numbers) == 300


def test_a_dead_readout_box_is_four_by_sixteen() -> None:
    hcal = view("HCAL", "2017")
    for fault in load("ml4dqm-dead-rbx", "2017"):
        cells = np.argwhere(fault.cells(hcal))
        assert len(cells) == 64
        assert set(cells[:, 0]) == {0}
        assert len(set(cells[:, 1])) == 4
        assert len(set(cells[:, 2])) == 16


@pytest.mark.parametrize("name", ["ml4dqm-movie-dead", "ml4dqm-movie-hot"])
def test_movies_break_in_one_of_nine_lumisections_and_stay_broken(name: str) -> None:
    for k, fault in enumerate(load(name)):
        assert 0 <= fault.onset - 1 - 20 * k <= 8
        assert fault.end == 11 + 20 * k


def test_a_hot_tower_is_what_the_papers_of_ecal_say() -> None:
    one = view("EB", "2018")
    mean = np.full(one.shape, 290.0)
    [active] = Schedule(load("ecal-hot-tower"), "EB/digi", one, Clock({})).at(LumiId(1, 1))
    assert outcome(mean, [active], one, 25.0 * 500)[active.cells] == 25 * 500 * 0.2


@pytest.mark.parametrize(
    ("name", "map_name"),
    [("EB", "EB/digi"), ("EE", "EE+/digi"), ("EE", "EE-/digi"), ("HCAL", "HCAL/digi"), ("HO", "HO/digi")],
)
def test_a_catalogue_shows_one_after_the_other(name: str, map_name: str) -> None:
    faults = [fault for fault in load(f"catalogue-{name}") if fault.touches(map_name)]
    one = view(map_name.split("/", maxsplit=1)[0], "2018")
    schedule = Schedule(faults, map_name, one, Clock({}))
    kinds = {fault.kind for fault in faults}
    missing = {"full-readout"} if name in ("HCAL", "HO") else set()
    assert kinds == set(KINDS) - missing
    last = max(fault.end or 0 for fault in faults)
    drift, *others = faults
    for lumi in range(1, last + 1):
        there = [active.fault for active in schedule.at(LumiId(1, lumi))]
        assert there[0] == drift
        assert len(there) <= 2
        if lumi > 10 and lumi % 10 == 1:
            assert there[1] == others[lumi // 10 - 1]
