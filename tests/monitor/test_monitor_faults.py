"""A monitor at work while its spool gets what spools get, one after the other."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import uproot

from caloscope import bundle as bundles
from caloscope.errors import Fault
from caloscope.monitor import Intake
from caloscope.records import Lumisection, Quality, Reason
from caloscope.store import Store
from caloscope.writers.dqm import Object

from ..forked import Forked
from ..pipeline.making import LABEL, MAP, RUN, fill, recorded, trained
from .files import EVENTS, HITS, PILEUP, drop, file_name, histogram, with_count
from .spooling import Site, prepared, until

NEXT_RUN = RUN + 1


class After(NamedTuple):
    """The site when all is over, the files that should count, and the monitor's exit code."""

    site: Site
    good: Path
    exit_code: int


def zeros(lumisection: Lumisection, events: int) -> Lumisection:
    """The lumisection with nothing counted."""
    record = lumisection.maps[MAP]
    empty = replace(record, counts=np.zeros_like(record.counts), events=events)
    return replace(lumisection, maps={MAP: empty})


class Shift:
    """Drops files; each sound one also into `good`, from which a replay must get the same."""

    def __init__(self, site: Site, good: Path) -> None:
        self.site, self.good = site, good
        self.lumis = {each.lumi: each for each in fill(24)}
        self.process: Forked | None = None

    def sound(self, lumi: int, changes: Mapping[str, Object | None] | None = None) -> None:
        """A file that counts; waits until it is done."""
        drop(self.good, self.lumis[lumi], changes)
        path = drop(self.site.spool, self.lumis[lumi], changes)
        self.wait_for(path.name)

    def wait_for(self, name: str, rows: int = 1) -> None:
        until(lambda: len(self.site.noted(name)) == rows, self.process)

    def bytes_of(self, lumi: int) -> bytes:
        """The content of a sound file, which is kept in `good`."""
        return drop(self.good, self.lumis[lumi]).read_bytes()


