"""Files arrive in a folder: completely, in pieces, under other names, or not at all."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue

import pytest

from caloscope.errors import UsageError
from caloscope.watch import arrivals

SETTLE = 0.6
END = b"END"


def ends(path: Path) -> bool:
    """A stand-in for a format: a file is complete when its last bytes say so."""
    return path.read_bytes().endswith(END)


class Watcher:
    """What `arrivals` gives, collected by a thread."""

    def __init__(self, folder: Path, poll_seconds: float) -> None:
        self.stop = threading.Event()
        self.found: Queue[list[str]] = Queue()
        self.told: list[str] = []
        self.empty = 0
        batches = arrivals(
            folder,
            self.stop,
            complete=ends,
            poll_seconds=poll_seconds,
            settle_seconds=SETTLE,
            told=self.told.append,
        )
        self.thread = threading.Thread(target=self._collect, args=(batches,))
        self.thread.start()
        self.first = self.found.get(timeout=30)

    def _collect(self, batches: Iterator[list[Path]]) -> None:
        for number, batch in enumerate(batches):
            if batch or number == 0:
                self.found.put([path.name for path in batch])
            self.empty += not batch

    def next(self) -> list[str]:
        """The next batch."""
        return self.found.get(timeout=30)

    def nothing(self, seconds: float) -> bool:
        """Whether nothing comes for so long."""
        try:
            self.found.get(timeout=seconds)
        except Empty:
            return True
        return False


@contextmanager
def watching(folder: Path, poll_seconds: float = 0.1) -> Iterator[Watcher]:
    watcher = Watcher(folder, poll_seconds)
    try:
        yield watcher
    finally:
        watcher.stop.set()
        watcher.thread.join(10)
        assert not watcher.thread.is_alive()


def test_what_is_there_comes_first_in_order_of_name(tmp_path: Path) -> None:
    for name in ("b.root", "a.root", "c.root", ".hidden.root"):
        (tmp_path / name).write_bytes(END)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.root")
    with watching(tmp_path) as watcher:
        assert watcher.first == ["a.root", "b.root", "c.root"]
        assert watcher.nothing(0.4)


def test_a_new_file_comes_at_once_and_once(tmp_path: Path) -> None:
    with watching(tmp_path, poll_seconds=60.0) as watcher:  # longer than `next` waits
        assert watcher.first == []
        time.sleep(0.2)  # the kernel's notices begin a moment after the first look
        (tmp_path / "new.root").write_bytes(END)
        assert watcher.next() == ["new.root"]
        assert watcher.nothing(0.5)


@pytest.mark.parametrize("settle", [0.0, 30.0])
def test_a_file_that_is_written_while_it_is_opened_comes_once(settle: float, tmp_path: Path) -> None:
    """Its end may be there when it is opened, but not yet when its size was asked for."""
    path = tmp_path / "new.root"
    path.write_bytes(b"")
    asked, stop = list[Path](), threading.Event()

    def complete(opened: Path) -> bool:
        asked.append(opened)
        before = ends(opened)
        if len(asked) == 1:
            opened.write_bytes(END)
        return before if settle == 0.0 else ends(opened)

    given: list[Path] = []
    first = float("inf")
    for batch in arrivals(tmp_path, stop, complete=complete, poll_seconds=0.05, settle_seconds=settle):
        given += batch
        first = min(first, time.monotonic()) if given else first
        if time.monotonic() > first + 0.5:
            stop.set()
    assert given == [path]


def test_without_notices_the_clock_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a network file system: the change is older than the watch, and nobody tells of it."""
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "true")
    monkeypatch.setenv("WATCHFILES_POLL_DELAY_MS", "60000")
    with watching(tmp_path, poll_seconds=0.2) as watcher:
        (tmp_path / "new.root").write_bytes(END)
        assert watcher.next() == ["new.root"]


