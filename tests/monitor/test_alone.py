"""Two monitors on one store would score everything twice."""

import subprocess
import sys
from pathlib import Path

import pytest

from caloscope.errors import StoreError
from caloscope.monitor.alone import alone
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
            with pytest.raises(StoreError, match=r"store\.sqlite: found another monitor"), alone(store, 0.2):
                pass
            first.kill()
        with alone(store, 0.2):
            pass
