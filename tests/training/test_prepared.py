"""Rows in files: their order and values, other processes, full disks, and memory that does not grow."""

import pickle
import subprocess
import sys
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from caloscope.detectors.base import Array, Observation
from caloscope.errors import UsageError
from caloscope.pipeline.state import Given
from caloscope.records import LumiId, MapRecord
from caloscope.training.observed import Observed, with_events
from caloscope.training.prepared import Prepared, prepare_rows

from ..calibrate.making import seen

CELLS = 5


def observations(number: int) -> list[Observation]:
    return [
        Observation(LumiId(1 + lumi // 4, lumi), np.full(CELLS, float(lumi)), 100 + lumi, None)
        for lumi in range(number)
    ]


def made(observation: Observation) -> dict[str, Array | float] | None:
    """Nothing of every third."""
    if observation.id.lumi % 3 == 0:
        return None
    half = observation.counts[:2] / 2.0
    return {"counts": observation.counts, "half": half, "events": float(observation.events or 0)}


def prepared(folder: Path, number: int = 10) -> Prepared:
    return prepare_rows(observations(number), made, folder / "rows")


def test_rows_keep_order_and_values(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    found = prepare_rows(observations(10), made, tmp_path / "rows", lambda *at: told.append(at))
    assert told[-1] == (10, 10)
    assert len(told) == 10
    assert len(found) == 6
    assert found.names == ("counts", "half")
    np.testing.assert_array_equal(found.place, [1, 2, 4, 5, 7, 8])
    np.testing.assert_array_equal(found.lumi, found.place)
    np.testing.assert_array_equal(found.run, [1, 1, 2, 2, 2, 3])
    np.testing.assert_array_equal(found.cells("counts")[:, 0], found.place)
    some = found.rows(np.array([5, 0, 0]))
    assert some["counts"].dtype == some["events"].dtype == np.float32
    np.testing.assert_array_equal(some["half"], [[4, 4], [0.5, 0.5], [0.5, 0.5]])
    np.testing.assert_array_equal(some["events"], [[108], [101], [101]])


def test_another_process_opens_them_anew(tmp_path: Path) -> None:
    found = prepared(tmp_path)
    found.cells("counts")
    kept = tmp_path / "kept"
    kept.write_bytes(pickle.dumps(found))
    assert kept.stat().st_size < 2_000
    code = (
        "import pickle, sys; found = pickle.load(open(sys.argv[1], 'rb'));"
        "print(len(found), found.cells('counts').sum(), found.rows(found.place[:0])['half'].shape)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(kept)], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.split(maxsplit=2) == ["6", "135.0", "(0, 2)\n"]


def test_where_no_lumisection_can_be_used_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="1 lumisections of which none can be used"):
        prepared(tmp_path, 1)


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "rows").write_text("a file")
    with pytest.raises(UsageError, match=r"cannot be written \(.*\), expected") as refused:
        prepared(tmp_path)
    assert "\n" not in str(refused.value)


FULL = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (60, 60))
from caloscope.errors import UsageError
from tests.training.test_prepared import prepared
try:
    prepared(Path(sys.argv[1]), 200)
except UsageError as error:
    print(error)
"""


def test_a_full_disk_is_said_in_one_line(tmp_path: Path) -> None:
    """A file that may not grow stands for a disk without room."""
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert run.returncode == 0, run.stderr
    assert "cannot be written (File too large), expected a disk with room" in run.stdout
    assert run.stdout.count("\n") == 1


class Watched(MapRecord):
    """A record without slots: it can be pointed at weakly."""


class Counted(Sequence[Given]):
    """Lumisections that are made when asked for, and how many were alive at once."""

    def __init__(self, number: int) -> None:
        self.number, self.most = number, 0
        self._alive: weakref.WeakSet[MapRecord] = weakref.WeakSet()

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, place):  # type: ignore[no-untyped-def]  # one at a time is all that is asked for
        if place >= self.number:
            raise IndexError(place)
        record = Watched(np.full(seen().shape, 3, np.uint32), 100)
        self._alive.add(record)
        self.most = max(self.most, len(self._alive))
        return Given(LumiId(1, 1 + place), record, "")

    def __iter__(self) -> Iterator[Given]:
        return (self[place] for place in range(self.number))


def test_one_lumisection_is_in_memory_at_a_time(tmp_path: Path) -> None:
    for number in (20, 200):
        given = Counted(number)
        shown = Observed(given, seen())
        chosen = with_events(shown, 30)
        prepare_rows(chosen, lambda each: {"counts": each.counts.ravel()}, tmp_path / str(number))
        assert len(chosen) == number
        assert given.most <= 3


def test_lumisections_without_events_are_left_out() -> None:
    shown = observations(10)
    found = with_events(shown, 105)
    assert [each.id.lumi for each in found] == [5, 6, 7, 8, 9]
    assert [each.id.lumi for each in found[1::2]] == [6, 8]
    with pytest.raises(UsageError, match="1 lumisections with at least 109 events"):
        with_events(shown, 109)
    with pytest.raises(UsageError, match="nothing counted"):
        with_events([Observation(LumiId(1, lumi), np.zeros(3), 100, None) for lumi in (1, 2)], 1)


def test_training_is_imported_without_what_trains() -> None:
    code = "import caloscope.training, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not {"torch", "lightning_fabric", "onnx", "onnxscript", "sklearn"} & set(run.stdout.split())