def test_a_file_that_grows_comes_when_it_is_complete(tmp_path: Path) -> None:
    with watching(tmp_path) as watcher, (tmp_path / "slow.root").open("wb") as file:
        for _ in range(8):
            file.write(b"more")
            file.flush()
            assert watcher.nothing(SETTLE / 4)
        file.write(END)
        file.flush()
        assert watcher.next() == ["slow.root"]
        assert watcher.nothing(SETTLE + 0.3)


def test_a_file_that_stays_incomplete_comes_once_and_again_when_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "short.root"
    path.write_bytes(b"")
    with watching(tmp_path) as watcher:
        started = time.monotonic()
        assert watcher.next() == ["short.root"]
        assert time.monotonic() - started > SETTLE / 2
        assert watcher.nothing(SETTLE + 0.3)
        path.write_bytes(b"all of it" + END)
        assert watcher.next() == ["short.root"]


def test_renamed_and_rewritten_files(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    with watching(spool) as watcher:
        (spool / ".writing.tmp").write_bytes(b"half")
        assert watcher.nothing(SETTLE + 0.3)
        (spool / ".writing.tmp").write_bytes(END)
        (spool / ".writing.tmp").rename(spool / "a.root")
        assert watcher.next() == ["a.root"]
        (tmp_path / "elsewhere").write_bytes(END)
        (tmp_path / "elsewhere").rename(spool / "b.root")
        assert watcher.next() == ["b.root"]
        (spool / "b.root").write_bytes(b"other" + END)
        assert watcher.next() == ["b.root"]


def test_a_folder_that_is_away_for_a_while(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "a.root").write_bytes(END)
    with watching(spool) as watcher:
        spool.rename(tmp_path / "away")
        assert watcher.nothing(0.5)
        (tmp_path / "away" / "b.root").write_bytes(END)
        (tmp_path / "away").rename(spool)
        found: set[str] = set()
        while found != {"a.root", "b.root"}:  # whoever was given a.root and could not read it gets it again
            found |= set(watcher.next())


def test_it_stops_soon(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path, poll_seconds=30.0)
    time.sleep(0.2)
    watcher.stop.set()
    watcher.thread.join(10)
    assert not watcher.thread.is_alive()


def test_no_folder_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder, expected a spool"):
        arrivals(tmp_path / "absent", threading.Event(), complete=ends)


def test_a_file_comes_by_its_notice_however_many_lie_there(tmp_path: Path) -> None:
    spool, aside = tmp_path / "spool", tmp_path / "aside"
    spool.mkdir()
    for number in range(5_000):
        (spool / f"old{number:05d}.root").write_bytes(END)
    with watching(spool, poll_seconds=60.0) as watcher:
        assert len(watcher.first) == 5_000
        time.sleep(0.5)
        for number in range(40):
            aside.write_bytes(END)
            aside.rename(spool / f"new{number}.root")
            assert watcher.next() == [f"new{number}.root"]


def test_the_clock_finds_in_slices_what_nobody_tells_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "true")
    monkeypatch.setenv("WATCHFILES_POLL_DELAY_MS", "60000")
    names = [f"{number:05d}.root" for number in range(1_234)]
    with watching(tmp_path, poll_seconds=0.3) as watcher:
        (tmp_path / "aside").mkdir()
        for name in names:
            (tmp_path / "aside" / name).write_bytes(END)
        for name in names:
            (tmp_path / "aside" / name).rename(tmp_path / name)
        found: list[str] = []
        while len(found) < len(names):
            found += watcher.next()
        assert sorted(found) == names
        assert watcher.nothing(0.5)


def test_what_vanished_is_forgotten_and_new_when_it_comes_back(tmp_path: Path) -> None:
    path, aside = tmp_path / "a.root", tmp_path / ".aside"
    path.write_bytes(END)
    with watching(tmp_path) as watcher:
        path.rename(aside)
        assert watcher.nothing(0.4)
        aside.rename(path)
        assert watcher.next() == ["a.root"]


