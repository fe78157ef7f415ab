"""Writing and reading ten times as many lumisections takes no more memory."""

import subprocess
import sys
from pathlib import Path

BOUND = 12 * 2**10
"""KiB: a tenth of what 2,700 more maps would take."""

WORK = """
import resource, sys
from pathlib import Path
import numpy as np
from caloscope.dataset import Row, ShardWriter, open_data_set, open_shard, write
from caloscope.records import Lumisection, MapRecord
from tests.dataset.making import info

folder, number = Path(sys.argv[1]), int(sys.argv[2])
SHAPE = (72, 84)
base = np.random.default_rng(1).poisson(300, SHAPE).astype(np.uint32)
for part in range(3):
    with ShardWriter(folder / f"{part}.h5") as shard:
        for lumi in range(1 + part, number + 1, 3):
            shard.add(Lumisection("l", 1, lumi, {"V/digi": MapRecord(base + np.uint32(lumi), lumi)}), 0)
        shard.close({})

def rows():
    shards = [open_shard(folder / f"{part}.h5") for part in range(3)]
    for lumi in range(1, number + 1):
        row = shards[(lumi - 1) % 3].rows[(lumi - 1) // 3]
        assert row.lumi == lumi
        maps = dict(row.maps)
        if lumi % 10 == 0:
            maps = {name: stored.record() for name, stored in maps.items()}
        yield Row(row.run, row.lumi, None, maps)

write(folder / "a.h5", rows(), number, [info("V/digi", SHAPE)], label="l", era="2018", provenance={})
with open_data_set(folder / "a.h5") as data:
    for row in range(number):
        assert data.record("V/digi", row).counts[0, 0] == base[0, 0] + row + 1
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _peak(folder: Path, number: int) -> int:
    """Largest resident size of a process that writes and reads a number of lumisections, in KiB."""
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", WORK, str(folder), str(number)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    few, many = _peak(tmp_path / "few", 300), _peak(tmp_path / "many", 3000)
    assert many - few < BOUND, f"{few} KiB for 300 rows, {many} for 3000"
