"""The fault table (docs/faults.md): what may happen to a monitor, and that nothing is lost by it."""

import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope.bundle import Bundle
from caloscope.errors import Fault
from caloscope.faults import Fault as Sick
from caloscope.monitor import Intake, in_time_order, replay
from caloscope.monitor.retry import DEATHS
from caloscope.monitor.settings import Retry, Settings
from caloscope.monitor.taken import stamp
from caloscope.records import Lumisection
from caloscope.store import FileRow, Store, engines

from ..pipeline.making import LABEL, MAP, RUN, Recorded, fill, recorded
from .files import drop, file_name
from .living import living, toy

PATIENT = Settings(retry=Retry(first_seconds=0.1, longest_seconds=0.3, attempts=200))


def sick(lumis: int, run: int = RUN) -> list[Lumisection]:
    """A fill in which a cell dies and comes back."""
    return fill(lumis, [Sick(MAP, (1, 4), "dead", onset=5, end=12)], run=run)


def replayed(folder: Path, paths: list[Path], bundle: Bundle | None = None) -> Recorded:
    """What a replay of files says."""
    with Store(str(folder / "replayed.sqlite")) as store:
        intake = Intake(store, [bundle or toy()], LABEL)
        replay(in_time_order(paths, intake), intake)
        return recorded(store)


def spool_of(folder: Path, given: list[Lumisection]) -> list[Path]:
    """Files that are there before anybody watches."""
    spool = folder / "spool"
    spool.mkdir(exist_ok=True)
    return [drop(spool, each) for each in given]


def test_the_spool_vanishes_in_the_middle_of_a_backlog_and_comes_back(tmp_path: Path) -> None:
    paths = spool_of(tmp_path, sick(60))
    with living(tmp_path, settings=PATIENT) as site:
        site.until(lambda: site.pulse.files)
        site.spool.rename(tmp_path / "away")
        # Trouble is told before it is written down.
        site.until(lambda: site.pulse.troubled("spool") and site.store.waiting_files())
        waiting = site.store.waiting_files()
        (tmp_path / "away").rename(site.spool)
        site.done(*(path.name for path in paths))
        site.until(lambda: "spool" in site.pulse.healings and "source" in site.pulse.healings)
        assert len(site.rows()) == 60
        assert recorded(site.store) == replayed(tmp_path, paths)
    assert waiting
    for row in waiting:
        assert row.fault is Fault.UNREADABLE
        assert row.next_try is not None
        assert "No such file" in row.detail


def test_files_that_were_given_up_are_taken_when_the_spool_comes_back(tmp_path: Path) -> None:
    paths = spool_of(tmp_path, sick(40))
    hasty = Settings(retry=Retry(first_seconds=0.05, longest_seconds=0.05, attempts=2))
    with living(tmp_path, settings=hasty) as site:
        site.until(lambda: site.pulse.files)
        site.spool.rename(tmp_path / "away")
        site.until(lambda: site.store.files("QUARANTINED") and site.pulse.backlog == 0)
        (tmp_path / "away").rename(site.spool)
        site.done(*(path.name for path in paths))
        found = recorded(site.store)
    # Given up, they may come too late for what came after them; not one is missing.
    assert [row.id.lumi for row in found.results] == list(range(1, 41))


def test_a_truncated_file_is_tried_again_until_it_is_whole(tmp_path: Path) -> None:
    (path,) = spool_of(tmp_path, fill(1))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with living(tmp_path, settings=PATIENT) as site:
        site.until(lambda: (row := site.row(path.name)) and row.status == "WAITING" and row.attempts >= 3)
        path.write_bytes(whole)
        site.done(path.name)
        assert recorded(site.store) == replayed(tmp_path, [path])
        first, last = site.rows()
        assert (first.status, first.fault) == ("QUARANTINED", Fault.TRUNCATED)
        assert first.detail.endswith("; another file took its place")
        assert (last.status, last.attempts, last.next_try) == ("DONE", 1, None)


