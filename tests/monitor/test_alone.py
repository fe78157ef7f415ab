"""Two monitors on one store would score everything twice."""

import subprocess
import sys
from pathlib import Path

import pytest

from caloscope.errors import StoreError
from caloscope.monitor.alone import alone, is_held
from caloscope.store import Store

HOLDING = """
import sys, time
from caloscope.monitor.alone import alone
from caloscope.store import Store
with Store(sys.argv[1]) as store, alone(store):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_monitor_is_refused_until_the_first_has_ended_however_it_did(tmp_path: Path) -> None:
    path = str(tmp_path / "store.sqlite")
    with Store(path) as store:
        with subprocess.Popen([sys.executable, "-c", HOLDING, path], stdout=subprocess.PIPE) as first:
            assert first.stdout is not None
            assert first.stdout.readline() == b"held\n"
            assert is_held(Path(path))
            with pytest.raises(StoreError, match=r"store\.sqlite: found another monitor"), alone(store, 0.2):
                pass
            first.kill()
        assert not is_held(Path(path))
        with alone(store, 0.2):
            pass


def test_a_look_at_who_has_the_right_leaves_nothing_and_takes_it_from_nobody(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with Store(str(path)) as store:
        files = sorted(tmp_path.iterdir())
        assert not is_held(path)
        assert sorted(tmp_path.iterdir()) == files
        with alone(store, 0.2):
            assert is_held(path)
            assert is_held(path)
