"""Settings that change while a monitor runs: what the log says of what they did, and of what they did not."""

from collections.abc import Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import structlog

from caloscope.config.conditions_table import parse
from caloscope.monitor import Intake
from caloscope.monitor.applying import Applying
from caloscope.monitor.settings import Settings
from caloscope.pipeline import Gate
from caloscope.pipeline.timeline import KEPT
from caloscope.records import LumiState
from caloscope.store import Store

from ..pipeline.making import LABEL, MAP, RUN, fill
from .files import drop, file_name
from .living import living, toy

NEWEST = KEPT + 4
FIRST = NEWEST - KEPT + 2
"""The oldest lumisection that can be scored again: what was before the first that is kept is gone."""

Line: TypeAlias = MutableMapping[str, Any]


def table(*rows: str) -> Gate:
    """What people say of lumisections."""
    return Gate(table=parse("\n".join(["run,first,last,state,off", *rows]), "conditions.csv"))


def said(lines: Sequence[Line], event: str) -> list[Line]:
    """What the log was told, without what each line has."""
    mine = [line for line in lines if line["event"] == event]
    return [{name: line[name] for name in line if name not in ("event", "log_level")} for line in mine]


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Intake, Store]]:
    """One that has taken more lumisections than can be scored again."""
    folder = tmp_path_factory.mktemp("intake")
    with Store(str(folder / "store.sqlite")) as store:
        taking = Intake(store, [toy()], LABEL)
        for each in fill(NEWEST):
            taking.score(drop(folder, each), together=60.0)
        taking.commit()
        yield taking, store


def test_verdicts_that_change_are_lines_and_rows_that_came_too_late_are_told(
    intake: tuple[Intake, Store],
) -> None:
    taking, store = intake
    applying = Applying(taking, store, LABEL, [toy()])
    scan = [f"{RUN},1,2,SPECIAL,", f"{RUN},{FIRST - 1},{FIRST},RAMP,", f"{RUN},{NEWEST - 1},,SPECIAL,"]
    late = f"{RUN + 1},,,RAMP,", "1,,,RAMP,"  # runs of which there is nothing
    with structlog.testing.capture_logs() as lines:
        assert applying.apply(table(scan[0])) == set()
        assert said(lines, "judged again") == said(lines, "conditions came too late") == []
        assert applying.apply(table(*scan, *late)) == {RUN}
    alike = {"run": RUN, "map": MAP, "before": "GOOD"}
    assert said(lines, "judged again") == [
        {**alike, "lumis": f"{FIRST}", "after": "UNKNOWN (RAMP)"},
        {**alike, "lumis": f"{NEWEST - 1}-{NEWEST}", "after": "UNKNOWN (SPECIAL)"},
    ]
    (told,) = said(lines, "conditions came too late")
    assert told["lumisections"] == f"{RUN}:{FIRST - 1}"
    with structlog.testing.capture_logs() as lines:
        applying.apply(table(*scan))
        assert said(lines, "judged again") == said(lines, "conditions came too late") == []
        assert applying.apply(Gate()) == {RUN}
    (told,) = said(lines, "conditions came too late")
    assert told["lumisections"] == f"{RUN}:1-2, {RUN}:{FIRST - 1}"
    assert {str(line["after"]) for line in said(lines, "judged again")} == {"GOOD"}
    with structlog.testing.capture_logs() as lines:
        labels = {LABEL: LumiState.COSMICS}
        applying.apply(Gate(labels=labels))
        applying.apply(Gate(labels=labels, accept={MAP: frozenset({LumiState.COSMICS})}))
    cosmics, good = said(lines, "judged again")
    assert cosmics == {**alike, "lumis": f"{FIRST}-{NEWEST}", "after": "UNKNOWN (COSMICS)"}
    assert good == {**cosmics, "before": cosmics["after"], "after": "GOOD"}


def test_a_partition_of_no_view_is_told_once_by_name(intake: tuple[Intake, Store]) -> None:
    taking, store = intake
    applying = Applying(taking, store, LABEL, [toy()])
    with structlog.testing.capture_logs() as lines:
        applying.apply(table("9,,,,EB+;TOY"))
        applying.apply(table("9,,,,EB+ TOY EE"))
        applying.apply(table("9,,,,EE"))
    assert [line["names"] for line in said(lines, "partition of no view")] == ["EB+", "EE"]


def test_a_monitor_that_runs_applies_them(tmp_path: Path) -> None:
    given = fill(3)
    with structlog.testing.capture_logs() as lines, living(tmp_path) as site:
        for each in given:
            drop(site.spool, each)
        site.done(*map(file_name, given))
        site.tuning.set(Settings(gate=table(f"{RUN},2,,SPECIAL,EB+")))
        site.until(lambda: said(lines, "judged again"))
    assert [line["lumis"] for line in said(lines, "judged again")] == ["2-3"]
    assert said(lines, "conditions came too late") == []
    assert [line["names"] for line in said(lines, "partition of no view")] == ["EB+"]
