"""What a file is said to hold: histograms, lumisections and the maps that they feed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.errors import Fault, SourceError, UsageError
from caloscope.readers.contents import Contents, Limits, RunLumis, contents, contents_of
from caloscope.readers.shelf import BinAxis, Histogram, Place

from .making import EB_PATH, EVENTS, LUMI, PILEUP, RUN, write_ecal

DIGI = "Hcal/DigiTask/Occupancy/depth/depth{}"


@dataclass
class Lumi:
    """The histograms of one lumisection, in memory."""

    place: Place
    histograms: Mapping[str, Histogram | SourceError | None]
    scalars: Mapping[str, str] = field(default_factory=dict)
    tops: frozenset[str] = frozenset({"Hcal"})
    opened: list[str] = field(default_factory=list)

    def names(self) -> Iterable[str]:
        return iter(self.histograms)

    def histogram(self, path: str) -> Histogram | None:
        self.opened.append(path)
        found = self.histograms[path]
        if isinstance(found, SourceError):
            raise found
        return found

    def scalar(self, path: str) -> str | None:
        return self.scalars.get(path)


def plane(value: float = 1, *, mean: bool = False) -> Histogram:
    axes = (BinAxis(84, 0, 84, title="ieta"), BinAxis(72, 0.5, 72.5))
    return Histogram(axes, np.full((72, 84), value, ">f4"), mean)


def hcal(depths: Iterable[int] = range(1, 8)) -> dict[str, Histogram | SourceError | None]:
    return {DIGI.format(depth): plane() for depth in depths}


def listed(*lumis: Lumi, **limits: object) -> Contents:
    bounds = Limits(**limits)  # type: ignore[arg-type]
    return contents_of(lumis, source=("x", "test", 1), catalogue=load(), limits=bounds)


def test_histograms_with_their_binning_and_lumisections() -> None:
    path = DIGI.format(1)
    found = listed(
        Lumi(Place(306138, 3, assumptions=("guessed",)), {path: plane(2), "Hcal/late": None}),
        Lumi(Place(306138, 5, span=10), {path: plane(7), "Hcal/mean": plane(1, mean=True)}),
        Lumi(Place(306140, 1, grows=True, partial=True), {path: plane(7)}),
    )
    assert found.lumis == found.looked_at == 3
    assert found.runs == (RunLumis(306138, 3, 5, 2), RunLumis(306140, 1, 1, 1))
    assert (found.spans, found.grows, found.partial) == ((1, 10), True, True)
    assert found.assumptions == ("guessed",)
    late, digi, mean = sorted(found.entries, key=lambda entry: entry.path != "Hcal/late")
    assert late.kind == "damaged"
    assert (digi.lumis, digi.kind, digi.total) == (3, "counts", 2 * 72 * 84)
    assert [(axis.bins, axis.low, axis.high) for axis in digi.axes] == [(84, 0, 84), (72, 0.5, 72.5)]
    assert (mean.kind, mean.lumis) == ("mean", 1)


def test_a_histogram_is_opened_once_and_only_so_many_are() -> None:
    lumis = [Lumi(Place(1, number), {f"Hcal/{name}": plane() for name in "abcde"}) for number in range(1, 9)]
    found = listed(*lumis, lumis=3, histograms=2)
    assert [lumi.opened for lumi in lumis] == [["Hcal/a", "Hcal/b"], *[[]] * 7]
    assert (found.lumis, found.looked_at) == (8, 3)
    assert [(entry.kind, entry.lumis) for entry in found.entries] == [("counts", 3)] * 2 + [("unread", 3)] * 3
    everything = listed(*lumis, lumis=None, histograms=None)
    assert {(entry.kind, entry.lumis) for entry in everything.entries} == {("counts", 8)}


def test_a_pattern_chooses_as_in_a_shell() -> None:
    one = Lumi(Place(306138, 1), {**hcal(), "Hcal/DigiTask/occupancy": plane()})
    found = listed(one, pattern="*/Occupancy/*")
    assert {entry.path for entry in found.entries} == set(hcal())
    assert len(one.opened) == 7
    assert found.maps[0].histograms, "what is not listed still feeds maps"


def test_names_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caloscope.readers.contents.survey.MAX_NAMES", 3)

    def endless() -> Iterator[str]:
        yield from (f"Hcal/{number}" for number in range(10**9))

    one = Lumi(Place(1, 1), {f"Hcal/{number}": plane() for number in range(5)})
    one.names = endless  # type: ignore[method-assign]
    found = listed(one)
    assert len(found.entries) == 3
    assert found.more == 1


def test_what_is_damaged_is_said_and_ends_nothing() -> None:
    bad = SourceError("x", Fault.WRONG_BINNING, "a TGraph " + "z" * 999, "a histogram")
    nan = Histogram((BinAxis(2, 0, 2),), np.array([np.nan, 1.0]))
    found = listed(Lumi(Place(1, 1), {"Hcal/bad": bad, "Hcal/good": plane(), "Hcal/nan": nan}))
    kinds = {entry.path: (entry.kind, entry.total) for entry in found.entries}
    assert kinds == {
        "Hcal/bad": ("damaged", None),
        "Hcal/good": ("counts", 72 * 84),
        "Hcal/nan": ("real", None),
    }
    assert found.entries[0].detail.startswith("a TGraph")
    assert len(found.entries[0].detail) == 200


def test_maps_that_are_fed_and_maps_that_are_missing() -> None:
    maps = {feed.name: feed for feed in listed(Lumi(Place(306138, 1), hcal())).maps}
    assert set(maps) == {"HCAL/digi", "HCAL/rechit", "HO/digi"}
    assert maps["HCAL/digi"].histograms == "Hcal/DigiTask/Occupancy/depth/depth{depth}"
    assert (maps["HCAL/digi"].alternative, maps["HCAL/digi"].scope, maps["HCAL/digi"].era) == (
        1,
        "per_lumi",
        "2017",
    )
    assert (maps["HCAL/rechit"].histograms, maps["HCAL/rechit"].scope) == (None, None)
    part = listed(Lumi(Place(306138, 1), hcal(range(1, 7))))
    assert {feed.name: feed.histograms is None for feed in part.maps}["HCAL/digi"], "a depth is missing"


def test_histograms_that_grow_are_cumulative() -> None:
    spec = load()["HCAL/digi"]
    pattern = next(iter(spec.accumulating), spec.histograms[0])
    feed = listed(Lumi(Place(306138, 1, grows=True), hcal())).maps[0]
    assert feed.histograms is not None
    assert feed.scope == ("cumulative" if spec.accumulates(pattern) else "per_lumi")


def test_without_folders_the_names_decide() -> None:
    nothing = Lumi(Place(306138, 1), {"Some/thing": plane()}, tops=frozenset())
    assert listed(nothing).maps == ()
    assert [feed.name for feed in listed(Lumi(Place(306138, 1), hcal(), tops=frozenset())).maps] == [
        "HCAL/digi",
        "HCAL/rechit",
        "HO/digi",
    ]
    assert listed(Lumi(Place(0, 1), hcal())).maps == (), "no run, no era"
    assert listed().maps == ()


def test_a_real_file(tmp_path: Path) -> None:
    path = write_ecal(tmp_path)
    found = contents(path)
    assert found.format == "DQM ROOT"
    assert found.size == path.stat().st_size
    assert found.runs == (RunLumis(RUN, 12, 12, 1),)
    assert set(found.tops) == {"Ecal", "EcalBarrel", "EcalEndcap"}
    barrel = next(entry for entry in found.entries if entry.path == EB_PATH)
    assert [(axis.bins, axis.low, axis.high) for axis in barrel.axes] == [(72, 0, 360), (34, -85, 85)]
    assert {EVENTS, PILEUP, LUMI} <= dict(found.scalars).keys()
    assert float(dict(found.scalars)[PILEUP]) == 41.25
    fed = {feed.name for feed in found.maps if feed.histograms is not None}
    assert {"EB/digi", "EE-/digi", "EE+/digi"} <= fed


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    path = write_ecal(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(SourceError, match="TRUNCATED"):
        contents(path)


def test_arrays_of_an_ml4dqm_file(tmp_path: Path) -> None:
    path = tmp_path / "hcal.h5"
    with h5py.File(path, "w") as file:
        for depth in range(1, 8):
            file[f"DigiTask_Occupancy_depth_depth{depth}"] = np.ones((4, 72, 84), np.float32)
        file["words"] = ["no", "numbers"]
        file["lumi"] = [4, 5, 6, 9]
    silent = contents(path)
    assert (silent.lumis, silent.runs, silent.maps) == (4, (), ())
    found = contents(path, run=306138)
    assert found.format == "ML4DQM HDF5"
    assert found.runs == (RunLumis(306138, 4, 9, 4),)
    assert {feed.name for feed in found.maps if feed.histograms} == {"HCAL/digi", "HO/digi"}
    entries = {entry.path: entry for entry in found.entries}
    assert len(entries) == 8
    assert entries["words"].kind == "damaged"
    assert [axis.bins for axis in entries["DigiTask_Occupancy_depth_depth1"].axes] == [84, 72]
    assert entries["DigiTask_Occupancy_depth_depth1"].total == 72 * 84
    few = contents(path, run=306138, limits=Limits(pattern="*depth3"))
    assert [entry.path for entry in few.entries] == ["DigiTask_Occupancy_depth_depth3"]
    assert {feed.name for feed in few.maps if feed.histograms} == {"HCAL/digi", "HO/digi"}


def test_a_data_set_says_more_of_itself(tmp_path: Path) -> None:
    from caloscope import dataset

    dataset.write(tmp_path / "d.h5", [], 0, [], label="x", era="2018", provenance={})
    with pytest.raises(UsageError, match="data set"):
        contents(tmp_path / "d.h5")


@pytest.mark.realdata
def test_the_real_hcal_file(shared_data: Path) -> None:
    found = contents(shared_data / "hcal" / "hcal_digi_rechit_occ_run306138_6ls.h5")
    assert found.runs == (RunLumis(306138, 1, 6, 6),)
    assert {feed.name for feed in found.maps if feed.histograms} >= {"HCAL/digi", "HCAL/rechit"}
    assert found.entries[0].total == 3274355


@pytest.mark.realdata
def test_what_a_file_holds_can_be_seen_although_nobody_tells_its_run(shared_data: Path) -> None:
    found = contents(shared_data / "formats" / "tbranch-of-th2.root")
    assert (found.runs, found.lumis) == ((), 1)
    (entry,) = found.entries
    assert (entry.path, entry.kind) == ("g4SimHits/tree/histogram", "real")
    assert not any("run" in text for text in found.assumptions)
