"""Data sets as sources of lumisections, like every other file."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caloscope.config.catalogue import MapSpec, load, plain
from caloscope.dataset import MapInfo, Row, write
from caloscope.errors import Fault, SourceError
from caloscope.geometry import view
from caloscope.readers.arrays.data_set import plain_pattern, read_data_set
from caloscope.readers.wanted import Wanted
from caloscope.records import BinRange, Lumisection, MapRecord

from .making import EB, HCAL, PLAIN, RUN, counts, info, rows, save

OTHER = "plain/Hcal.RunInfo.Other"
AXES = (BinRange("x", 5, 0.0, 1.0),)
MAPS = (info(EB), info(HCAL), info(PLAIN, (5,), axes=AXES), info(OTHER, (5,), axes=AXES))


def lumisections(path: Path, *maps: str | MapSpec, **options: Any) -> list[Lumisection]:
    """All of a file; maps of CMS by name, and others by what they are."""
    specs = [load()[each] if isinstance(each, str) else each for each in maps]
    return list(read_data_set(path, Wanted(specs, "JetHT", view, **options)))


def refusal(path: Path, fault: Fault, *maps: str | MapSpec, **options: Any) -> str:
    """The line with which it is refused."""
    with pytest.raises(SourceError) as caught:
        lumisections(path, *maps, **options)
    assert caught.value.fault is fault
    return str(caught.value)


def full(folder: Path, maps: Sequence[MapInfo] = MAPS) -> Path:
    """A data set of three lumisections."""
    return save(folder / "a.h5", rows(3, *maps), maps)


def test_all_that_is_there(tmp_path: Path) -> None:
    path = full(tmp_path)
    found = lumisections(path, EB, HCAL)
    assert [each.id for each in found] == [(RUN, 1), (RUN, 2), (RUN, 3)]
    first = found[0]
    assert (first.label, first.source, first.began_at) == ("JetHT", str(path), 1e9 + 1)
    assert (first.missing, first.assumptions, first.partial) == (frozenset(), (), False)
    assert set(first.maps) == {EB, HCAL}
    record = found[2].maps[HCAL]
    assert (record.events, record.pileup, record.span, record.axes) == (103, 4.5, 1, ())
    np.testing.assert_array_equal(record.counts, counts((7, 72, 84), 3001))


def test_maps_that_are_absent(tmp_path: Path) -> None:
    content = rows(3, *MAPS)
    content[1] = replace(content[1], maps={HCAL: content[1].maps[HCAL]}, began_at=None)
    content[2] = replace(content[2], maps={})
    found = lumisections(save(tmp_path / "a.h5", content, MAPS), EB, HCAL, "HCAL/rechit", "EB/rechit")
    nowhere = {"HCAL/rechit", "EB/rechit"} & set(load())
    assert [set(each.maps) for each in found] == [{EB, HCAL}, {HCAL}, set()]
    assert [set(each.missing) for each in found] == [nowhere, {EB} | nowhere, {EB, HCAL} | nowhere]
    assert found[1].began_at is None


def test_nothing_that_is_wanted(tmp_path: Path) -> None:
    path = save(tmp_path / "a.h5", rows(1, MAPS[0]), MAPS[:1])
    assert "expected HCAL/digi or plain/Hcal/*" in refusal(path, Fault.NOTHING_KNOWN, HCAL, plain("Hcal/*"))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("Hcal/RunInfo/My plot", {PLAIN}),
        ("Hcal/RunInfo/My?plot", {PLAIN}),
        ("Hcal/*", {PLAIN, OTHER}),
        ("Hcal/RunInfo/[MO]*", {PLAIN, OTHER}),
        ("Hcal/RunInfo/[!M]*", {OTHER}),
        ("*/My[ .]plot", {PLAIN}),
        ("Hcal.RunInfo.My_plot", {PLAIN}),
    ],
)
def test_plain_maps_by_pattern(tmp_path: Path, pattern: str, expected: set[str]) -> None:
    found = lumisections(full(tmp_path), plain(pattern))
    assert set(found[0].maps) == expected
    assert found[0].maps[min(expected)].axes == AXES


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a/b c*", "plain/a.b_c*"),
        ("a[[]0]", "plain/a[_]0_"),
        ("[!/]x[a-z]", "plain/[!.]x[a-z]"),
        ("no end [", "plain/no_end__"),
        ("[]]", "plain/[_]"),
        ("", "plain/"),
    ],
)
def test_patterns(pattern: str, expected: str) -> None:
    assert plain_pattern(pattern) == expected


def test_another_geometry(tmp_path: Path) -> None:
    path = full(tmp_path)
    line = refusal(path, Fault.WRONG_BINNING, HCAL, era="2017")
    assert "(era 2018)" in line
    assert "(era 2017)" in line
    (first, *_) = lumisections(path, EB, era="2017")
    assert first.assumptions == ("era 2017 as asked for, not 2018",)
    wrong = [info(EB, (34, 71), geometry=view("EB", "2018").version)]
    refusal(save(tmp_path / "b.h5", rows(1, *wrong), wrong), Fault.WRONG_BINNING, EB)


def test_an_era_that_nobody_knows(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    write(path, rows(1, MAPS[0]), 1, MAPS[:1], label="", era="1905", provenance={})
    assert "of era '1905'" in refusal(path, Fault.WRONG_BINNING, EB)
    assert len(lumisections(path, EB, era="2018")) == 1


def test_real_numbers(tmp_path: Path) -> None:
    maps = [info(EB, kind="float")]
    values = np.full((34, 72), 0.5, np.float32)
    path = save(tmp_path / "a.h5", [Row(RUN, 1, None, {EB: MapRecord(values, 3)})], maps)
    refusal(path, Fault.INVALID_COUNTS, EB)
    (found,) = lumisections(path, EB, as_float=True)
    np.testing.assert_array_equal(found.maps[EB].counts, values)
    assert not found.maps[EB].is_counts
    counted = save(tmp_path / "b.h5", rows(1, MAPS[0]), MAPS[:1])
    (whole,) = lumisections(counted, EB, as_float=True)
    assert whole.maps[EB].is_counts
