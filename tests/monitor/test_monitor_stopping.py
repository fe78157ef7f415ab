"""How a monitor starts and stops."""

import signal
from pathlib import Path

import numpy as np
import pytest

from caloscope.store import Store

from ..pipeline.making import LABEL, RUN, fill, trained
from ..running import forked
from .files import HITS, drop, histogram
from .spooling import Site, prepared, until


@pytest.fixture
def site(tmp_path: Path) -> Site:
    trained(tmp_path)
    return prepared(tmp_path, tmp_path / "toy.bundle")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_in_the_middle_of_a_backlog_and_goes_on_later(site: Site, number: signal.Signals) -> None:
    lumisections = fill(30)
    for lumisection in lumisections:
        drop(site.spool, lumisection)
    with site.monitor() as process:
        until(lambda: site.log.exists() and site.lines("scored"), process)
        process.send_signal(number)
        assert process.wait(20) == 0
    taken = len(site.files())
    assert site.lines(f"stopped after {taken} files")
    assert taken < len(lumisections)
    with site.monitor() as process:
        until(lambda: len(site.files()) == len(lumisections), process)
        process.send_signal(number)
        assert process.wait(20) == 0
    assert site.lines(f"stopped after {len(lumisections) - taken} files")
    assert not site.lines("Traceback")
    assert len(site.lines("scored")) == len(lumisections)
    with Store(str(site.store), read_only=True) as store:
        assert len(store.results(LABEL, RUN)) == len(lumisections)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["{spool}", "--output-dir", "{spool}/output"], "lies inside the spool"),
        (["{spool}", "--output-dir", "{spool}"], "lies inside the spool"),
        (["{spool}", "--output-dir", "{folder}/link"], "lies inside the spool"),
        (["{folder}/nowhere"], "no such folder"),
    ],
)
def test_what_makes_no_sense_is_refused(site: Site, arguments: list[str], word: str) -> None:
    (site.folder / "link").symlink_to(site.spool)
    given = [each.format(spool=site.spool, folder=site.folder) for each in arguments]
    done = forked(["monitor", "--store", str(site.store), "--bundle", str(site.bundle), *given])
    assert done.code == 2
    (line,) = done.told.splitlines()
    assert line.startswith("caloscope: ")
    assert word in line


def test_files_of_yesterday_are_passed_over(site: Site) -> None:
    drop(site.spool, fill(1)[0])
    drop(site.spool, fill(1)[0], {HITS: histogram(np.ones((5, 7)), columns=7)}, name="binning.root")
    for count in (2, 0):
        with site.monitor() as process:
            known = 2 - count
            until(lambda known=known: site.log.exists() and site.lines("watching", f"known={known}"), process)  # type: ignore[misc]
            until(lambda: len(site.files()) == 2, process)
            process.terminate()
            assert process.wait(20) == 0
        assert site.lines(f"stopped after {count} files")
    assert len(site.lines("quarantined")) == 1
    assert len(site.lines("scored")) == 1
