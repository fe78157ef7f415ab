import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

from caloscope.records import LumiId, ResultKey
from caloscope.store import Store

from .making import RUN, opened, scored

SCRIPT = Path(__file__).with_name("writing_process.py")
LAST = 100_000


def writer(path: Path, first: int, last: int) -> subprocess.Popen[str]:
    """A process that writes and acknowledges lumisections."""
    command = [sys.executable, str(SCRIPT), str(path), str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def acknowledged_until_killed(path: Path, first: int, wanted: int, wait: float) -> int:
    """Kill a writer with SIGKILL soon after some acknowledgements; answers with the last one heard."""
    with writer(path, first, LAST) as process:
        assert process.stdout is not None
        heard = 0
        for _ in range(wanted):
            heard = int(process.stdout.readline())
        time.sleep(wait)
        process.kill()
        for line in process.stdout:
            if line.endswith("\n"):
                heard = int(line)
    assert process.returncode == -9
    return heard


def check(path: Path, heard: int) -> int:
    """Everything acknowledged is there once and whole; answers with the last lumi on record."""
    with Store(str(path), read_only=True) as store:
        lumis = [row.key.lumi for row in store.results("L", 1)]
        assert lumis == list(range(1, len(lumis) + 1))
        # The last words of a killed process may be lost, its last record is not.
        assert heard <= len(lumis) <= heard + 1
        newest = len(lumis)
        counts = store.arrays(ResultKey("L", 1, newest, "EB/digi", "b"))["counts"]
        expected = np.random.default_rng(newest).poisson(100, (34, 72))
        np.testing.assert_array_equal(counts, expected)
        assert sum(1 for _ in store.flags()) == 68 * newest
        assert [row.lumi for row in store.changes_since(0)] == lumis
        kept = [each.lumi for each in store.checkpoints("L", "EB/digi", "b")]
        assert kept == lumis[-20:]
        with store._read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    return newest


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path, newest = tmp_path / "s.db", 0
    for attempt in range(10):
        heard = acknowledged_until_killed(path, newest + 1, 3 + attempt % 4, attempt * 0.0004)
        newest = check(path, heard)
    assert newest >= 30


def test_readers_see_whole_records_while_another_process_writes(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with writer(path, 1, 60) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        seen: list[int] = []
        with Store(str(path), read_only=True) as store:
            while not seen or seen[-1] < 60:
                latest, changed = store.latest("L"), store.last_change()
                assert latest is not None
                arrays = store.arrays(ResultKey("L", *latest[1:], "EB/digi", "b"))
                assert arrays["codes"].shape == (34, 72)
                assert changed >= latest[2]
                seen.append(latest[2])
    assert process.returncode == 0
    assert seen == sorted(seen)
    assert len(set(seen)) > 3


def test_a_second_writer_waits_for_its_turn(tmp_path: Path) -> None:
    """The page adds masks while the monitor records."""
    path = tmp_path / "s.db"
    with writer(path, 1, 40) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with Store(str(path)) as store:
            masks = [store.add_mask("EB/digi", [(0, n)], "anna", "hot") for n in range(20)]
            process.wait()
            assert store.masks() == masks
            assert len(store.results("L", 1)) == 40
    assert process.returncode == 0


def test_threads_share_a_store(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record([scored(lumi, {(0, 0): 0}) for lumi in range(1, 11)])
        found: list[int] = []

        def look() -> None:
            found.extend(row.lumi for row in store.flags(run=LumiId(RUN, 1).run))

        threads = [threading.Thread(target=look) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 80
