"""A conversion that is stopped at any moment, and asked again, ends with the same arrays.

So that none of them is done before it is stopped, one of its sources comes from a server that keeps it
waiting.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from caloscope.convert.batches import MOST_FILES

from .gate import Gate
from .making import RUN, make, write
from .test_convert import arrays, same

PORTIONS = 3
LUMIS = PORTIONS * MOST_FILES - 50


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy between the gate and us."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def start(sources: Path | Sequence[Path | str], output: Path, *, workers: int) -> subprocess.Popen[str]:
    """A conversion in a process group of its own."""
    given = [sources] if isinstance(sources, Path) else sources
    words = ["convert", *given, "-o", output, "--map", "EB/digi", "--label", "ZeroBias", "--workers", workers]
    return subprocess.Popen(
        [sys.executable, "-m", "caloscope", *map(str, words)],
        start_new_session=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # What runs in the background of a script is born deaf to interrupts, and so are its children.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - nothing else
    )


def until(what: Callable[[], bool], seconds: float = 30.0) -> None:
    """Waits for something that must come."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def kill(process: subprocess.Popen[str]) -> None:
    """Ends a whole process group at once, and asserts that it had not ended before."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def stopped(process: subprocess.Popen[str]) -> bool:
    """Whether a process could be stopped before it had ended; it goes no further then."""
    os.killpg(process.pid, signal.SIGSTOP)
    what = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    return what is not None and what.si_code == os.CLD_STOPPED


def is_hidden(path: Path) -> bool:
    """Whether it is a data set that is not whole yet."""
    return path.name.startswith(".data.h5.") and path.name.endswith(".tmp")


def shards(output: Path) -> list[Path]:
    """The parts that are done."""
    return sorted(output.with_name(f".{output.name}.parts").glob("*.h5"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write(tmp_path_factory.mktemp("sources") / "spool", range(1, LUMIS + 1))


@pytest.fixture(scope="module")
def gate(files: list[Path]) -> Iterator[Gate]:
    server = Gate(files[-1].read_bytes())
    yield server
    server.end()


@pytest.fixture(scope="module")
def whole(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What comes out when nobody interferes."""
    output = tmp_path_factory.mktemp("whole") / "data.h5"
    make(files, output)
    return output


def held(files: list[Path], gate: Gate, portion: int) -> list[Path | str]:
    """The sources with that of the last lumisection in a portion of work, where it does not come yet."""
    gate.close()
    place = portion * MOST_FILES + 3
    return [*files[:place], gate.url(files[-1].name), *files[place:-1]]


def go_on(sources: Sequence[Path | str], output: Path, gate: Gate, done: int, whole: Path) -> None:
    """Asks again, and asserts that what was done is not done again and that all ends well."""
    assert not output.exists()
    gate.open.set()
    report = make(sources, output)
    assert (report.resumed, report.lumisections, report.bad) == (done, LUMIS, ())
    assert same(output, whole)
    assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize(("workers", "portion", "done"), [(1, 0, 0), (1, 1, 1), (1, 2, 2), (2, 0, 2)])
def test_killed_it_leaves_no_data_set_and_goes_on(
    files: list[Path], whole: Path, gate: Gate, tmp_path: Path, workers: int, portion: int, done: int
) -> None:
    """One worker does what comes before the source that keeps it waiting; of two, one does the rest."""
    output = tmp_path / "data.h5"
    sources = held(files, gate, portion)
    process = start(sources, output, workers=workers)
    until(lambda: len(shards(output)) == done and gate.asked.is_set())
    kill(process)
    go_on(sources, output, gate, done, whole)


def test_killed_while_the_data_set_is_written(files: list[Path], whole: Path, tmp_path: Path) -> None:
    output = tmp_path / "data.h5"
    for _ in range(5):  # it takes a tenth of a second
        process = start(files, output, workers=1)
        until(lambda: any(map(is_hidden, tmp_path.iterdir())) or process.poll() is not None)  # noqa: B023
        if process.poll() is None and stopped(process) and not output.exists():
            break
        process.kill()
        process.communicate()
        output.unlink(missing_ok=True)
    assert any(map(is_hidden, tmp_path.iterdir()))
    kill(process)
    assert not output.exists()
    report = make(files, output)
    assert report.resumed == PORTIONS
    assert same(output, whole)
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupted_it_says_how_to_go_on(
    files: list[Path], whole: Path, gate: Gate, tmp_path: Path, workers: int
) -> None:
    output = tmp_path / "data.h5"
    sources = held(files, gate, 1)
    done = 1 if workers == 1 else 2
    process = start(sources, output, workers=workers)
    until(lambda: len(shards(output)) == done and gate.asked.is_set())
    os.killpg(process.pid, signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert errors == "interrupted; the same command goes on from here\n"
    go_on(sources, output, gate, done, whole)


def test_two_conversions_of_one_data_set_do_not_meet(
    files: list[Path], whole: Path, gate: Gate, tmp_path: Path
) -> None:
    output = tmp_path / "data.h5"
    sources = held(files, gate, 0)
    process = start(sources, output, workers=2)
    until(lambda: len(shards(output)) == 1)
    second = start(sources, output, workers=1)
    out, errors = second.communicate(timeout=60)
    assert (second.returncode, out) == (1, "")
    assert errors == f"caloscope: {output}: another conversion is writing it\n"
    gate.open.set()
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, out + errors
    assert same(output, whole)


def test_sources_that_changed_are_read_again(files: list[Path], gate: Gate, tmp_path: Path) -> None:
    """Two of three parts were done; of one of them a source is another one since."""
    spool, output = tmp_path / "spool", tmp_path / "data.h5"
    own = write(spool, range(1, 2 * MOST_FILES + 20))
    sources = held([*own, files[-1]], gate, 2)
    process = start(sources, output, workers=1)
    until(lambda: len(shards(output)) == 2 and gate.asked.is_set())
    kill(process)
    write(spool, [2], events=5000)
    gate.open.set()
    report = make(sources, output)
    assert (report.resumed, report.lumisections) == (1, len(sources))
    make(sources, tmp_path / "anew.h5")
    assert same(output, tmp_path / "anew.h5")
    found = arrays(output)
    assert found["runs"][0] == RUN
    assert found["EB/digi events"][:3].tolist() == [701, 5002, 703]
