"""The map catalogue: the maps of CMS, those of a described calorimeter, and what can be wrong with one."""

import pickle
import re
from pathlib import Path

import h5py
import pytest

from caloscope.config.catalogue import MapSpec, load
from caloscope.errors import UsageError
from caloscope.geometry import ERAS, view

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "calorimeters.md"

PRODUCER = "[producers.P]\nfolders = ['Top']\n"
MAP = """
[maps."V/hits"]
producer = "P"
noise = "binomial"
scope = "per_lumi"
histograms = ["Top/a/b"]
"""


def test_maps_of_cms() -> None:
    maps = load()
    assert list(maps) == [
        "EB/digi", "EE-/digi", "EE+/digi", "EB/rechit", "EE-/rechit", "EE+/rechit",
        "HCAL/digi", "HCAL/rechit", "HO/digi",
    ]  # fmt: skip
    assert [spec.slug for spec in maps.values()] == [
        "EB-digi", "EEm-digi", "EEp-digi", "EB-rechit", "EEm-rechit", "EEp-rechit",
        "HCAL-digi", "HCAL-rechit", "HO-digi",
    ]  # fmt: skip
    assert maps["EE-/digi"].histograms == (
        "EcalEndcap/EEOccupancyTask/EEOT digi occupancy EE - by lumi",
        "EcalEndcap/EEOccupancyTask/EEOT digi occupancy EE -",
    )
    assert maps["EB/digi"].noise == "overdispersed"
    assert maps["EB/digi"].events == ("Ecal/EventInfo/Number of events in the lumi",)
    assert maps["EB/digi"].pileup == ("Ecal/EventInfo/PU in the lumi",)
    assert maps["HCAL/digi"].folders == ("Hcal", "HcalAll")
    assert maps["HCAL/digi"].events_accumulating == (
        "Hcal/EventInfo/processedEvents",
        "HcalAll/EventInfo/processedEvents",
    )
    assert maps["HCAL/rechit"].hdf5 == "RecHitTask_Occupancy_depth_depth{depth}"
    assert {spec.scope for spec in maps.values()} == {"per_lumi"}


def test_what_accumulates_in_a_file_that_covers_a_run() -> None:
    for spec in load().values():
        growing = [path for path in spec.all_paths() if spec.accumulates(path)]
        assert growing == [path for path in spec.all_paths() if not path.endswith("by lumi")]
        assert spec.block == (1 if spec.view in ("HCAL", "HO") else 5)


@pytest.mark.parametrize("era", ERAS)
def test_maps_of_cms_fit_their_views(era: str) -> None:
    for spec in load().values():
        one = view(spec.view, era)
        key = spec.key(era)
        for path in (*spec.paths(era), *([key] if key else [])):
            assert ("{depth}" in path) == bool(one.depths)
        assert all(path.split("/")[0] in spec.folders for path in spec.paths(era))
        assert {named for named, _ in (*spec.histograms_by_era, *spec.hdf5_by_era)} <= set(ERAS)


def test_the_outer_calorimeter_moved_when_the_barrel_got_a_fourth_depth() -> None:
    ho = load()["HO/digi"]
    assert ho.paths("2018")[0] == "Hcal/DigiTask/Occupancy/depth/depth4"
    assert ho.key("2018") == "DigiTask_Occupancy_depth_depth4"
    assert ho.paths("2019+")[0] == "Hcal/DigiTask/Occupancy/depth/depthHO"
    assert ho.key("2019+") == "DigiTask_Occupancy_depth_depthHO"


def test_specs_are_frozen_kept_and_can_be_sent_elsewhere() -> None:
    spec = load()["HO/digi"]
    assert load() is load()
    assert hash(spec) == hash(pickle.loads(pickle.dumps(spec)))
    with pytest.raises(AttributeError):
        spec.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        load()["new"] = spec  # type: ignore[index]