def test_another_folder_in_its_place_is_followed(tmp_path: Path) -> None:
    """As when a file system is mounted again: the notices of the first one say nothing of the second."""
    spool = tmp_path / "spool"
    spool.mkdir()
    with watching(spool, poll_seconds=0.3) as watcher:
        spool.rmdir()
        assert watcher.nothing(0.4)
        assert f"{spool}: cannot be listed: No such file or directory" in watcher.told
        spool.mkdir()
        (spool / "a.root").write_bytes(END)
        assert watcher.next() == ["a.root"]
        assert watcher.told[-1] == ""


def test_it_says_that_nothing_came(tmp_path: Path) -> None:
    """Who waits can do what can wait: soon after the last file, and then every second."""
    with watching(tmp_path, poll_seconds=30.0) as watcher:
        before = watcher.empty
        (tmp_path / "a.root").write_bytes(END)
        assert watcher.next() == ["a.root"]
        until = time.monotonic() + 10
        while watcher.empty == before and time.monotonic() < until:
            time.sleep(0.02)
        assert watcher.empty > before
        before = watcher.empty
        time.sleep(3.2)
        assert 1 <= watcher.empty - before <= 7


def test_names_that_nobody_should_give(tmp_path: Path) -> None:
    names = [b"with\nnewline.root", b"bytes\xff\xfe.root", b"-rf.root", b"\x1b[31mred.root", b"a" * 255]
    with watching(tmp_path) as watcher:
        for name in names:
            (tmp_path / os.fsdecode(name)).write_bytes(END)
        (tmp_path / "x.root.tmp").write_bytes(END)
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
        (tmp_path / "dangling.root").symlink_to(tmp_path / "nowhere")
        found: set[bytes] = set()
        while len(found) < len(names):
            found |= {os.fsencode(name) for name in watcher.next()}
        assert found == set(names)
        assert watcher.nothing(0.5)


def test_a_clock_that_jumps_settles_nothing(tmp_path: Path) -> None:
    path = tmp_path / "short.root"
    with watching(tmp_path) as watcher:
        for year in (0, 4_200_000_000, 86_400):
            path.write_bytes(b"half" * (1 + year % 7))
            os.utime(path, (year, year))
            assert watcher.nothing(SETTLE / 2)
        path.write_bytes(END)
        os.utime(path, (0, 0))
        assert watcher.next() == ["short.root"]


def test_the_first_look_stops_when_asked_and_shows_that_it_lives(tmp_path: Path) -> None:
    """Two thousand files on a slow file system are twenty seconds."""
    for number in range(2_000):
        (tmp_path / f"{number}.root").touch()
    stop, opened, beats = threading.Event(), list[Path](), list[float]()

    def slow(path: Path) -> bool:
        time.sleep(0.01)
        opened.append(path)
        if len(opened) == 100:
            stop.set()
        return True

    batches = arrivals(tmp_path, stop, complete=slow, beat=lambda: beats.append(time.monotonic()))
    assert list(batches) == []
    assert len(opened) <= 120
    assert len(beats) >= 5


def test_what_is_noted_as_it_is_is_given_without_being_opened(tmp_path: Path) -> None:
    for name in ("changed.root", "known.root", "new.root"):
        (tmp_path / name).write_bytes(END)
    stop, opened = threading.Event(), list[str]()

    def complete(path: Path) -> bool:
        opened.append(path.name)
        return True

    def noted(paths: Sequence[Path]) -> set[tuple[str, int, int]]:
        found = {(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths}
        return {(path, size + path.endswith("changed.root"), time) for path, size, time in found} - {
            each for each in found if each[0].endswith("new.root")
        }

    batches = arrivals(tmp_path, stop, complete=complete, noted=noted)
    assert [path.name for path in next(batches)] == ["changed.root", "known.root", "new.root"]
    assert opened == ["changed.root", "new.root"]
    stop.set()
    assert list(batches) == []
