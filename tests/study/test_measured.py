"""Studies on data sets: what is learned from, what is judged, and faults put into real counts."""

from pathlib import Path

import numpy as np
import pytest

from caloscope.errors import UsageError
from caloscope.study.kept import Kept
from caloscope.study.measured import Measured
from caloscope.study.rows import Row, on_view
from caloscope.study.run import measure
from caloscope.study.samples import cells_of
from caloscope.study.text import SampleText
from caloscope.study.whole import gathered, plan

from ..running import caloscope

STUDY = """
title = "Six lumisections of HCAL"
map = "HCAL/digi"
[sample.real]
files = ["{}"]
[detector.reference]
kind = "reference"
[detector.pull]
kind = "pull"
[[fault]]
where = "cell"
factor = [0.0, 0.5, 0.8]
window = 3
[[fault]]
where = "rbx"
factor = 0.0
window = 3
[[matrix]]
name = "real"
lumis = 3
trials = 6
clean = 10
"""


@pytest.fixture(scope="module")
def endcap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "good.h5"
    caloscope("simulate", "--map", "EE+/digi", "--lumis", "12", "--seed", "3", "--calm", "-o", path)
    return path


def sample(path: Path) -> Measured:
    return Measured(SampleText(files=(str(path),)), "EE+/digi", 5)


def test_what_is_learned_from_is_not_judged(endcap: Path) -> None:
    here = sample(endcap)
    learned, judged = (
        [each.id.lumi for each in part] for part in (here.learned(6), here.clean(0, here.clean_runs(99)))
    )
    assert (learned, judged) == ([1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12])
    assert [each.id.lumi for each in here.learned(2)] == [5, 6]
    assert here.held_out(100) == []  # too few to calibrate on
    with pytest.raises(UsageError, match="found 6 lumisections to learn from, expected 7"):
        here.learned(7)
    with pytest.raises(UsageError, match="expected simulated ones"):
        here.learned(3, 0.1)


def test_a_fault_changes_its_cells_and_nothing_else(endcap: Path) -> None:
    here, row = sample(endcap), Row("cell", 0.5, window=4)
    cells = on_view(cells_of(here, row, 2), here.view)
    before, found = list(here.before(2, row.window)), list(here.faulty(2, row, cells))
    assert [each.id.lumi for each in before] == [7, 8]  # what a window of four leaves of six lumisections
    assert [(since, each.id.lumi) for since, each in found] == [(1, 9), (2, 10), (3, 11), (4, 12)]
    as_they_were = {each.id: each for each in here.clean(0, 1)}
    for _, each in found:
        was, now = as_they_were[each.id].record, each.record
        assert was is not None
        assert now is not None
        np.testing.assert_array_equal(was.counts[~cells], now.counts[~cells])
        assert (now.counts[cells] < was.counts[cells]).all()
    again = list(here.faulty(2, row, cells))
    assert again[0][1].record is not None
    assert found[0][1].record is not None
    np.testing.assert_array_equal(again[0][1].record.counts, found[0][1].record.counts)


def test_files_that_will_not_do(tmp_path: Path) -> None:
    (tmp_path / "x.h5").write_bytes(b"no")
    with pytest.raises(UsageError, match="`caloscope convert` makes it"):
        _ = sample(tmp_path / "x.h5").view


@pytest.mark.realdata
def test_real_lumisections_of_hcal(shared_data: Path, tmp_path: Path) -> None:
    """Three to learn from, three to judge; there is no oracle, as nobody knows the truth."""
    source, data = shared_data / "hcal" / "hcal_digi_rechit_occ_run306138_6ls.h5", tmp_path / "hcal.h5"
    caloscope("convert", source, "-o", data, "--map", "HCAL/digi", "--run", "306138")
    text = tmp_path / "real.toml"
    text.write_text(STUDY.format(data), "utf-8")
    planned = plan(text)
    measure(planned.places, Kept(tmp_path / "cache"))
    found = gathered(planned, Kept(tmp_path / "cache"))
    lines = {(each.setting.detector, each.fault): each for each in found.faults}
    assert lines["reference", "cell dead"].found.value == 1.0
    assert lines["reference", "cell x0.5"].found.value >= 0.5
    assert lines["reference", "rbx dead"].localised.value == 1.0
    assert [each.incidents for each in found.clean if each.setting.detector == "reference"] == [0]
    assert [each.setting.detector for each in found.ranking] == ["reference", "pull"]
    assert 1.0 <= found.ranking[0].slower.value <= found.ranking[1].slower.value  # in lumisections


def test_no_half_has_a_run_in_part(tmp_path: Path) -> None:
    path = tmp_path / "runs.h5"
    caloscope("simulate", "--map", "EE+/digi", "--lumis", "10", "--runs", "3", "--calm", "-o", path)
    here = sample(path)
    learned, judged = ({each.id.run for each in part} for part in (here.first_half, here.clean(0, 1)))
    assert learned
    assert judged
    assert not learned & judged


def test_there_is_room_for_a_long_window(tmp_path: Path) -> None:
    path = tmp_path / "long.h5"
    caloscope("simulate", "--map", "EE+/digi", "--lumis", "120", "--calm", "-o", path)
    here, row = sample(path), Row("cell", 0.5, window=50)
    for number in range(5):
        cells = on_view(cells_of(here, row, number), here.view)
        assert len(list(here.faulty(number, row, cells))) == 50
