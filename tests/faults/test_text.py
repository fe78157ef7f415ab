"""Faults as TOML: what a text gives, and what is refused, naming key, value and expectation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caloscope.errors import UsageError
from caloscope.faults import Fault, Schedule, load_faults
from caloscope.faults.clock import Clock
from caloscope.geometry import View, view
from caloscope.records import LumiId
from tests.faults.making import maker

MAPS = {
    name: view(name.split("/")[0], "2018")
    for name in ("EB/digi", "EB/rechit", "EE-/digi", "EE+/digi", "HCAL/digi")
}


def load(body: str, seed: int | None = None, maps: dict[str, View] | None = None) -> list[Fault]:
    return load_faults(body, "faults.toml", MAPS if maps is None else maps, seed=seed)


def one(lines: str, **also: View) -> Fault:
    [fault] = load(f"seed = 7\n[[fault]]\n{lines}", maps={**MAPS, **also})
    return fault


def test_all_that_a_fault_can_say() -> None:
    fault = one("""
name = "weak supermodule"
map = "EB/*"
kind = "factor"
amount = 0.7
mechanism = "high-voltage"
region = "EB+07"
onset = 21
end = 300
within_lumisection = 0.25
ramp = 20
duty = 0.5
period = 10
""")
    assert fault == Fault(
        map="EB/*",
        where="EB+07",
        kind="factor",
        amount=0.7,
        onset=21,
        end=300,
        within=0.25,
        ramp=20,
        duty=0.5,
        period=10,
        mechanism="high-voltage",
        seed=fault.seed,
        name="weak supermodule",
    )


def test_copies_go_through_amounts_and_time() -> None:
    faults = load("""
[[fault]]
name = "weak"
map = "EB/digi"
kind = "factor"
amount = [0.5, 0.8]
random = { shape = "cell" }
count = 5
onset = 11
every = 50
lasts = 25
""")
    assert [fault.amount for fault in faults] == [0.5, 0.8, 0.5, 0.8, 0.5]
    assert [(fault.onset, fault.end) for fault in faults] == [(11 + 50 * k, 36 + 50 * k) for k in range(5)]
    assert len({fault.where for fault in faults}) == 5
    assert len({fault.seed for fault in faults}) == 5
    assert [fault.name for fault in faults] == [f"weak {k}" for k in range(1, 6)]
    alone = '[[fault]]\nmap = "EB/digi"\nkind = "hot"\namount = [2, 3.5]\nregion = "all"\n'
    assert [fault.amount for fault in load(alone)] == [2.0, 3.5]


def test_jitter_moves_the_onset_and_not_the_end() -> None:
    faults = load("""
