"""The fault table, second part: runs that end, a backlog, settings that change, errors of our own."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope.errors import Fault
from caloscope.faults import Fault as Sick
from caloscope.monitor import Intake
from caloscope.monitor.settings import Retention
from caloscope.pipeline import Gate
from caloscope.records import Conditions, Lumisection, LumiState, Quality, Reason
from caloscope.store import Store

from ..pipeline.making import LABEL, MAP, RUN, fill, recorded
from .files import drop, file_name
from .living import QUICK, living, toy
from .test_data_sets import written
from .test_fault_table import replayed, sick, spool_of
from .two_producers import both_trained, bundles_of, drop_both, filled


def test_a_marker_ends_a_run_and_gaps_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = fill(9)
    output = tmp_path / "output"
    with living(tmp_path, output_dir=output) as site:
        for each in (given[0], given[1], given[4], given[8]):
            drop(site.spool, each)
            site.done(file_name(each))
        (site.spool / f"run{RUN:06d}_ls0000_EoR.jsn").write_text("")
        (site.spool / f"DQM_V0001_Toy_R{RUN:09d}.root.origin_hosta_pid00000001").write_text("md5:0 1 a.root")
        site.until(lambda: site.store.runs_known(LABEL) and site.store.runs_known(LABEL)[0].ended_at)
        (run,) = site.store.runs_known(LABEL)
        assert (run.run, run.ended_by) == (RUN, "marker")
        drop(site.spool, given[2])  # late: it counts all the same, and ends nothing again
        site.done(file_name(given[2]))
        assert [(row.status, row.lumis) for row in site.rows() if "EoR" in row.path] == [("DONE", 0)]
        assert [(row.status, row.lumis) for row in site.rows() if "origin" in row.path] == [("DONE", 0)]
    told = [line for line in capsys.readouterr().out.splitlines() if "run ended" in line]
    assert len(told) == 1
    assert f"{MAP} 3-4, 6-8" in told[0]
    assert len(list(output.glob("*.root"))) == 1


def test_the_next_run_ends_the_one_before(tmp_path: Path) -> None:
    first, second = fill(3), fill(2, run=RUN + 1)
    with living(tmp_path) as site:
        for each in (*first[:2], second[0], first[2], second[1]):
            drop(site.spool, each)
            site.done(file_name(each))
        site.until(
            lambda: len(site.store.runs_known(LABEL)) == 2 and site.store.runs_known(LABEL)[0].ended_at
        )
        before, now = site.store.runs_known(LABEL)
        assert (before.run, before.ended_by) == (RUN, "next run")
        assert (now.run, now.ended_at) == (RUN + 1, None)
        assert recorded(site.store) == replayed(tmp_path, sorted(site.spool.iterdir()))
    with living(tmp_path) as site:
        (site.spool / "stream_EoR.jsn").write_text("{}")
        site.until(lambda: site.store.runs_known(LABEL)[1].ended_by == "marker")


def test_a_marker_of_a_run_that_never_was_ends_nothing(tmp_path: Path) -> None:
    given = fill(2)
    with Store(str(tmp_path / "store.sqlite")) as store:  # as monitors before wrote it
        store.note_run(LABEL, 8_888_888, at=1.0, ended_by="marker")
    with living(tmp_path) as site:
        (site.spool / "run9999999999_ls0000_EoR.jsn").write_text("{}")
        site.done("run9999999999_ls0000_EoR.jsn")
        drop(site.spool, given[0])
        site.done(file_name(given[0]))
        site.until(lambda: len(site.store.runs_known(LABEL)) == 2)
        known = {row.run: row.ended_by for row in site.store.runs_known(LABEL)}
        assert known == {RUN: "", 8_888_888: "marker"}


def test_verdicts_that_are_late_again_and_again_are_told(tmp_path: Path) -> None:
    """One file with a wrong number of a run makes all that comes after it late."""
    wrong = spool_of(tmp_path, fill(30, run=999_999))
    with living(tmp_path) as site:
        site.done(*(path.name for path in wrong))
        for each in fill(6):
            drop(site.spool, each)
            site.done(file_name(each))
        assert {row.reason for row in site.store.results(LABEL, RUN)} == {Reason.LATE}
        told = site.pulse.troubled("source")
        assert len(told) == 2
        assert told[0] == (
            f"found 5 files in a row that come too late, the last one of {RUN}:5, "
            "expected none before what was taken already"
        )
        healed = site.pulse.healings.count("source")
        new = replace(fill(1)[0], run=1_000_000)
        drop(site.spool, new)
        site.done(file_name(new))
        assert site.pulse.healings.count("source") == healed + 1


def test_a_file_of_a_run_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """What comes after it is not late."""
    (wrong,) = spool_of(tmp_path, fill(1, run=999_999))
    with Store(str(tmp_path / "store.sqlite")) as store:
        intake = Intake(store, [toy()], LABEL, runs=range(RUN, RUN + 2))
        taken = intake.take(wrong)
        assert str(taken.error) == (
            f"{wrong}: WRONG_RUN: found run 999999, expected runs from {RUN} to {RUN + 1}"
        )
        drop(tmp_path, fill(1)[0])
        assert intake.take(tmp_path / file_name(fill(1)[0])).results[0].reason is not Reason.LATE
        assert store.runs_known(LABEL) == []
    with living(tmp_path) as site:  # with other settings
        site.done(wrong.name)


def test_of_a_file_of_several_runs_those_that_can_be_are_taken(tmp_path: Path) -> None:
    written(tmp_path / "all.h5", [*fill(2), *fill(2, run=5), *fill(2, run=999_999)])
    with Store(str(tmp_path / "store.sqlite")) as store:
        intake = Intake(store, [toy()], LABEL, runs=range(RUN, RUN + 1))
        taken = intake.take(tmp_path / "all.h5")
        assert [result.key.run for result in taken.results] == [RUN, RUN]
        assert taken.error is not None
        assert taken.error.found == "run 5 and 1 more"


def test_a_file_of_many_is_left_in_between_and_recorded_bit_by_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Long(Intake):
        """Reads a file that has no end before somebody says so."""

        def _read(self, path: Path, run: int | None) -> Iterator[Lumisection]:
            (first,) = super()._read(path, run)
            for lumi in range(1, 3_000 if first.lumi == 1 else 2):
                yield replace(first, lumi=lumi if first.lumi == 1 else 5_000 + first.lumi)

    monkeypatch.setattr("caloscope.monitor.taking.LONGEST_SECONDS", 0.05)
    paths = spool_of(tmp_path, fill(6))
    with living(tmp_path, intake=Long) as site:
        site.until(lambda: len(site.store.results(LABEL, RUN)) > 20)
    with Store(str(tmp_path / "store.sqlite")) as store:
        assert 20 < len(store.results(LABEL, RUN)) < 2_999
        assert not [row for row in store.files() if row.status != "STARTED" and row.path == str(paths[0])]


def test_a_backlog_of_two_producers_is_taken_in_order_of_time(tmp_path: Path) -> None:
    """Names sort by producer, and one of each is far behind the other: still nothing comes too late."""
    bundles = bundles_of(both_trained(tmp_path))
    spool = tmp_path / "spool"
    spool.mkdir()
    given = filled(60, [Sick(MAP, (1, 4), "dead", onset=20, end=40)], run=RUN)
    paths = [path for each in given for path in drop_both(spool, each)]
    early: list[int] = []

    class Noting(Intake):
        """Notes how many verdicts there are when each file is read."""

        def _read(self, path: Path, run: int | None) -> Iterator[Lumisection]:
            with Store(str(tmp_path / "store.sqlite"), read_only=True) as store:
                early.append(len(store.results(LABEL, RUN)))
            return super()._read(path, run)

    with living(tmp_path, given=bundles, intake=Noting) as site:
        site.done(*(path.name for path in paths))
        reasons = {row.reason for row in site.store.results(LABEL, RUN)}
        assert Reason.LATE not in reasons
        backlog = recorded(site.store)
        stages = [row.stages for row in site.rows()]
    assert 0 == early[0] < early[-1]  # the first verdicts are there long before the last file is read
    assert all({"ordered", "read", "score", "store"} <= each.keys() for each in stages)
    alone = tmp_path / "alone"
    (alone / "spool").mkdir(parents=True)
    with living(alone, given=bundles) as site:
        for path in paths[:40]:
            path.rename(site.spool / path.name)
            site.done(path.name)
        one_by_one = recorded(site.store)
        (row,) = [row for row in site.rows() if Path(row.path).name == paths[39].name]
        assert {"waited", "ordered", "read", "score", "store"} <= row.stages.keys()
    shown = [row.key.lumi <= 20 for row in backlog.results]
    assert [r for r, keep in zip(backlog.results, shown, strict=True) if keep] == one_by_one.results


def test_settings_apply_without_a_restart(tmp_path: Path) -> None:
    given = fill(14, [Sick(MAP, (1, 4), "dead", onset=1)])
    raised = replace(QUICK, gate=Gate(raised={MAP: 1e6}))
    with living(tmp_path, settings=raised) as site:
        for each in given[:8]:
            drop(site.spool, each)
        site.done(*(file_name(each) for each in given[:8]))
        assert {row.quality for row in site.store.results(LABEL, RUN)} == {Quality.GOOD}
        site.tuning.set(QUICK)
        for each in given[8:]:
            drop(site.spool, each)
            site.done(file_name(each))
        rows = {row.key.lumi: row.quality for row in site.store.results(LABEL, RUN)}
        assert rows[14] is Quality.BAD


def test_old_score_maps_go_where_the_settings_say_so(tmp_path: Path) -> None:
    paths = spool_of(tmp_path, fill(30))
    with living(tmp_path) as site:
        site.done(*(path.name for path in paths))
        keys = [row.key for row in site.store.results(LABEL, RUN)]
        assert all(site.store.arrays(key) for key in keys)
        # A new rule is followed at once; one that holds already, only after some hundred results more.
        site.tuning.set(replace(QUICK, retention=Retention(5, 10, 100, 1_000)))
        site.until(lambda: sum(bool(site.store.arrays(key)) for key in keys) < 12)
        kept = [key.lumi for key in keys if site.store.arrays(key)]
    assert set(range(26, 31)) | {10, 20} <= set(kept)
    assert len(kept) < 12
    assert len(keys) == 30


def test_a_lumisection_of_conditions_alone_is_on_record(tmp_path: Path) -> None:
    class Told(Intake):
        """Reads conditions where a file says so by its name: no reader of ours makes such a file alone."""

        def _read(self, path: Path, run: int | None) -> Iterator[Lumisection]:
            told = Conditions(LumiState.RAMP, source="test")
            return iter([Lumisection(LABEL, RUN, 3, {}, source=str(path), conditions=told)])

    (tmp_path / "conditions.root").write_text("")
    with Store(str(tmp_path / "store.sqlite")) as store:
        taken = Told(store, [toy()], LABEL).take(tmp_path / "conditions.root")
        assert taken.error is None
        assert [row.state for row in store.lumis(LABEL, RUN)] == [LumiState.RAMP]


@pytest.mark.parametrize("together", [False, True])
def test_an_error_of_ours_costs_one_file(tmp_path: Path, together: bool) -> None:
    class Clumsy(Intake):
        """Has a bug that one lumisection brings to light."""

        def _read(self, path: Path, run: int | None) -> Iterator[Lumisection]:
            for each in super()._read(path, run):
                if each.lumi == 4:
                    raise ZeroDivisionError("by nothing")
                yield each

    given = sick(12)
    paths = spool_of(tmp_path, given if together else [])
    with living(tmp_path, intake=Clumsy) as site:
        if not together:
            for each in given:
                paths.append(drop(site.spool, each))
                site.until(lambda: site.row(paths[-1].name))
        site.until(lambda: len(site.rows()) == 12)
        row = site.row(paths[3].name)
        assert row is not None
        assert (row.status, row.fault) == ("QUARANTINED", Fault.UNEXPECTED)
        assert "found ZeroDivisionError (by nothing), expected no error of Caloscope's own" in row.detail
        assert recorded(site.store) == replayed(tmp_path, [path for path in paths if path != paths[3]])


def test_a_change_of_order_changes_nothing(tmp_path: Path) -> None:
    given = sick(30)
    order = np.argsort(np.arange(30) + np.random.default_rng(3).uniform(0, 10, 30))
    with living(tmp_path) as site:
        for place in order:
            drop(site.spool, given[int(place)])
        site.done(*(file_name(each) for each in given))
        assert recorded(site.store) == replayed(tmp_path, sorted(site.spool.iterdir()))