def test_a_file_that_stays_truncated_goes_to_quarantine(tmp_path: Path) -> None:
    (path,) = spool_of(tmp_path, fill(1))
    path.write_bytes(path.read_bytes()[:300])
    with living(tmp_path) as site:
        site.until(lambda: (row := site.row(path.name)) and row.status == "QUARANTINED")
        (row,) = site.rows()
        assert (row.fault, row.attempts, row.next_try) == (Fault.TRUNCATED, 5, None)
        assert [each.error and each.error.fault for each in site.pulse.files] == [Fault.TRUNCATED]


def test_a_bit_flip_costs_its_file_alone(tmp_path: Path) -> None:
    paths = spool_of(tmp_path, sick(20))
    content = bytearray(paths[8].read_bytes())
    rng = np.random.default_rng(1)
    for place in rng.integers(300, len(content) - 100, 40):
        content[place] ^= 1 << int(rng.integers(8))
    paths[8].write_bytes(content)
    with living(tmp_path) as site:
        site.until(lambda: len(site.rows()) == 20)
        row = site.row(paths[8].name)
        assert row is not None
        assert (row.status, row.lumis) == ("QUARANTINED", 0)
        assert recorded(site.store) == replayed(tmp_path, [path for path in paths if path != paths[8]])


def test_the_store_is_locked_by_another_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.2)
    given = sick(20)
    with living(tmp_path) as site:
        drop(site.spool, given[0])
        site.done(file_name(given[0]))
        other = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        paths = [drop(site.spool, each) for each in given[1:]]
        site.until(lambda: len(site.pulse.troubled("store")) >= 2)
        looks = site.pulse.looks
        site.until(lambda: site.pulse.looks > looks)
        other.execute("ROLLBACK")
        other.close()
        site.done(*(path.name for path in paths))
        assert "store" in site.pulse.healings
        assert "locked" in site.pulse.troubled("store")[0]
        assert recorded(site.store) == replayed(tmp_path, sorted(site.spool.iterdir()))