[[fault]]
map = "EB/digi"
kind = "dead"
random = { shape = "cell" }
count = 40
every = 20
lasts = 10
jitter = 8
""")
    assert {fault.onset - 1 - 20 * k for k, fault in enumerate(faults)} == set(range(9))
    assert all(fault.end == 11 + 20 * k for k, fault in enumerate(faults))


def test_flickering_is_dead_half_of_the_time() -> None:
    fault = one('map = "EB/digi"\nkind = "flickering"\ncells = [[1, 2]]')
    assert (fault.kind, fault.duty, fault.where) == ("dead", 0.5, (1, 2))
    assert one('map = "EB/digi"\nkind = "flickering"\nduty = 0.1\ncells = [[1, 2]]').duty == 0.1


def test_a_part_of_a_region() -> None:
    fault = one('map = "HCAL/digi"\nkind = "dead"\nregion = "HEP07"\nrows = [24]\ndepth = 1')
    hcal = MAPS["HCAL/digi"]
    cells = np.argwhere(fault.cells(hcal))
    assert len(cells) == 11  # |ieta| 19 to 29 at iphi 25
    assert {tuple(cell[:2]) for cell in cells.tolist()} == {(0, 24)}
    assert all(hcal.locate(tuple(cell))["rbx"] == "HEP07" for cell in cells)


def test_random_choices_belong_to_the_seed_and_the_place_in_the_text() -> None:
    body = '[[fault]]\nmap = "EE+/digi"\nkind = "dead"\nrandom = { shape = "2x2" }\n'
    both = body + body.replace("EE+", "EB")
    first = load(both)
    assert load(both) == first
    assert load("seed = 1\n" + both) == first
    assert load("seed = 2\n" + both) != first
    assert load(both, seed=2) == load("seed = 2\n" + both)
    # faults of maps that are not there keep their place, so that the others keep number and cells
    some = load(both, maps={"EB/digi": MAPS["EB/digi"]})
    assert len(some) == 2
    assert some[1] == first[1]
    schedule = Schedule(some, "EB/digi", MAPS["EB/digi"], Clock({}))
    assert [active.number for active in schedule.at(LumiId(1, 1))] == [2]


def test_a_pattern_may_fit_several_maps_and_views() -> None:
    fault = one('map = "EE?/digi"\nkind = "dead"\nrandom = { shape = "sector" }')
    assert isinstance(fault.where, tuple)  # a name would be that of one endcap
    assert fault.cells(MAPS["EE-/digi"]).sum() == fault.cells(MAPS["EE+/digi"]).sum() > 20
    assert one('map = "*"\nkind = "factor"\namount = 0.9\nregion = "all"').where == "all"


def test_a_calorimeter_of_your_own() -> None:
    toy = maker("TOY").view
    fault = one('map = "TOY/hits"\nkind = "dead"\nregion = "west"', **{"TOY/hits": toy})
    assert fault.cells(toy).sum() == 23


# ruff: noqa: E501 - one case a line
HEAD = 'map = "EB/digi"\nkind = "factor"\nregion = "EB+07"\n'
REFUSED = [
    ("[[fault]", "not TOML"),
    ("x = " + "[" * 5000, "not TOML"),
    ("", "tables, found nothing"),
    ("fault = []", r"tables, found fault = \[\]"),
    ("seed = -1\n[[fault]]\n" + HEAD, "seed is -1: expected greater than or equal to 0"),
    ("[[fault]]\n" + HEAD + "colour = 1", "fault 1: 'colour' is no key that is known"),
    ("[[fault]]\nkind = 'dead'\nregion = 'all'", "fault 1: map is missing"),
    ("[[fault]]\n" + HEAD + "[[fault]]\n" + HEAD + "amount = 1.5", "fault 2: amount is 1.5: expected 0 to 1"),
    ("[[fault]]\n" + HEAD + "amount = nan", "fault 1: amount.1 is nan: expected a finite number"),
    ("[[fault]]\n" + HEAD + "amount = true", "fault 1: amount.1 is True: expected a valid number"),
    ("[[fault]]\n" + HEAD + "amount = 'much'", "fault 1: amount is 'much': expected a number"),
    ("[[fault]]\n" + HEAD + "count = 10001", "fault 1: count is 10001: expected less than or equal to 10000"),
    ("[[fault]]\n" + HEAD + "count = 6000\n[[fault]]\n" + HEAD + "count = 6000", "at most 10,000 faults"),
    ("[[fault]]\n" + HEAD + "onset = 0", "fault 1: onset is 0"),
    ("[[fault]]\n" + HEAD + "onset = 10\nend = 10", "fault 1: end is 10: expected a lumisection after"),
    ("[[fault]]\n" + HEAD + "lasts = 3\nend = 10", "'lasts' or 'end', not both"),
    ("[[fault]]\n" + HEAD + "cells = [[1, 1]]", "one of 'cells', 'region' and 'random'"),
    ("[[fault]]\n" + HEAD + "within_lumisection = 1.0", "within_lumisection is 1.0"),
    ("[[fault]]\n" + HEAD + "rows = [99]", "fault 1: rows is .99.: expected indices from 0 to 33"),
    ("[[fault]]\n" + HEAD + "rows = [1]", "expected cells of it in these rows"),
    ("[[fault]]\n" + HEAD + "depth = 1", "depth is 1: expected one of EB's"),
    ("[[fault]]\n" + HEAD + "mechanism = 'magic'", "fault 1: mechanism is 'magic': expected 'channels'"),
    ("[[fault]]\n" + HEAD + "amount = 0.83\nmechanism = 'crystals'", "a multiple of 0.04"),
    (
        "[[fault]]\n" + HEAD.replace("factor", "drift") + "amount = 0.5\nmechanism = 'readouts'",
        "amount is 0.5: expected -1 to 0 with mechanism 'readouts'",
    ),
    ("[[fault]]\n" + HEAD.replace("factor", "hot") + "mechanism = 'trigger'", "kind is 'hot': expected one of dead"),
    ("[[fault]]\n" + HEAD.replace("factor", "scrambled") + "amount = 1", "expected none for kind 'scrambled'"),
    ("[[fault]]\n" + HEAD.replace("factor", "odd"), "fault 1: kind is 'odd': expected"),
    ("[[fault]]\n" + HEAD.replace("EB/digi", "EB/digo"), "fault 1: map is 'EB/digo': expected a map"),
    ("[[fault]]\n" + HEAD.replace("EB/digi", "HO/digi"), "found no fault of EB/digi, EB/rechit"),
    ("[[fault]]\n" + HEAD.replace("EB+07", "EB+70"), "EB: no region 'EB[+]70'"),
    ("[[fault]]\nmap = 'EB/digi'\nkind = 'dead'\ncells = [[34, 0]]", "expected one inside 34 x 72"),
    ("[[fault]]\nmap = 'EB/digi'\nkind = 'dead'\ncells = [[-1, 0]]", "greater than or equal to 0"),
    ("[[fault]]\nmap = 'EE+/digi'\nkind = 'dead'\ncells = [[0, 0]]", "no cell at"),
    ("[[fault]]\nmap = '*'\nkind = 'dead'\ncells = [[1, 1]]", "fault 1: "),
    ("[[fault]]\nmap = 'EB/digi'\nkind = 'dead'\nrandom = { shape = '99x99' }", "expected one that fits into EB"),
    ("[[fault]]\nmap = 'EB/digi'\nkind = 'dead'\nrandom = { shape = 'rbx' }", "kind of region that EB has"),
    ("[[fault]]\nmap = 'EB/digi'\nkind = 'dead'\nrandom = { shape = 'box', low = 5, high = 4 }", "'low' at most"),
    ("[[fault]]\nmap = 'EB/digi'\nkind = 'dead'\nrandom = { shape = 'cell', within = 'HB' }", "within is 'HB'"),
    ("[[fault]]\nmap = 'HCAL/digi'\nkind = 'dead'\nrandom = { shape = 'cell', depth = 8 }", "depth is 8"),
    ("[[fault]]\nmap = 'HCAL/digi'\nkind = 'full-readout'\nregion = 'HEP07'", "HCAL, which is not ECAL"),
    ("[[fault]]\nmap = 'HCAL/digi'\nkind = 'dead'\nmechanism = 'trigger'\nregion = 'HEP07'", "not ECAL"),
    ("#" * 1_000_001, "expected at most 1,000,000"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "words"), REFUSED)
def test_what_will_not_do_is_refused_in_one_line(body: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        load(body)
    assert str(refused.value).startswith("faults.toml: ")
    assert "\n" not in str(refused.value)


def test_cells_of_all_faults_together_are_bounded() -> None:
    body = '[[fault]]\nmap = "HCAL/digi"\nkind = "dead"\nregion = "HB"\nrows = [{}]\ncount = 2000\n'
    with pytest.raises(UsageError, match="more than 2,000,000 cells"):
        load(body.format(", ".join(map(str, range(71)))))


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=200))
def test_any_text_is_refused_politely(text: str) -> None:
    with pytest.raises(UsageError):
        load(text)
