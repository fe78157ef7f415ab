"""A file that is rewritten while others read it, by this process or by the next one."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from caloscope.outputs import write_run
from caloscope.records import LumiId
from caloscope.store import Store

from .outputs_filling import LABEL, RUN, bundle, fill, read_back, result

EB = bundle("EB/digi")

AGAIN = """
import sys
from pathlib import Path
from caloscope.outputs import write_run
from caloscope.store import Store
with Store(sys.argv[1], read_only=True) as store:
    write_run(store, sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
"""

POLL = """
import io, sys
from pathlib import Path
import uproot
path, stop = Path(sys.argv[1]), Path(sys.argv[2])
looks, contents = 0, set()
while not stop.exists():
    data = path.read_bytes()
    end = int.from_bytes(data[12:16], "big")
    if data[:4] != b"root" or end != len(data):
        sys.exit(f"incomplete: fEND {end}, {len(data)} bytes")
    with uproot.open(io.BytesIO(data)) as file:  # uproot would open a path again for each piece
        folder = file[f"DQMData/Run {sys.argv[3]}/EcalML/Run summary"]
        contents.add(float(folder["EBOccupancyTask/EBOT ML bad tower count"].values().sum()))
    looks += 1
    if looks == 1:
        print("looking", flush=True)
print(looks, len(contents))
"""


def test_another_process_writes_the_same(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    fill(url, [result(EB, lumi, [(3, lumi)]) for lumi in range(1, 6)], [EB])
    here, there = tmp_path / "here", tmp_path / "there"
    with Store(url, read_only=True) as store:
        (path,) = write_run(store, LABEL, RUN, here)
    subprocess.run([sys.executable, "-c", AGAIN, url, LABEL, str(RUN), str(there)], check=True)
    ours, theirs = read_back(path), read_back(there / path.name)
    assert list(ours) == list(theirs)
    for name, value in ours.items():
        if isinstance(value, str):
            assert theirs[name] == value, name
        else:
            np.testing.assert_array_equal(theirs[name].values(), value.values(), err_msg=name)
            assert theirs[name].title == value.title


def test_a_revision_leaves_no_trace_of_what_was_written_before(tmp_path: Path) -> None:
    url, folder = f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "out"
    fill(url, [result(EB, 1), result(EB, 3, [(3, 5)])], [EB])
    with Store(url) as store:
        write_run(store, LABEL, RUN, folder)
        revised = [result(EB, 2), result(EB, 3)]
        store.record(revised, [], [], revised_from=LumiId(RUN, 2))
        (path,) = write_run(store, LABEL, RUN, folder)
    file = read_back(path)
    assert file["EcalML/EBOccupancyTask/EBOT ML bad tower count"].values().sum() == 0
    assert file["EcalML/Trends/Number of Events per Lumisection"].counts(False)[0] == 3


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    url, folder, stop = f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "out", tmp_path / "stop"
    fill(url, [result(EB, 1, [(3, 5)])], [EB])
    with Store(url) as store:
        (path,) = write_run(store, LABEL, RUN, folder)
        command = [sys.executable, "-c", POLL, str(path), str(stop), str(RUN)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reader:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "looking\n"
            for lumi in range(2, 42):
                store.record([result(EB, lumi, [(3, 5)])], [], [])
                write_run(store, LABEL, RUN, folder)
            stop.touch()
            out, errors = reader.communicate(timeout=60)
    assert reader.returncode == 0, errors
    looks, contents = map(int, out.split())
    assert looks > 5
    assert contents > 3
    assert [each.name for each in folder.iterdir()] == [path.name]
