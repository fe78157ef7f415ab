"""Bytes of histograms, sound ones and others: what they hold, or one kind of error."""

import importlib.util
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caloscope.readers.root.bytestream import DamagedError, UnexpectedError
from caloscope.readers.root.histogram import HISTOGRAMS, parse_histogram
from caloscope.readers.shelf import BinAxis

from .streaming import FULL, LINE, PROFILE, axis, histogram_bytes, profile_bytes

FUZZER = Path(__file__).parents[1] / "fuzzing" / "fuzz_histogram.py"


@pytest.mark.parametrize("classname", sorted(HISTOGRAMS - {"TProfile", "TProfile2D"}))
def test_what_was_streamed(classname: str) -> None:
    dimensions = int(classname[2])
    raw = histogram_bytes(classname)
    for given_bytes in (raw, memoryview(raw), raw):  # the second time its layout is known
        found = parse_histogram(given_bytes, classname)
        full = FULL[:dimensions]
        assert found.values.shape == tuple(reversed(full))
        expected = np.arange(np.prod([bins + 2 for bins in full])).reshape([b + 2 for b in reversed(full)])
        np.testing.assert_array_equal(found.values, expected[(slice(1, -1),) * dimensions])
        assert not found.values.flags.writeable
        assert [each.bins for each in found.axes] == list(full)


def test_axes_of_equal_bytes_are_one_object() -> None:
    one, other = (parse_histogram(histogram_bytes("TH2F", name=name), "TH2F") for name in ("a", "longer"))
    assert one.axes[0] is other.axes[0]
    assert one.axes[1] is other.axes[1]


@pytest.mark.parametrize("change", ["title", "edge", "bins", "version", "squares"])
def test_a_known_layout_is_not_taken_for_another(change: str) -> None:
    parse_histogram(histogram_bytes("TH2F"), "TH2F")
    axes = [axis(FULL[0], 0.0, 3.0, title="x"), axis(FULL[1], 0.0, 2.0)]
    if change == "title":
        axes[0] = axis(FULL[0], 0.0, 3.0, title="y")
        found = parse_histogram(histogram_bytes("TH2F", axes=axes), "TH2F")
        assert found.axes[0].title == "y"
    elif change == "edge":
        axes[1] = axis(FULL[1], 0.5, 2.0)
        found = parse_histogram(histogram_bytes("TH2F", axes=axes), "TH2F")
        assert found.axes[1] == BinAxis(FULL[1], 0.5, 2.0)
    elif change == "bins":
        axes[0] = axis(FULL[0] + 1, 0.0, 3.0, title="x")
        with pytest.raises(DamagedError, match="stored bins for axes of 4 x 2"):
            parse_histogram(histogram_bytes("TH2F", axes=axes), "TH2F")
    elif change == "version":
        with pytest.raises(UnexpectedError, match="version 40 of TH1"):
            parse_histogram(histogram_bytes("TH2F", line_version=40), "TH2F")
    else:
        found = parse_histogram(histogram_bytes("TH2F", squares=20), "TH2F")
        assert found.values[0, 0] == 6


def test_a_head_that_may_be_absent() -> None:
    raw = histogram_bytes("TH1D")
    expected = parse_histogram(raw, "TH1D").values
    for given_bytes in (raw, raw[6:]):
        for _ in range(2):
            np.testing.assert_array_equal(parse_histogram(given_bytes, "TH1D", bare=True).values, expected)
    with pytest.raises(DamagedError):
        parse_histogram(raw[6:], "TH1D")


def test_means_are_sums_over_weights() -> None:
    found = parse_histogram(profile_bytes([0, 6, 5, 0, 0], [0, 2, 0, -1, 0]), "TProfile")
    assert found.mean
    np.testing.assert_array_equal(found.values, [3, np.nan, -0.0])
    with pytest.raises(DamagedError, match="4 stored bins for 5 cells"):
        parse_histogram(profile_bytes([0, 6, 5, 0, 0], [0, 2, 0, 1]), "TProfile")
    with pytest.raises(DamagedError, match="3 sums of squares for 5 bins"):
        parse_histogram(profile_bytes([0] * 5, [0] * 5, squares=3), "TProfile")


