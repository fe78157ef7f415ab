"""A process that records lumisections one after the other and says so: `PATH FIRST LAST`.

It begins one lumisection before FIRST, like a monitor that does not know whether its last words were heard.
"""

import sys

import numpy as np

from caloscope.records import Code, LumiId, MapResult, Quality, ResultKey
from caloscope.store import BundleRow, Checkpoint, Store


def result(lumi: int) -> MapResult:
    """A barrel map with a supermodule that is dead."""
    codes = np.full((34, 72), Code.GOOD, dtype=np.int8)
    codes[:17, :4] = Code.BAD
    counts = np.random.default_rng(lumi).poisson(100, codes.shape).astype(np.uint32)
    evidence = np.full(codes.shape, lumi, dtype=np.float32)
    key = ResultKey("L", 1, lumi, "EB/digi", "b")
    return MapResult(key, Quality.BAD, None, counts, codes, evidence=evidence, content=f"c{lumi}")


def main() -> None:
    """Record, and acknowledge each record."""
    path, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with Store(path) as store:
        store.register_bundle(BundleRow("b", "b.bundle", "EB/digi", "reference", "EB", "2018", "binomial"))
        for lumi in range(max(1, first - 1), last + 1):
            store.record([result(lumi)], [], [Checkpoint("L", "EB/digi", "b", *LumiId(1, lumi), b"x" * 1000)])
            print(lumi, flush=True)


if __name__ == "__main__":
    main()