def test_the_example_of_the_manual() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", MANUAL.read_text(), flags=re.DOTALL)
    maps = load(text)
    assert list(maps) == ["FCAL/hits", "RING/hits"]
    assert maps["FCAL/hits"] == MapSpec(
        name="FCAL/hits",
        view="FCAL",
        quantity="hits",
        producer="Fwd",
        folders=("Forward",),
        noise="binomial",
        scope="per_lumi",
        histograms=("Forward/Hits/depth{depth}",),
        hdf5="Hits_depth{depth}",
        events=("Forward/RunInfo/NumberOfEvents",),
        pileup=("Forward/RunInfo/Pileup",),
    )
    assert maps["RING/hits"].paths("2025") == ("Forward/Ring/hits",)
    assert maps["RING/hits"].paths("2026") == ("Forward/Ring2/hits",)
    assert maps["RING/hits"].key("2026") is None


def test_a_text_without_maps_has_none() -> None:
    assert load("name = 'X'") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("maps = ", "not TOML"),
        ("x = " + "[" * 5000, "not TOML"),
        ("colour = 1", "colour is 1: expected: Extra inputs"),
        (MAP, r"expected maps.V/hits.producer 'P' to be one of the producers: none"),
        (
            PRODUCER + MAP.replace("Top/", "Bottom/"),
            "'Bottom/a/b' of maps.V/hits to begin with a folder of P: Top",
        ),
        (PRODUCER + "events_accumulating = ['Other/x']" + MAP, "'Other/x' of maps.V/hits to begin with"),
        (PRODUCER + "events = ['Other/x']" + MAP, "'Other/x' of maps.V/hits to begin with a folder"),
        (
            PRODUCER + MAP.replace("binomial", "gaussian"),
            "maps.V/hits.noise is 'gaussian': expected: .*'binomial'",
        ),
        (PRODUCER + MAP.replace("per_lumi", "weekly"), "maps.V/hits.scope is 'weekly'"),
        (PRODUCER + MAP.replace("scope", "scpoe"), "maps.V/hits.scope is missing"),
        (PRODUCER + MAP.replace('["Top/a/b"]', "[]"), r"maps.V/hits.histograms is \[\]"),
        (PRODUCER + MAP.replace('["Top/a/b"]', "[3]"), "maps.V/hits.histograms.0 is 3: expected: .*string"),
        (PRODUCER + MAP.replace("Top/a/b", "Top//b"), "'Top//b': expected: <top folder>/<path>/<name>"),
        (PRODUCER + MAP.replace("Top/a/b", "Top/a/{b.c}"), "expected: no braces but {depth}"),
        (PRODUCER + MAP + "hdf5 = '{key}'", "maps.V/hits.hdf5 is '{key}'"),
        (PRODUCER + MAP.replace("V/hits", "V hits"), "maps.V hits"),
        (
            PRODUCER + MAP + MAP.replace("V/", "W/") + "[views.V]",
            "maps.W/hits to begin with the name of a view: V",
        ),
        (PRODUCER + MAP + "[views.V]\ndepths = [1]", "paths of maps.V/hits to hold {depth}, as V has depths"),
        (PRODUCER + MAP.replace("/b", "/b{depth}") + "[views.V]", "not to hold {depth}, as V has no depths"),
        (
            PRODUCER + MAP.replace("V/", "E+/") + MAP.replace("V/", "Ep/"),
            r"maps E\+/hits and Ep/hits have one slug, Ep-hits",
        ),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        load(text)
    assert str(caught.value).startswith("calorimeter text: ")
    assert "\n" not in str(caught.value)


@pytest.mark.realdata
def test_keys_of_real_files_of_crystals(shared_data: Path) -> None:
    with h5py.File(shared_data / "ecal" / "ecal_rechit_occ_time_good_7ls.h5") as file:
        assert all(load()[name].hdf5 in file for name in ("EB/rechit", "EE-/rechit", "EE+/rechit"))


@pytest.mark.realdata
def test_keys_of_a_real_file(shared_data: Path) -> None:
    with h5py.File(shared_data / "hcal" / "hcal_digi_rechit_occ_run306138_6ls.h5") as file:
        for name in ("HCAL/digi", "HCAL/rechit", "HO/digi"):
            key = load()[name].key("2017") or ""
            for depth in range(1, 8):
                assert key.replace("{depth}", str(depth)) in file