@pytest.mark.parametrize(
    ("one", "problem"),
    [
        (axis(0, 0.0, 1.0), "an axis of 0 bins"),
        (axis(-5, 0.0, 1.0), "an axis of -5 bins"),
        (axis(10**9, 0.0, 1.0), "5 stored bins for axes of 1000000000 bins"),
        (axis(2**31 - 1, 0.0, 1.0), "5 stored bins for axes of 2147483647 bins"),
        (axis(3, 0.0, 1.0, edges=[0.0, 1.0]), "2 edges for an axis of 3 bins"),
        (axis(3, 0.0, 1.0, count=2**31 - 1), "2147483647 edges for an axis of 3 bins"),
        (axis(3, 0.0, 1.0, count=-1), "-1 edges for an axis of 3 bins"),
        (axis(2**21 - 1, 0.0, 1.0, count=2**21), "2097152 edges"),
        (axis(3, 0.0, 1.0, version=5), "version 5 of TAxis"),
    ],
)
def test_axes_that_cannot_be(one: bytes, problem: str) -> None:
    with pytest.raises(DamagedError, match=problem):
        parse_histogram(histogram_bytes("TH1F", axes=[one]), "TH1F")


@pytest.mark.parametrize("cells", [-1, 0, 4, 6, 2**31 - 1])
def test_counts_of_cells_that_cannot_be(cells: int) -> None:
    with pytest.raises(DamagedError):
        parse_histogram(histogram_bytes("TH1F", cells=cells), "TH1F")
    with pytest.raises(DamagedError):
        parse_histogram(histogram_bytes("TH1F", stored=cells), "TH1F")


def test_cut_anywhere() -> None:
    for classname, raw in (("TH2F", histogram_bytes("TH2F")), ("TProfile", PROFILE)):
        for size in range(len(raw)):
            with pytest.raises(DamagedError):
                parse_histogram(raw[:size], classname)
            with pytest.raises(DamagedError):
                parse_histogram(raw[:size], classname, bare=True)
        with pytest.raises(DamagedError):
            parse_histogram(raw + b"\0", classname)


@given(
    raw=st.binary(max_size=300),
    classname=st.sampled_from(sorted(HISTOGRAMS)),
    bare=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_any_bytes(raw: bytes, classname: str, bare: bool) -> None:
    _parse(raw, classname, bare)


@given(
    base=st.sampled_from([("TH1F", LINE), ("TH2F", histogram_bytes("TH2F")), ("TProfile", PROFILE)]),
    changes=st.lists(
        st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=8)), min_size=1, max_size=4
    ),
    bare=st.booleans(),
)
@settings(max_examples=600, deadline=None)
def test_any_change(base: tuple[str, bytes], changes: list[tuple[float, bytes]], bare: bool) -> None:
    classname, raw = base[0], bytearray(base[1])
    for share, piece in changes:
        place = int(share * len(raw))
        raw[place : place + len(piece)] = piece
    _parse(bytes(raw), classname, bare)


def test_every_length_set_to_every_extreme() -> None:
    raw = histogram_bytes("TH2F")
    for place in range(len(raw) - 4):
        for value in (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x40000000, 0x7FFFFFF0):
            changed = raw[:place] + struct.pack(">I", value) + raw[place + 4 :]
            _parse(changed, "TH2F", bare=False)


def _parse(raw: bytes, classname: str, bare: bool) -> Any:
    """What is found, of a shape that its axes allow, or None where the bytes are refused."""
    try:
        found = parse_histogram(raw, classname, bare=bare)
    except DamagedError:
        return None
    assert found.values.shape == tuple(each.bins for each in reversed(found.axes))
    assert found.values.size * found.values.dtype.itemsize <= 8 * len(raw)
    return found


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="the package atheris is not here")
def test_fuzzing_for_a_while(request: pytest.FixtureRequest) -> None:
    if "slow" not in request.config.getoption("markexpr"):
        pytest.skip("takes 20 seconds, asked for with -m slow")
    command = [sys.executable, str(FUZZER), "-max_total_time=20", "-rss_limit_mb=1024", "-verbosity=0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
