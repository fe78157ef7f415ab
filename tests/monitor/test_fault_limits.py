"""The fault table, third part: limits of the system that a monitor of its own process runs into."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from caloscope import bundle as bundles
from caloscope.monitor import Intake, in_time_order, replay
from caloscope.store import Store

from ..forked import Forked
from ..pipeline.making import LABEL, Recorded, fill, recorded, trained
from .files import drop, file_name
from .spooling import Site, prepared, until


@pytest.fixture
def site(tmp_path: Path) -> Site:
    trained(tmp_path)
    return prepared(tmp_path, tmp_path / "toy.bundle")


def replayed(site: Site) -> Recorded:
    with Store(str(site.folder / "replayed.sqlite")) as store:
        intake = Intake(store, [bundles.load(site.bundle)], LABEL)
        replay(in_time_order(site.spool.iterdir(), intake), intake)
        return recorded(store)


@contextmanager
def limited(process: Forked, which: int, most: int) -> Iterator[None]:
    """The process may have no more, for a while."""
    before = resource.prlimit(process.pid, which)
    resource.prlimit(process.pid, which, (most, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process.pid, which, before)


def _ends_well(site: Site, process: Forked, files: int) -> None:
    until(lambda: [row.status for row in site.files()] == ["DONE"] * files, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert not site.lines("Traceback")
    expected = replayed(site)
    with Store(str(site.store), read_only=True) as store:
        assert recorded(store) == expected


@pytest.mark.timeout(180)
def test_a_full_disk_is_waited_out(site: Site) -> None:
    given = fill(12)
    with site.monitor() as process:
        drop(site.spool, given[0])
        until(lambda: site.noted(file_name(given[0])), process)
        with limited(process, resource.RLIMIT_FSIZE, 16_384):  # the log is shorter, the store is not
            for each in given[1:]:
                drop(site.spool, each)
            until(lambda: len(site.lines("trouble", "what=store")) >= 2, process)
            assert len(site.files()) == 1
        _ends_well(site, process, 12)
    assert site.lines("healed", "what=store")


@pytest.mark.timeout(180)
def test_too_many_open_files_are_waited_out(site: Site) -> None:
    given = fill(6)
    with site.monitor() as process:
        drop(site.spool, given[0])
        until(lambda: site.noted(file_name(given[0])), process)
        opened = [int(path.name) for path in Path(f"/proc/{process.pid}/fd").iterdir()]
        with limited(process, resource.RLIMIT_NOFILE, max(opened) + 1 - _holes(opened)):
            for each in given[1:]:
                drop(site.spool, each)
            until(lambda: site.lines("Too many open files"), process)
        _ends_well(site, process, 6)


def _holes(numbers: list[int]) -> int:
    """A limit is on numbers, not on how many there are: it must not leave a free one."""
    return max(numbers) + 1 - next(number for number in range(max(numbers) + 2) if number not in numbers)