def test_an_output_folder_that_cannot_be_written_is_told_and_made_up_for(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.write_text("a file in the place of the folder")
    given = sick(3)
    with living(tmp_path, output_dir=output) as site:
        for each in given[:2]:
            drop(site.spool, each)
        site.done(file_name(given[0]))
        assert f"output of run {RUN}" in site.pulse.troubled("output")[0]
        assert len(site.rows()) == 1  # the other one stands for the output
        output.unlink()
        site.until(lambda: "output" in site.pulse.healings)
        site.done(file_name(given[1]))
        assert [path.name for path in output.iterdir()] == [f"DQM_V0001_ToyML_R{RUN:09d}.root"]


def test_output_that_could_not_be_written_is_written_by_the_next_monitor(tmp_path: Path) -> None:
    """Also that of runs that had ended: no start looks at those again."""
    output = tmp_path / "output"
    output.write_text("a file in the place of the folder")
    spool_of(tmp_path, [*fill(2), *fill(2, run=RUN + 1)])
    with living(tmp_path, output_dir=output) as site:
        site.until(lambda: len(site.rows()) == 2)
        site.until(lambda: site.store.runs_known(LABEL) and site.store.runs_known(LABEL)[0].ended_at)
    output.unlink()
    with living(tmp_path, output_dir=output) as site:
        site.until(lambda: len(site.rows()) == 4)
        assert len(list(output.glob("*.root"))) == 2


def test_output_that_a_crash_left_behind_is_written_at_the_next_start(tmp_path: Path) -> None:
    given = sick(3)
    with living(tmp_path) as site:
        drop(site.spool, given[0])
        site.done(file_name(given[0]))
        site.until(lambda: site.store.runs_known(LABEL))
    with living(tmp_path, output_dir=tmp_path / "output") as site:
        site.until(lambda: (tmp_path / "output").is_dir() and list((tmp_path / "output").glob("*.root")))


@pytest.mark.parametrize("seconds", [0, 86_400, 4_102_444_800, 9_999_999_999])
def test_clocks_that_jump_change_nothing(tmp_path: Path, seconds: int) -> None:
    paths = spool_of(tmp_path, sick(15))
    expected = replayed(tmp_path, paths)
    for number, path in enumerate(paths[:8]):
        os.utime(path, (seconds - number, seconds - number) if seconds > number else (0, 0))
    held_back = [(path, path.read_bytes()) for path in paths[8:]]
    for path in paths[8:]:
        path.unlink()
    with living(tmp_path) as site:
        site.until(lambda: len(site.rows()) == 8)
        for path, content in held_back:
            path.write_bytes(content)
            os.utime(path, (seconds, seconds))
        site.done(*(path.name for path in paths))
        assert recorded(site.store) == expected
        for row in site.rows():
            assert all(0 <= each < 3_600 for each in row.stages.values())


def test_a_next_try_that_a_clock_put_far_away_comes_soon(tmp_path: Path) -> None:
    (path,) = spool_of(tmp_path, fill(1))
    status = stamp(path)
    with Store(str(tmp_path / "store.sqlite")) as store:
        row = FileRow(str(path), *status, "WAITING", Fault.UNREADABLE, attempts=3, next_try=0.0)
        store.note_file(row)
    with living(tmp_path) as site:
        site.done(path.name)
        (row,) = site.rows()
        assert (row.status, row.attempts, row.next_try) == ("DONE", 4, None)


def test_a_file_that_ends_the_monitor_again_and_again_is_left_alone(tmp_path: Path) -> None:
    paths = spool_of(tmp_path, fill(6))
    gone = replace(FileRow(str(tmp_path / "spool" / "gone.root"), 7, 7, "STARTED"), attempts=2)
    with Store(str(tmp_path / "store.sqlite")) as store:
        rows = [FileRow(str(path), *stamp(path), "STARTED", attempts=DEATHS - 1) for path in paths[:2]]
        rows.append(FileRow(str(paths[2]), *stamp(paths[2]), "STARTED", attempts=DEATHS))
        elsewhere = FileRow("/another/spool/a.root", 1, 1, "STARTED")
        store.note_files([*rows, gone, elsewhere])
    with living(tmp_path) as site:
        site.until(lambda: len(site.rows()) == 7)
        statuses = {Path(row.path).name: (row.status, row.fault) for row in site.rows()}
        assert statuses.pop(paths[2].name) == ("QUARANTINED", Fault.CRASHES)
        assert statuses.pop("gone.root") == ("QUARANTINED", Fault.VANISHED)
        assert set(statuses.values()) == {("DONE", None)}
        assert [row.path for row in site.store.started_files()] == [elsewhere.path]


def test_what_is_no_file_is_passed_over_and_hostile_names_are_only_names(tmp_path: Path) -> None:
    given = sick(6)
    spool, aside = tmp_path / "spool", tmp_path / "aside"
    for folder in (spool, aside):
        folder.mkdir()
    (spool / "folder.root").mkdir()
    os.mkfifo(spool / "pipe.root")
    (spool / "loop.root").symlink_to(spool / "loop.root")
    (spool / "dangling.root").symlink_to(tmp_path / "nowhere")
    (spool / "link.root").symlink_to(drop(aside, given[0]))
    drop(spool, given[1], name=".hidden.root")
    drop(spool, given[1], name="writing.root.tmp")
    names = ["line\nbreak.root", "-rf.root", "\x1b[31mred.root", "a b; rm 'x'.root", "%s{0}.root"]
    for name, each in zip(names, given[1:], strict=True):
        drop(spool, each, name=name)
    os.link(drop(aside, given[1]), os.fsencode(spool) + b"/bytes\xff.root")
    (spool / os.fsdecode(b"\x1b[2Jdamaged\xff.root")).write_text("no histograms")
    with living(tmp_path) as site:
        site.until(lambda: len(site.rows()) == 8)
        assert sorted(row.status for row in site.rows()) == ["DONE"] * 7 + ["QUARANTINED"]
        assert [row.id.lumi for row in site.store.results(LABEL, RUN)] == [1, 2, 3, 4, 5, 6]
