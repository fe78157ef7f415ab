"""A real Dask cluster on this machine, for tests."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

_CODE = (
    "import sys\n"
    "from distributed import LocalCluster\n"
    "if __name__ == '__main__':\n"
    "    with LocalCluster(n_workers=int(sys.argv[1]), threads_per_worker=1, processes=False,\n"
    "                      dashboard_address=None, host='127.0.0.1', protocol='tcp://') as cluster:\n"
    "        print(cluster.scheduler_address, flush=True)\n"
    "        sys.stdin.read()\n"
)


def started_scheduler(workers: int) -> Iterator[str]:
    """The address of a scheduler with this many workers, in a process of its own."""
    pytest.importorskip("distributed")
    command = [sys.executable, "-c", _CODE, str(workers)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()
