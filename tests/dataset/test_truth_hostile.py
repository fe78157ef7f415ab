"""Truth that is made to do damage, or that says what cannot be: one line, and never much memory."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from caloscope.dataset import open_data_set
from caloscope.errors import Fault, SourceError

from .test_truth import faulty

EB = "truth/EB/digi"


def _read(path: Path) -> None:
    """Everything there is to the truth."""
    with open_data_set(path) as found:
        for name in found.truth_maps:
            found.faulty(name)
            found.truth(name, 0, len(found))
        assert isinstance(found.faults, tuple)


def _replaced(file: Any, name: str, **settings: Any) -> Any:
    old = file[name]
    known = {"shape": old.shape, "dtype": old.dtype, "chunks": old.chunks, "maxshape": old.maxshape}
    filters = {"shuffle": old.shuffle, "compression": old.compression}
    del file[name]
    return file.create_dataset(name, **{**known, **filters, **settings})


def _link(file: Any) -> None:
    del file["truth"]
    file["truth"] = h5py.ExternalLink("/etc/other.h5", "/")


def _array(file: Any) -> None:
    del file["truth"]
    file["truth"] = [1, 2]


def _array_for_a_map(file: Any) -> None:
    del file[EB]
    file[EB] = [1, 2]


def _soft_link(file: Any) -> None:
    del file[EB]
    file[EB] = h5py.SoftLink("/truth/HCAL/digi")


def _other_map(file: Any) -> None:
    file["truth"].move("EB", "EE+")


def _one_part(file: Any) -> None:
    del file[f"{EB}/fault"]


def _other_rows(file: Any) -> None:
    file[f"{EB}/factor"].resize(5, axis=0)


def _huge_rows(file: Any) -> None:
    file[f"{EB}/factor"].resize(10**15, axis=0)
    file[f"{EB}/fault"].resize(10**15, axis=0)


def _other_shape(file: Any) -> None:
    _replaced(file, f"{EB}/factor", shape=(4, 34, 73), chunks=(1, 34, 73), maxshape=(None, 34, 73))


def _other_type(file: Any) -> None:
    _replaced(file, f"{EB}/fault", dtype="<i8")


def _other_filter(file: Any) -> None:
    _replaced(file, f"{EB}/factor", compression="lzf")


def _larger_chunk(file: Any) -> None:
    _replaced(file, f"{EB}/factor", chunks=(2, 34, 72))


def _bomb(file: Any) -> None:
    file[f"{EB}/factor"].id.write_direct_chunk((1, 0, 0), zlib.compress(bytes(9 * 10**5), 9))


def _bomb_that_is_short(file: Any) -> None:
    file[f"{EB}/fault"].id.write_direct_chunk((1, 0, 0), zlib.compress(bytes(4)))


def _no_number(file: Any) -> None:
    file[f"{EB}/factor"][2, 3, 4] = np.nan


def _negative(file: Any) -> None:
    file[f"{EB}/factor"][2, 3, 4] = -0.5


def _factor_alone(file: Any) -> None:
    file[f"{EB}/factor"][3, 3, 4] = 0.5


def _number_alone(file: Any) -> None:
    file[f"{EB}/fault"][3, 3, 4] = 1


def _faults_of_another_kind(file: Any) -> None:
    del file["truth/faults"]
    file["truth/faults"] = [1.5, 2.5]


def _faults_as_folder(file: Any) -> None:
    del file["truth/faults"]
    file.create_group("truth/faults")


def _huge_faults(file: Any) -> None:
    _replaced(file, "truth/faults", shape=(2**40,), chunks=(2**16,), maxshape=(None,))


def _text(text: bytes) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        array = _replaced(
            file, "truth/faults", shape=(len(text),), chunks=(min(len(text), 2**16),), maxshape=(None,)
        )
        array[...] = np.frombuffer(text, np.uint8)

    change.__name__ = f"_text_{text[:9]!r}"
    return change


def _simulated(value: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file.attrs["simulated"]
        file.attrs["simulated"] = value

    change.__name__ = f"_simulated_{value!r:.9}"
    return change


@pytest.mark.parametrize(
    "change",
    [
        _link, _array, _array_for_a_map, _soft_link, _other_map, _one_part, _other_rows, _huge_rows,
        _other_shape, _other_type, _other_filter, _larger_chunk, _bomb, _bomb_that_is_short, _no_number,
        _negative, _factor_alone, _number_alone, _faults_of_another_kind, _faults_as_folder, _huge_faults,
        _text(b"\xff\xfe"), _text(b"[1]\n"), _text(b"{}\n{"), _text(b"\n"), _text(b"{" * 10**5),
        _simulated(2), _simulated([True, True]), _simulated(np.bytes_(b"yes")), _simulated(np.zeros(9000)),
    ],
    ids=lambda change: change.__name__,
)  # fmt: skip
def test_hostile_truth(tmp_path: Path, change: Callable[[Any], None]) -> None:
    path = tmp_path / "a.h5"
    faulty(path)
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(SourceError) as caught:
        _read(path)
    assert caught.value.fault is Fault.UNREADABLE
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


def test_flipped_bits_give_an_error_or_what_was_written(tmp_path: Path) -> None:
    """Bits of the stored truth itself: deflate's own checksum tells."""
    path = tmp_path / "a.h5"
    faulty(path)
    with h5py.File(path) as file:
        place = file[f"{EB}/factor"].id.get_chunk_info_by_coord((1, 0, 0))
    content = bytearray(path.read_bytes())
    for at in range(place.byte_offset, place.byte_offset + place.size, 7):
        content[at] ^= 16
        path.write_bytes(content)
        content[at] ^= 16
        with pytest.raises(SourceError):
            _read(path)
