"""What goes into a data set comes out of it, through Caloscope and through any HDF5 library."""

import math
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caloscope.dataset import MapInfo, Row, is_data_set, open_data_set, opens, write
from caloscope.dataset.packing import LEVEL, digest, pack, unpack
from caloscope.records import BinRange, Content, MapRecord

from .making import EB, HCAL, PLAIN, counts, everything, info, rows, save, small
from .test_truth import faulty

shapes = st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple)
events = st.none() | st.integers(0, 2**63 - 1)
pileups = st.none() | st.floats(0, 200, width=32)


@st.composite
def contents(draw: st.DrawFn, shape: tuple[int, ...], kind: str) -> Content:
    """Counts of any size, or real numbers of any kind."""
    size = math.prod(shape)
    if kind == "counts":
        largest = draw(st.sampled_from([0, 1, 255, 256, 2**16, 2**24, 2**32 - 1]))
        values = draw(st.lists(st.integers(0, largest), min_size=size, max_size=size))
        return np.array(values, np.uint32).reshape(shape)
    reals = draw(st.lists(st.floats(width=32), min_size=size, max_size=size))
    return np.array(reals, np.float32).reshape(shape)


@st.composite
def sets(draw: st.DrawFn) -> tuple[list[MapInfo], list[Row]]:
    """A few maps and rows, with some maps absent in some rows."""
    maps = [
        info(f"V{number}/digi", draw(shapes), kind=draw(st.sampled_from(["counts", "float"])))
        for number in range(draw(st.integers(1, 3)))
    ]
    ids = sorted(draw(st.sets(st.tuples(st.integers(1, 2**32 - 1), st.integers(0, 2**32 - 1)), max_size=5)))
    made = []
    for run, lumi in ids:
        found = {
            each.name: MapRecord(
                draw(contents(each.shape, each.kind)),
                draw(events),
                draw(pileups),
                draw(st.integers(1, 2**16 - 1)),
            )
            for each in maps
            if draw(st.booleans())
        }
        made.append(Row(run, lumi, draw(st.none() | st.floats(0, 2e9)), found))
    return maps, made


@settings(max_examples=60, deadline=None)
@given(sets())
def test_any_rows_come_back(content: tuple[list[MapInfo], list[Row]]) -> None:
    maps, expected = content
    with TemporaryDirectory() as folder, open_data_set(save(Path(folder) / "a.h5", expected, maps)) as found:
        assert len(found) == len(expected)
        assert list(found.maps.values()) == maps
        for number, row in enumerate(expected):
            assert (found.runs[number], found.lumis[number]) == (row.run, row.lumi)
            began = found.began_at[number]
            assert math.isnan(began) if row.began_at is None else began == row.began_at
            for each in maps:
                _compare(row.maps.get(each.name), found.record(each.name, number))
        for each in maps:
            present = [each.name in row.maps for row in expected]
            assert found.present(each.name).tolist() == present
            every = found.counts(each.name, 0, len(expected))
            assert every.shape == (len(expected), *each.shape)
            assert not every[~found.present(each.name)].any()


def _compare(one: object, other: MapRecord | None) -> None:
    assert isinstance(one, MapRecord) == (other is not None)
    if isinstance(one, MapRecord) and other is not None:
        assert other.counts.tobytes() == one.counts.tobytes()
        assert other.counts.dtype == one.counts.dtype
        assert (other.events, other.pileup, other.span) == (one.events, one.pileup, one.span)


def test_columns(tmp_path: Path) -> None:
    maps = [info(EB, (2, 2))]
    content = rows(3, *maps)
    content[1] = Row(content[1].run, content[1].lumi, None, {})
    with open_data_set(save(tmp_path / "a.h5", content, maps)) as found:
        assert (found.label, found.era, found.provenance) == ("ZeroBias", "2018", {"command": "a test"})
        assert found.events(EB).tolist() == [101, -1, 103]
        np.testing.assert_array_equal(found.pileup(EB), [1.5, np.nan, 4.5])
        assert found.spans(EB).tolist() == [1, 0, 1]
        np.testing.assert_array_equal(found.counts(EB, 2, 3)[0], counts((2, 2), 3000))
        assert found.counts(EB, 3, 9).shape == (0, 2, 2)
        assert found.record(EB, 1) is None
        with pytest.raises(IndexError):
            found.record(EB, 3)
        with pytest.raises(KeyError):
            found.record("EB/other", 0)


