"""Files named as CMS names them, written by real ROOT: which lumisections they are, and what grows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caloscope.config.catalogue import plain
from caloscope.errors import Fault
from caloscope.geometry import view
from caloscope.readers import kind, read
from caloscope.records import LUMISECTION_SECONDS, Lumisection
from tests.convert.writing import RUN, barrel, hcal, hcal_counts, plane, told, write_file

from .folder_making import Root, started_root
from .making import EB_PATH, EVENTS, LUMI, PILEUP, counts, refusal, specs

LUMI_OF_HCAL = "Hcal/EventInfo/iLumiSection"
START = "Hcal/EventInfo/runStartTimeStamp"
WHOLE = f"DQM_V0001_Hcal_R{RUN:09d}.root"
COUNTS = hcal_counts(900, seed=1)


@pytest.fixture(scope="module")
def root() -> Iterator[Root]:
    yield from started_root()


def found(path: Path, *maps: str) -> list[Lumisection]:
    """Everything in a file."""
    return list(read(path, specs(*maps), label="x", views=view))


def only(path: Path, *maps: str) -> Lumisection:
    """The only lumisection of a file."""
    (lumisection,) = found(path, *maps)
    return lumisection


@pytest.mark.parametrize(
    ("name", "told_lumi", "lumi", "cumulative"),
    [
        (f"DQM_V0001_Hcal_R{RUN:09d}_L000000012.root", 12, 12, False),
        (f"DQM_V0001_Hcal_R{RUN:09d}_L000000012.root", None, 12, False),
        (f"DQM_V0001_Hcal_R{RUN:09d}_L000000012.root", 14, 14, False),
        (f"DQM_V0001_R{RUN:09d}__All__Run2017__CentralDAQ_LS7.root", None, 7, False),
        (f"DQM_run{RUN}_ls742.root", -1, 742, False),
        (f"{WHOLE}.ls00000031_hostdqm-c2d07-29_pid00012345", None, 31, True),
        (f"{WHOLE}.ls00000031_host_pid", 31, 31, True),
        (WHOLE, 88, 88, True),
        (f"DQM_V0001_R{RUN:09d}__JetHT__Run2017F-PromptReco-v1__DQMIO.root", 1834, 1834, True),
    ],
)
def test_names(
    root: Root, tmp_path: Path, name: str, told_lumi: int | None, lumi: int, cumulative: bool
) -> None:
    things: dict[str, Any] = {**hcal(COUNTS), START: 1.5e9}
    things |= {} if told_lumi is None else {LUMI_OF_HCAL: told_lumi}
    path = write_file(root, tmp_path / name, things)
    assert kind(path) == "DQM ROOT"
    each = only(path, "HCAL/digi", "HO/digi", "HCAL/rechit", "EB/digi")
    assert each.id == (RUN, lumi)
    assert each.began_at == pytest.approx(1.5e9 + (lumi - 1) * LUMISECTION_SECONDS, abs=1e-3)
    assert not each.partial
    assert each.missing == {"HCAL/rechit"}
    for map_, expected in (("HCAL/digi", COUNTS), ("HO/digi", COUNTS[3])):
        record = each.maps[map_]
        assert record.counts.dtype == np.uint32
        np.testing.assert_array_equal(record.counts, expected)
        assert (record.events, record.pileup, record.span) == (900, None, 1)
        assert record.cumulative is cumulative
    contradicted = told_lumi == 14
    assert contradicted == any("as the file name says" in text for text in each.assumptions)


@pytest.mark.parametrize("name", [WHOLE, f"DQM_V0001_R{RUN:09d}__JetHT__Run2017F-v1__DQMIO.root"])
def test_a_whole_run_that_does_not_tell_where_it_ends(root: Root, tmp_path: Path, name: str) -> None:
    path = write_file(root, tmp_path / name, hcal(COUNTS))
    assert "EventInfo/iLumiSection" in refusal(path, Fault.NO_LUMISECTION, ["HCAL/digi"])


def test_what_starts_again_each_lumisection_does_not_grow_in_a_snapshot(root: Root, tmp_path: Path) -> None:
    """Of ECAL both are there: towers of this lumisection, and crystals since the start of the run."""
    run = 320002
    crystals = np.random.default_rng(2).integers(0, 99, (170, 360))
    things: dict[str, Any] = {EVENTS: 700, "Ecal/EventInfo/processedEvents": 90_000, PILEUP: 33.5}
    things |= {"EcalBarrel/EBOccupancyTask/EBOT rec hit occupancy": barrel(crystals)}
    things |= {EB_PATH: barrel(counts("EB/digi"))}
    path = tmp_path / f"DQM_V0001_Ecal_R{run:09d}.root.ls00000045_hostdqm-c2d07-29_pid00012345"
    each = only(write_file(root, path, things, run=run), "EB/digi", "EB/rechit")
    digi, rechit = each.maps["EB/digi"], each.maps["EB/rechit"]
    assert (digi.cumulative, digi.events, digi.pileup, digi.span) == (False, 700, 33.5, 1)
    assert (rechit.cumulative, rechit.events, rechit.pileup, rechit.span) == (True, 90_000, 33.5, 1)
    np.testing.assert_array_equal(digi.counts, counts("EB/digi"))
    np.testing.assert_array_equal(rechit.counts, crystals.reshape(34, 5, 72, 5).sum(axis=(1, 3)))


def test_by_lumi_section(root: Root, tmp_path: Path) -> None:
    given = {(5, 5): hcal_counts(500, 5), (6, 15): hcal_counts(6000, 6), (1, 4): hcal_counts(2000, 1)}
    objects = told({**hcal(COUNTS), START: 1.5e9})
    for (first, last), values in given.items():
        objects += told(hcal(values), section=f"By Lumi Section {first}-{last}")
    path = tmp_path / WHOLE
    root.write(path, objects)
    lumisections = found(path, "HCAL/digi")
    assert [each.id for each in lumisections] == [(RUN, 4), (RUN, 5), (RUN, 15)]
    for each, (first, last) in zip(lumisections, sorted(given), strict=True):
        record = each.maps["HCAL/digi"]
        np.testing.assert_array_equal(record.counts, given[first, last])
        assert (record.events, record.span) == ({4: 2000, 5: 500, 15: 6000}[last], last - first + 1)
        assert not record.cumulative
        assert each.began_at == pytest.approx(1.5e9 + (first - 1) * LUMISECTION_SECONDS, abs=1e-3)


@pytest.mark.parametrize("compression", [0, 101, 404, 505])
def test_scalars_are_keys_that_hold_slashes(root: Root, tmp_path: Path, compression: int) -> None:
    things: dict[str, Any] = {LUMI: 77, EVENTS: 1234, PILEUP: 41.25, EB_PATH: barrel(counts("EB/digi"))}
    things |= {"Ecal/EventInfo/workingDir": "/data/</b>/x", "Ecal/EventInfo/a/b": 3}
    things |= {f"Ecal/EventInfo/reportSummaryContents/Ecal_{n}": 0.5 for n in range(60)}
    path = tmp_path / "DQM_V0001_Ecal_R000320002.root"
    root.write(path, told(things, run=320002), compression=compression)
    each = only(path, "EB/digi")
    record = each.maps["EB/digi"]
    assert each.id == (320002, 77)
    assert (record.events, record.pileup, record.cumulative) == (1234, 41.25, False)


def test_a_run_in_the_name_is_not_believed_and_a_run_asked_for_neither(root: Root, tmp_path: Path) -> None:
    path = write_file(root, tmp_path / "DQM_V0001_Hcal_R000299999_L000000012.root", hcal(COUNTS))
    (each,) = read(path, specs("HCAL/digi"), label="x", run=7, views=view)
    assert each.id == (RUN, 12)
    assert f"run {RUN} as the content says, not 7 as asked for" in each.assumptions


def test_histograms_in_folders_of_their_own(root: Root, tmp_path: Path) -> None:
    """No `DQMData`: the name tells run and lumisection, or nothing does."""
    objects = told({"any/deep/h": plane(np.arange(6).reshape(2, 3), (0, 3), (0, 2))})
    for each in objects:
        each["folder"] = "any/deep"
    path = tmp_path / f"hcal_run{RUN}_ls9.root"
    root.write(path, objects)
    (found_,) = read(path, [plain("any/*")], label="x", views=view)
    assert found_.id == (RUN, 9)
    (record,) = found_.maps.values()
    assert record.counts.tolist() == [[0, 1, 2], [3, 4, 5]]
    bare = tmp_path / "h.root"
    bare.write_bytes(path.read_bytes())
    (found_,) = read(bare, [plain("any/*")], label="x", run=RUN, views=view)
    assert found_.id == (RUN, 1)
