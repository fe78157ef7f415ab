"""Killed with -9 at random, again and again, a monitor records what an uninterrupted replay does."""

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from caloscope.faults import Fault
from caloscope.geometry import view
from caloscope.monitor import Intake, in_time_order, monitor, replay
from caloscope.monitor.logs import set_up
from caloscope.pipeline.checkpoint import decode_step, encode
from caloscope.records import LumiId, Lumisection
from caloscope.store import Store

from ..pipeline.making import LABEL, MAP, RUN, recorded
from .spooling import Site, prepared, until
from .two_producers import OTHER, TWO, both_trained, bundles_of, drop_both, filled

LUMIS = 3
"""For each life, a lumisection or so waits when it begins, and others come while it lasts."""


def eventful(lives: int) -> list[Lumisection]:
    """Two runs in which cells of both maps fail and are cured; what comes is a little out of order."""
    lumis = max(30, lives * LUMIS // 2)
    faults = [
        Fault(MAP, (1, 4), "dead", onset=8, end=20),
        Fault(MAP, "TOY left", "factor", 0.7, onset=lumis - 15),
        Fault(OTHER, (2, 2), "hot", 3.0, onset=12, end=25),
    ]
    given = [*filled(lumis, faults, run=RUN), *filled(lumis, faults, run=RUN + 1)]
    rng = np.random.default_rng(7)
    late = np.argsort(np.arange(len(given)) + rng.uniform(0, 6, len(given)))
    return [given[int(place)] for place in late]


def dropped(site: Site, given: list[Lumisection], pace: float) -> None:
    for each in given:
        drop_both(site.spool, each)
        time.sleep(pace)


def _live(site: Site, paths: list[Path]) -> None:
    """What a forked process does until it is killed, or told to stop."""
    log = os.open(site.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(log, stream)
    # Those of a test are not streams 1 and 2.
    sys.stdout = sys.stderr = open(log, "w", buffering=1, closefd=False)  # noqa: SIM115 - until the end
    set_up()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with Store(str(site.store)) as store:
        intake = Intake(store, bundles_of(paths), LABEL)
        monitor(site.spool, intake, store, stop, label=LABEL, output_dir=site.output, poll_seconds=0.2)
    os._exit(0)


@contextmanager
def a_life(site: Site, paths: list[Path], lives: int) -> Iterator[Callable[[int], int]]:
    """A monitor that watches, in a process of its own; what it gives sends a signal and waits for the end.

    It is forked: a hundred interpreters need minutes to start, and dying is the same.
    """
    child = os.fork()
    if child == 0:
        try:
            _live(site, paths)
        finally:
            os._exit(1)
    try:
        until(lambda: site.log.exists() and len(site.lines("watching")) > lives)

        def end(number: int) -> int:
            os.kill(child, number)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

        yield end
    finally:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])])
def test_kills_change_nothing(kills: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if kills == 100 and "slow" not in request.config.getoption("markexpr"):
        pytest.skip("takes minutes, asked for with -m slow")
    bundles = both_trained(tmp_path)
    site = prepared(tmp_path, bundles[0])
    given = eventful(kills)
    share = math.ceil(len(given) / kills)
    rng = np.random.default_rng()
    moments = rng.uniform(0.0, 0.6, kills)
    print("killed after seconds of work:", moments.tolist())  # a failing test must be repeatable
    before = scored = 0
    for lives, seconds in enumerate(moments):
        mine = given[lives * share : (lives + 1) * share]
        dropped(site, mine[: len(mine) // 2], 0.0)
        producer = threading.Thread(target=dropped, args=(site, mine[len(mine) // 2 :], 0.05))
        producer.start()
        with a_life(site, bundles, lives) as end:
            time.sleep(float(seconds))
            scored += len(site.lines("scored")) > before
            before = len(site.lines("scored"))
            assert end(signal.SIGKILL) == -signal.SIGKILL
        producer.join()
    with a_life(site, bundles, kills) as end:
        until(lambda: len([row for row in site.files() if row.status == "DONE"]) == 2 * len(given))
        assert end(signal.SIGTERM) == 0
    _the_same(site, bundles)
    print(f"{kills} kills, {scored} of them after a verdict of that life; {2 * len(given)} files")


def _the_same(site: Site, bundles: list[Path]) -> None:
    """The store against that of a replay of the same files."""
    with Store(str(site.folder / "replayed.sqlite")) as expected:
        intake = Intake(expected, bundles_of(bundles), LABEL)
        done = replay(in_time_order(site.spool.iterdir(), intake), intake)
        assert not done.quarantined
        with Store(str(site.store), read_only=True) as store:
            assert {row.status for row in store.files()} == {"DONE"}
            found, whole = recorded(store), recorded(expected)
            assert found.flags == whole.flags
            assert found.incidents == whole.incidents
            assert len([each for each in found.incidents if not each.standing]) >= 3
            assert found == whole
            for run in (RUN, RUN + 1):
                assert store.lumis(LABEL, run) == expected.lumis(LABEL, run)
            for name in (MAP, OTHER):
                assert _states(store, name) == _states(expected, name)


def _states(store: Store, name: str) -> tuple[list[tuple[LumiId, bytes]], bytes]:
    """What came in lately, and the last state: those before it are kept where somebody was interrupted."""
    (bundle,) = {row.hash for row in store.bundles() if row.map == name}
    saved = store.checkpoints(LABEL, name, bundle)
    on = view(name.partition("/")[0], "any", TWO)
    given = [decode_step(each.blob, on)[0] for each in saved]
    return [(each.id, encode(each, None)) for each in given], saved[-1].blob
