"""Commands that know of conditions: `caloscope simulate --tells`, `caloscope train --conditions`."""

from pathlib import Path

import pytest

from caloscope import bundle as bundles
from caloscope.config.catalogue import load
from caloscope.geometry import view
from caloscope.pipeline import Pipeline
from caloscope.readers import read
from caloscope.records import LumiState, Quality, Reason
from caloscope.simulate import STEADY, Fill, healthy_maps, lumisections
from caloscope.store import Store

from .running import caloscope

EE = "EE+/digi"
LUMIS = 4


def told(folder: Path) -> list[LumiState]:
    """What the files of the producer Info tell, lumisection by lumisection."""
    found = []
    for path in sorted(folder.glob("DQM_V0001_Info_R*.root")):
        (lumisection,) = read(path, [load()[EE]], label="x", views=view, conditions=True)
        assert lumisection.conditions is not None
        found.append(lumisection.conditions.state)
    return found


def test_a_simulation_tells_its_conditions_where_it_is_asked_to(tmp_path: Path) -> None:
    words = ("simulate", "--map", EE, "--lumis", str(LUMIS), "--calm")
    caloscope(*words, "-o", tmp_path / "silent")
    assert told(tmp_path / "silent") == []
    caloscope(*words, "--tells", "--ramp", "2", "-o", tmp_path / "told")
    assert told(tmp_path / "told") == [LumiState.NO_BEAM, LumiState.RAMP, *[LumiState.COLLISIONS] * 2]
    caloscope(*words, "--tells", "--beam", "none", "-o", tmp_path / "cosmics")
    assert told(tmp_path / "cosmics") == [LumiState.COSMICS] * LUMIS


def test_a_data_set_has_no_place_for_them(tmp_path: Path) -> None:
    said = caloscope("simulate", "--map", EE, "--tells", "-o", tmp_path / "x.h5", code=2)
    assert "--tells are for a folder of files" in said


def test_a_bundle_that_learned_cosmics_judges_cosmics_alone(tmp_path: Path) -> None:
    data, made = tmp_path / "cosmics", tmp_path / "cosmics.bundle"
    words = ("--map", EE, "--beam", "none", "--events", "20000", "--calm", "--lumis", "20")
    caloscope("simulate", *words, "--run", "320001", "-o", data)
    caloscope("train", data, "--map", EE, "--conditions", "cosmics", "--no-calibrate", "-o", made)
    bundle = bundles.load(made)
    assert bundle.card.training["conditions"] == ["COSMICS"]
    detectors = healthy_maps([(load()[EE], view("EE+", "2018"))], seed=1, stability=STEADY)
    cosmics = Fill(320_002, 3, 5, events=20_000, beam="none", tells=True)
    protons = Fill(320_003, 3, 5, events=20_000, tells=True)
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], "test")
        results = {
            run.run: [pipeline.take(each)[0] for each in lumisections(run, detectors)]
            for run in (cosmics, protons)
        }
    assert {result.quality for result in results[cosmics.run]} == {Quality.GOOD}
    assert {result.reason for result in results[protons.run]} == {Reason.OUT_OF_RANGE}


@pytest.mark.parametrize("name", ["HOLIDAYS", "UNTOLD", ""])
def test_a_state_that_nobody_knows_is_refused_before_any_work(tmp_path: Path, name: str) -> None:
    words = ("--map", EE, "--conditions", name, "-o", tmp_path / "x.bundle")
    said = caloscope("train", tmp_path / "nothing.h5", *words, code=2)
    assert f"--conditions {name!r}: expected one of COLLISIONS" in said
