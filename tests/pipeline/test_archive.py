"""Arrays as bytes and back, and what is no archive of arrays."""

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from isal import isal_zlib
from numpy.typing import NDArray

from caloscope.pipeline.archive import DAMAGE, pack, unpack

NUMBERS = st.sampled_from(["<f4", "<f8", "<u4", "<i8", "|i1", "|b1", ">u2"])
ANY_ARRAY = NUMBERS.flatmap(
    lambda dtype: arrays_of.arrays(np.dtype(dtype), arrays_of.array_shapes(min_dims=0, min_side=0))
)


@given(st.dictionaries(st.text(min_size=1), ANY_ARRAY, max_size=5))
def test_what_goes_in_comes_out(arrays: dict[str, NDArray[Any]]) -> None:
    found = unpack(pack(arrays))
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()
        assert found[name].flags.writeable


def test_archives_of_numpy_are_still_read() -> None:
    buffer, array = io.BytesIO(), np.arange(6).reshape(2, 3)
    np.savez(buffer, allow_pickle=False, a=array)
    np.testing.assert_array_equal(unpack(isal_zlib.compress(buffer.getvalue()))["a"], array)


HEADERS = [
    b'[["a","|O",[1]]]',
    b'[["a","<f8",[2]]]',
    b'[["a","<f8",[-1]]]',
    b'[["a","<f8",[99999999999]]]',
    b'[["a","nonsense",[1]]]',
    b'[["a"]]',
    b"[]",
    b"{",
]


@pytest.mark.parametrize("header", HEADERS)
def test_what_is_no_archive_is_refused(header: bytes) -> None:
    data = b"CAR1" + len(header).to_bytes(4, "little") + header + bytes(8)
    with pytest.raises(DAMAGE):
        unpack(isal_zlib.compress(data))


@given(st.integers(0, 200))
def test_a_part_of_an_archive_is_refused(length: int) -> None:
    whole = pack({"a": np.random.default_rng(1).integers(0, 1000, 300)})
    with pytest.raises(DAMAGE):
        unpack(whole[:length])