def unreadable(shift: Shift) -> None:
    """Begins with what the monitor waits for: perhaps there is more to come."""
    spool, whole = shift.site.spool, shift.bytes_of(3)
    (spool / file_name(shift.lumis[3])).write_bytes(whole[: len(whole) // 2])
    (spool / "empty.root").touch()
    (spool / "notes.root").write_text("these are no histograms, ")


def invalid(shift: Shift) -> None:
    spool = shift.site.spool
    binned = histogram(np.ones((5, 7)), columns=7)
    drop(spool, shift.lumis[4], {HITS: binned}, name="binning.root")
    drop(spool, shift.lumis[4], with_count(shift.lumis[4], np.nan), name="nan.root")
    drop(spool, shift.lumis[4], with_count(shift.lumis[4], -1.0), name="negative.root")
    for name in ("binning.root", "nan.root", "negative.root"):
        shift.wait_for(name)


def repeated(shift: Shift) -> None:
    spool, again = shift.site.spool, shift.lumis[4]
    drop(spool, again, name="again.root")
    drop(spool, again, with_count(again, 7.0), name="other.root")
    shift.wait_for("again.root")
    shift.wait_for("other.root")


def slow(shift: Shift, lumi: int) -> None:
    """A file that takes a second to write, in the sight of all."""
    whole = shift.bytes_of(lumi)
    with (shift.site.spool / "slow.root").open("wb") as file:
        for start in range(0, len(whole), len(whole) // 8):
            file.write(whole[start : start + len(whole) // 8])
            file.flush()
            time.sleep(0.12)
    shift.wait_for("slow.root")


def renamed(shift: Shift, lumi: int) -> None:
    """A file that is written under a hidden name first, as our own writer does, and one from elsewhere."""
    outside = shift.site.folder / "outside.root"
    outside.write_bytes(shift.bytes_of(lumi))
    outside.rename(shift.site.spool / "moved.root")
    shift.wait_for("moved.root")


def a_day_in_the_life(shift: Shift) -> None:
    shift.sound(1)
    unreadable(shift)
    shift.sound(2)
    with (shift.site.spool / "notes.root").open("a") as notes:
        notes.write("and somebody still writes them")
    invalid(shift)
    shift.sound(4)
    repeated(shift)
    shift.sound(6)
    shift.sound(5)
    shift.sound(9)  # 7 and 8 never come
    shift.sound(10, {PILEUP: None})
    shift.sound(11, {EVENTS: None})
    drop(shift.site.spool, shift.lumis[12], {HITS: None}, name="without-map.root")
    shift.wait_for("without-map.root")
    shift.sound(13)
    shift.sound(12)
    slow(shift, 14)
    renamed(shift, 15)
    shift.lumis[16] = zeros(shift.lumis[16], 0)
    shift.lumis[17] = zeros(shift.lumis[17], 4_000)
    for lumi in range(16, 25):
        drop(shift.good, shift.lumis[lumi])
        drop(shift.site.spool, shift.lumis[lumi])
    for lumi in range(16, 25):
        shift.wait_for(file_name(shift.lumis[lumi]))
    for name in ("empty.root", "notes.root", file_name(shift.lumis[3])):
        shift.wait_for(name)
    # The producer repairs its file.
    (shift.site.spool / file_name(shift.lumis[3])).write_bytes(shift.bytes_of(3))
    shift.wait_for(file_name(shift.lumis[3]), rows=2)
    shift.lumis = {each.lumi: each for each in fill(2, run=NEXT_RUN)}
    shift.sound(1)
    shift.sound(2)


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[After]:
    folder = tmp_path_factory.mktemp("monitor")
    trained(folder)
    site, good = prepared(folder, folder / "toy.bundle"), folder / "good"
    good.mkdir()
    shift = Shift(site, good)
    with site.monitor() as process:
        shift.process = process
        a_day_in_the_life(shift)
        process.terminate()
        yield After(site, good, process.wait(20))


QUARANTINED = {
    file_name(fill(3)[2]): Fault.TRUNCATED,
    "empty.root": Fault.EMPTY_FILE,
    "notes.root": Fault.UNKNOWN_FORMAT,
    "binning.root": Fault.WRONG_BINNING,
    "nan.root": Fault.INVALID_COUNTS,
    "negative.root": Fault.INVALID_COUNTS,
    "other.root": Fault.CONFLICT,
}


def test_it_stopped_when_it_was_asked_to(after: After) -> None:
    assert after.exit_code == 0
    assert after.site.lines("stopped after")
    assert not after.site.lines("Traceback")


def test_the_ledger_says_what_became_of_every_file(after: After) -> None:
    rows = Counter((Path(row.path).name, row.status, row.fault) for row in after.site.files())
    expected: Counter[tuple[str, str, Fault | None]] = Counter()
    expected.update((name, "QUARANTINED", fault) for name, fault in QUARANTINED.items())
    expected.update((path.name, "DONE", None) for path in _done(after))
    assert rows == expected
    assert sum(row.lumis for row in after.site.files() if row.fault) == 0


def _done(after: After) -> list[Path]:
    bad = set(QUARANTINED) - {file_name(fill(3)[2])}
    return [path for path in after.site.spool.iterdir() if path.name not in bad]


@pytest.mark.parametrize(("name", "fault"), QUARANTINED.items())
def test_each_bad_file_is_one_line(after: After, name: str, fault: Fault) -> None:
    (line,) = after.site.lines("quarantined", f"file={name}")
    assert f"fault={fault}" in line
    assert line.count("expected") == 1
    (row,) = [each for each in after.site.noted(name) if each.status == "QUARANTINED"]
    assert row.detail in line
    assert len(row.detail) < 300


def test_every_lumisection_is_there_once_as_if_nothing_had_happened(after: After) -> None:
    bundle = bundles.load(after.site.bundle)
    with Store(str(after.site.folder / "replayed.sqlite")) as store:
        intake = Intake(store, [bundle], LABEL)
        for path in sorted(after.good.iterdir()):
            assert intake.take(path).error is None
        expected = recorded(store)
    with Store(str(after.site.store), read_only=True) as store:
        found = recorded(store)
    assert [row.id for row in found.results] == [row.id for row in expected.results]
    assert found == expected


def test_the_verdicts_are_the_right_ones(after: After) -> None:
    with Store(str(after.site.store), read_only=True) as store:
        rows = {row.id.lumi: row for row in store.results(LABEL, RUN)}
        bad = {row.reason for row in store.flags(label=LABEL, run=RUN) if (row.lumi, row.code) == (17, 0)}
        unknown = [row for row in store.flags(label=LABEL, run=RUN, unknown=True) if row.code == 2]
    assert sorted(rows) == [*range(1, 7), *range(9, 25)]
    assert {rows[lumi].quality for lumi in (*range(1, 7), *range(9, 16), 24)} == {Quality.GOOD}
    assert rows[10].degraded == (Reason.PILEUP_ESTIMATED,)
    assert rows[11].degraded == (Reason.EVENTS_ESTIMATED,)
    assert rows[12].degraded == ()
    assert (rows[16].quality, rows[16].reason) == (Quality.UNKNOWN, Reason.NO_EVENTS)
    assert (rows[17].quality, rows[17].bad_cells, bad) == (Quality.BAD, 29, {Reason.EMPTY_MAP})
    never, empty = Reason.NOT_SCORED, Reason.NO_EVENTS
    assert [(row.lumi, row.reason) for row in unknown] == [(7, never), (8, never), (16, empty)]


def test_the_missing_map_was_unknown_until_it_came(after: After) -> None:
    without, with_map = after.site.lines("scored", "lumi=12 ")
    assert "quality=UNKNOWN reason=MAP_MISSING" in without
    assert "quality=GOOD reason=None" in with_map
    assert len(after.site.lines("revised", "lumi=13 ", "run=2")) == 2


def test_each_lumisection_is_scored_once_and_revised_when_an_earlier_one_comes(after: After) -> None:
    scored = Counter(line[-5:] for line in after.site.lines("scored", "lumi=6 "))
    assert scored == {"run=2": 1}
    assert len(after.site.lines("revised", "lumi=6 ")) == 2  # after 5, and after 3
    assert not after.site.lines("revised", "run=3")


def test_a_file_that_grows_is_read_once_it_is_whole(after: After) -> None:
    (row,) = after.site.noted("slow.root")
    assert (row.status, row.lumis, row.size) == ("DONE", 1, (after.site.spool / "slow.root").stat().st_size)


@pytest.mark.parametrize("run", [RUN, NEXT_RUN])
def test_the_output_is_whole(after: After, run: int) -> None:
    path = after.site.output / f"DQM_V0001_ToyML_R{run:09d}.root"
    assert not [each for each in after.site.output.iterdir() if each.name.startswith(".")]
    with uproot.open(path) as file:
        assert file.file.fEND == path.stat().st_size
        folder = file[f"DQMData/Run {run}/ToyML/Run summary"]
        quality = folder["TOY/hits/ML quality summary"].values()
        assert folder["Trends/hits/Number of bad cells from MLDQM TOY"].counts().sum() > 0
    assert Counter(quality.ravel().tolist()) == {1.0: 29, 3.0: 1}


def test_flags_and_incidents_are_told_on_the_command_line(after: After) -> None:
    flags = after.site.told("flags", "--run", str(RUN), "--unknown").splitlines()
    assert f"{LABEL},{RUN},7,{MAP},,,,2,,,NOT_SCORED" in flags
    assert len([line for line in flags if f"{LABEL},{RUN},17,{MAP}" in line]) == 30
    incidents = after.site.told("incidents")
    assert "TOY (whole map)" in incidents
    assert "never alive" in incidents
