"""Data sets as a notebook sees them: which lumisections, in what order, what is wrong with them."""

from pathlib import Path

import numpy as np
import pytest

from caloscope import lab
from caloscope.config.catalogue import load
from caloscope.errors import UsageError
from caloscope.geometry import view
from caloscope.records import LumiId
from caloscope.simulate import Fill, healthy_maps
from caloscope.simulate.to_data_set import Plan, to_data_set

from .conftest import MAP


def test_simulated_data_know_what_they_are(good: lab.Data) -> None:
    assert (good.map, good.era, good.label, good.simulated, good.truth) == (
        MAP,
        "2018",
        "simulated",
        True,
        False,
    )
    assert len(good.runs) == 7
    assert len(good) == len(good.ids) == len(list(good))
    assert list(good.ids) == sorted(good.ids)
    assert [each.id for each in good] == list(good.ids)
    assert good.view.shape == (20, 20)
    again = lab.simulate(MAP, runs=7, lumis=40, seed=1)
    for one, other in zip(good, again, strict=True):
        assert (one.maps[MAP].counts == other.maps[MAP].counts).all()
    other_seed = lab.simulate(MAP, runs=1, lumis=5, seed=3)
    assert (other_seed.at(320_001, 3).maps[MAP].counts != good.at(320_001, 3).maps[MAP].counts).any()


def test_some_of_the_lumisections(good: lab.Data) -> None:
    first = good.runs[0]
    some = good.only(runs=first, lumis="3-5,9")
    assert [each.lumi for each in some.ids] == [3, 4, 5, 9]
    assert [each.lumi for each in some.only(lumis=[9, 3]).ids] == [3, 9]
    assert (some.at(first, 9).maps[MAP].counts == good.at(first, 9).maps[MAP].counts).all()
    assert lab.data(good.paths[0], MAP, runs=first, lumis="3-5,9").ids == some.ids
    with pytest.raises(UsageError, match=r"no such lumisections, expected some of 7 runs, 320001 to"):
        good.only(runs=[1])
    with pytest.raises(UsageError, match=rf"no lumisection {first}:10, expected one of run {first}"):
        some.at(first, 10)


def test_faults_are_known(bad: lab.Data) -> None:
    assert bad.truth
    assert [fault.name for fault in bad.faults] == ["dead cell", "hardly weak cell"]
    run = bad.runs[0]
    assert bad.truth_at(run, 10) is None
    wrong = bad.truth_at(run, 11)
    assert wrong is not None
    assert wrong.factor[5, 10] == 0.0
    assert bad.at(run, 11).maps[MAP].counts[5, 10] == 0
    assert "2 faults known" in repr(bad)


def test_several_data_sets_are_one(good: lab.Data, bad: lab.Data) -> None:
    both = lab.data([bad.paths[0], good.paths[0]], MAP)
    assert both.ids == (*good.ids, *bad.ids)
    assert both.truth
    run = bad.runs[0]
    place = both.place(run, 12)
    assert both.given[place].id == LumiId(run, 12)
    assert both.at(run, 12).maps[MAP].counts[5, 10] == 0
    assert both.at(run, 12).source == str(bad.paths[0])
    some = both.only(lumis=12)
    assert [each.id for each in some.given] == list(some.ids)
    assert (some.given[2:][0].id, some.given[-1].id) == (some.ids[2], some.ids[-1])
    assert both.truth_at(run, 12) is not None
    with pytest.raises(UsageError, match=r"found 320001:1 in two data sets, expected each lumisection once"):
        lab.data([good.paths[0], good.paths[0]], MAP)


def test_faults_are_put_into_data(good: lab.Data, faults: list[lab.Fault], tmp_path: Path) -> None:
    part = good.only(runs=good.runs[:2])
    made = lab.inject(part, faults, seed=4, output=tmp_path / "faulty.h5")
    assert made.paths == (tmp_path / "faulty.h5",)
    assert made.ids == part.ids
    assert made.truth
    run = part.runs[0]
    assert made.at(run, 11).maps[MAP].counts[5, 10] == 0
    before, after = part.at(run, 10).maps[MAP].counts, made.at(run, 10).maps[MAP].counts
    assert (before == after).all()
    assert np.count_nonzero(part.at(run, 12).maps[MAP].counts != made.at(run, 12).maps[MAP].counts) == 1
    assert not part.truth
    named = lab.inject(part, "realistic")
    assert len(named.faults) == 12


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ("no-such", r"no-such: no file and no preset, expected one of catalogue-EB"),
        ([lab.Fault("EB/digi", (0, 0), "dead")], r"found a fault of EB/digi, expected one of EE\+/digi"),
        ([lab.Fault(MAP, (0, 0), "dead")], r"EE\+: no cell at \[0, 0\], expected one that exists"),
        ([], "no faults, expected some to put in"),
    ],
)
def test_faults_that_cannot_be(good: lab.Data, faults: str | list[lab.Fault], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        lab.inject(good, faults)


def test_what_cannot_be_opened(good: lab.Data, bad: lab.Data, tmp_path: Path) -> None:
    text = tmp_path / "text.h5"
    text.write_text("no data set")
    with pytest.raises(UsageError, match="found no data set, expected one: `caloscope convert` makes it"):
        lab.data(text, MAP)
    with pytest.raises(UsageError, match="no such file, expected a data set"):
        lab.data(tmp_path / "none.h5", MAP)
    with pytest.raises(UsageError, match=r"map 'EE\+' is not known, expected one of EB/digi"):
        lab.data(text, "EE+")
    with pytest.raises(UsageError, match=r"found maps EE\+/digi, expected EB/digi"):
        lab.data(good.paths[0], "EB/digi")
    later = lab.simulate(MAP, runs=1, lumis=2, first_run=380_001)
    with pytest.raises(UsageError, match=r"data sets of eras 2018, .*, expected one era"):
        lab.data([good.paths[0], *later.paths], MAP)
    with pytest.raises(UsageError, match="data of 2 files, expected one data set to put faults into"):
        lab.inject(lab.data([good.paths[0], bad.paths[0]], MAP), "realistic")


def test_maps_that_a_detector_looks_at_beside_its_own(tmp_path: Path) -> None:
    both = [(load()[name], view(name.removesuffix("/digi"), "2018")) for name in ("EE-/digi", MAP)]
    plan = Plan([Fill(320_001, 3, 1)], healthy_maps(both, 1))
    to_data_set(tmp_path / "both.h5", plan, provenance={})
    found = lab.data(tmp_path / "both.h5", MAP, lumis="2-3")
    for each in found.with_companions(["EE-/digi", "EB/digi"]):
        assert list(each.companions) == ["EE-/digi"]
        beside = lab.data(tmp_path / "both.h5", "EE-/digi").at(*each.id).maps["EE-/digi"]
        assert (each.companions["EE-/digi"].counts == beside.counts).all()