def test_more_rows_than_a_block(tmp_path: Path) -> None:
    maps = [info(EB, (2, 3)), info(HCAL, (1,))]
    content = rows(2500, *maps)
    sparse = [
        Row(
            row.run,
            row.lumi,
            row.began_at,
            row.maps if row.lumi < 5 or row.lumi > 2200 else {EB: row.maps[EB]},
        )
        for row in content
    ]
    with open_data_set(save(tmp_path / "a.h5", sparse, maps)) as found:
        assert found.events(EB).tolist() == [100 + lumi for lumi in range(1, 2501)]
        assert np.flatnonzero(found.present(HCAL)).tolist() == [0, 1, 2, 3, *range(2200, 2500)]
        record = found.record(HCAL, 2400)
        assert record is not None
        assert record.events == 2501
        assert found.record(HCAL, 1500) is None


def test_axes_and_names(tmp_path: Path) -> None:
    axes = (BinRange("#phi of\nthe jet", 2, -3.5, 3.5), BinRange("é" * 2000, 3, 0.0, 1e-9))
    odd = "plain/Hcal.Run-Info.My_plot_+.."
    maps = [info(odd, (2, 3), axes=axes), info(EB)]
    with open_data_set(save(tmp_path / "a.h5", rows(1, *maps), maps)) as found:
        assert set(found.maps) == {odd, EB}
        record = found.record(odd, 0)
        assert record is not None
        assert record.axes == (BinRange("#phi of the jet", 2, -3.5, 3.5), BinRange("é" * 1000, 3, 0.0, 1e-9))
        whole = found.record(EB, 0)
        assert whole is not None
        assert whole.axes == ()
        assert found.maps[EB].axes == ()


def test_plain_h5py_reads_it(tmp_path: Path) -> None:
    path = save(tmp_path / "a.h5", rows(3, info(EB), info(HCAL)), [info(EB), info(HCAL)])
    with h5py.File(path) as file:
        assert file.attrs["schema"].decode() == "caloscope-data-set"
        assert file.attrs["label"].decode() == "ZeroBias"
        maps, lumi = file["maps"], file["lumisections/lumi"][:]
        assert lumi.tolist() == [1, 2, 3]
        assert maps["EB/digi/present"][:].all()
        for place, name in enumerate((EB, HCAL)):
            stored = maps[name]["counts"]
            assert stored.chunks == (1, *info(name).shape)
            assert (stored.compression, stored.shuffle, stored.dtype) == ("gzip", True, np.uint32)
            np.testing.assert_array_equal(stored[1], counts(info(name).shape, 2000 + place))
            assert maps[name].attrs["geometry"].decode() == info(name).geometry
        assert bytes(file["provenance"][:]) == b'{"command":"a test"}'


def test_the_library_packs_what_we_unpack(tmp_path: Path) -> None:
    """Chunks that h5py made are read as ours are, and ours hold the same numbers as h5py's."""
    path = small(tmp_path)
    before = everything(path)
    with h5py.File(path, "r+") as file:
        stored = file["maps/EB/digi/counts"]
        stored[...] = stored[...]
        assert stored.id.read_direct_chunk((0, 0, 0))[1] != pack(counts((3, 4), 1000))
    assert everything(path) == before


def test_the_digest_is_that_of_the_bytes() -> None:
    values = counts((7, 72, 84))
    assert digest(values) == digest(values.copy(order="F")) != digest(values + np.uint32(1))
    assert digest(np.zeros(0, np.uint32)) == 0x2D06800538D394C2  # of no bytes, as XXH3 is published


def test_packing_is_no_larger_than_the_library_s(tmp_path: Path) -> None:
    values = counts((7, 72, 84))
    chunk = pack(values)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        made = file.create_dataset("a", data=values, chunks=values.shape, shuffle=True, compression=LEVEL)
        assert len(chunk) < 1.1 * made.id.get_storage_size()
    np.testing.assert_array_equal(unpack(chunk, values.dtype, values.shape), values)


def test_recognising(tmp_path: Path) -> None:
    path = small(tmp_path)
    assert is_data_set(path)
    assert opens(path)
    (tmp_path / "text").write_text("no HDF5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["a"] = [1]
    assert opens(tmp_path / "other.h5")
    for name in ("text", "other.h5", "nothing"):
        assert not is_data_set(tmp_path / name)
    assert not opens(tmp_path / "text")
    assert PLAIN in everything(path)["maps"]


def test_the_lines_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page on the format says of reading a data set works as it stands there."""
    page = (Path(__file__).parents[2] / "docs" / "data-set.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    faulty(tmp_path / "data.h5")
    monkeypatch.chdir(tmp_path)
    for block in blocks:
        names: dict[str, object] = {}
        exec(block, names)
        assert {"counts", "provenance", "faults"} & names.keys()
    assert len(blocks) == 3


def test_a_label_of_any_letters(tmp_path: Path) -> None:
    maps, label = [info(EB)], "études-日本"
    path = tmp_path / "data.h5"
    write(path, rows(1, *maps), 1, maps, label=label, era="2018", provenance={})
    with open_data_set(path) as found:
        assert found.label == label
    with h5py.File(path) as file:
        assert file.attrs["label"].decode() == label
