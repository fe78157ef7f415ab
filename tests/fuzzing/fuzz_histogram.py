"""Feeds mutated bytes to the decoder of histograms and to that of blocks: `python fuzz_histogram.py`.

Takes the options of libFuzzer; needs the package atheris. Any exception but `DamagedError` stops it.
"""

import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped]

sys.path.insert(0, str(Path(__file__).parents[2]))

with atheris.instrument_imports(include=["caloscope.readers"]):
    from caloscope.readers.root.blocks import inflate
    from caloscope.readers.root.bytestream import DamagedError
    from caloscope.readers.root.histogram import HISTOGRAMS, parse_histogram
    from caloscope.readers.root.keys import parse_keys

from tests.readers.streaming import histogram_bytes, profile_bytes

CLASSES = sorted(HISTOGRAMS)
SEEDS = [
    histogram_bytes("TH1D"),
    histogram_bytes("TH2F"),
    histogram_bytes("TH3S"),
    profile_bytes([0, 6, 5, 0, 0], [0, 2, 0, 1, 0]),
]


def one_input(data: bytes) -> None:
    """The first bytes choose what is tried, the others are changes to a sound histogram, or all of one."""
    if len(data) < 4:
        return
    what, which, place, rest = data[0], data[1], data[2], data[3:]
    try:
        if what % 4 == 0:
            inflate(rest, 4096)
        elif what % 4 == 1:
            parse_keys(rest, 1000)
        else:
            seed = SEEDS[which % len(SEEDS)]
            start = place * len(seed) // 256
            raw = rest if what % 4 == 2 else seed[:start] + rest + seed[start + len(rest) :]
            found = parse_histogram(raw, CLASSES[which % len(CLASSES)], bare=bool(what & 4))
            if found.values.nbytes > 8 * len(raw):
                raise MemoryError(found.values.nbytes)
    except DamagedError:
        pass


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
