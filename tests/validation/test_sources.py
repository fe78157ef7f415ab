"""From files to samples: what is recovered, what is left out, what is refused."""

from pathlib import Path

import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.errors import UsageError
from caloscope.geometry import view
from caloscope.validation.sources import find
from caloscope.validation.sources.integers import integers
from tests.validation.making import BARREL, ENDCAP, barrel, endcap, write

SPECS = list(load().values())


@pytest.mark.parametrize("least", [1, 2, 5])
def test_counts_come_back_from_normalised_ones(least: int) -> None:
    counts = np.random.default_rng(1).poisson(30.0, (50, 50)).astype(float)
    counts[counts < least] = 0.0
    counts[0, :3] = least, least + 1, 0.0
    found = integers((counts / counts.sum()).astype(np.float32).astype(float))
    assert found is not None
    np.testing.assert_array_equal(found[0], counts)
    assert found[2] == least


def test_numbers_that_are_no_counts_have_no_unit() -> None:
    assert integers(np.random.default_rng(2).random((50, 50))) is None
    assert integers(np.zeros((5, 5))) is not None


def test_raw_crystals_are_a_sample_with_the_empty_supermodule_left_out(tmp_path: Path) -> None:
    counts = barrel(3)
    counts[2, :85, 40:60] = 1e-5
    counts[:, 100:105, 200:205] = 0.0
    found = find([write(tmp_path / "eb_raw.h5", **{BARREL: counts})], SPECS)
    (sample,) = found.samples
    valid = sample.stack.valid
    assert not valid[2, :17, 8:12].any()
    assert valid[1, :17, 8:12].all()
    assert sample.dead[20, 40]
    assert not valid[:, 20, 40].any()
    assert int((~valid).sum()) == 17 * 4 + 5
    assert sample.stack.counts[0, 0, 0] == counts[0, :5, :5].sum()
    assert "raw counts per crystal" in sample.notes
    assert "a supermodule without counts left out 1 times" in sample.notes
    assert sample.title == "EB/rechit, run 276582, 5 LS"


def test_an_odd_supermodule_and_a_hot_tower_are_left_out_where_they_are(tmp_path: Path) -> None:
    counts = barrel(4)
    counts[1, 85:, 100:120] *= 0.5
    counts[3, 50:55, 50:55] = 40_000.0
    normalised = np.floor(counts) / counts.max(axis=(1, 2), keepdims=True)
    found = find([write(tmp_path / "eb_hot.h5", **{BARREL: normalised})], SPECS)
    (sample,) = found.samples
    missing = np.argwhere(~sample.stack.valid)
    assert [3, 10, 10] in missing.tolist()
    assert len(missing) == 1 + 17 * 4
    assert sample.stack.counts[0, 0, 0] == counts[0, :5, :5].sum()


def test_endcaps_hold_what_exists(tmp_path: Path) -> None:
    found = find([write(tmp_path / "ee.h5", **{ENDCAP: endcap(5)})], SPECS)
    assert found.samples[0].frame.spec.name == "EE+/rechit"
    on = view("EE+", "2016")
    assert not found.samples[0].stack.valid[:, ~on.exists].any()


def test_hcal_files_bring_digis_rec_hits_and_ho(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    on = view("HCAL", "2017")
    arrays = {}
    for depth in range(1, 8):
        counts = rng.binomial(1500, 0.4, (4, 72, 84)).astype(float) * on.exists[depth - 1]
        counts[:, :, :13] = counts[:, :, 71:] = 1500.0 * on.exists[depth - 1][:, :13].any()
        arrays[f"DigiTask_Occupancy_depth_depth{depth}"] = counts
        arrays[f"RecHitTask_Occupancy_depth_depth{depth}"] = counts
    path = write(tmp_path / "hcal.h5", **arrays)
    found = find([path], SPECS, "2017")
    assert [sample.frame.spec.name for sample in found.samples] == ["HCAL/digi", "HCAL/rechit", "HO/digi"]
    events = found.samples[0].stack.events
    assert events is not None
    assert events.tolist() == [1500] * 4
    assert found.samples[1].stack.companion is not None


@pytest.mark.parametrize("padded", [True, False])
def test_averages_come_with_and_without_padding(tmp_path: Path, padded: bool) -> None:
    on = view("EE+", "2018")
    table = np.where(on.exists, np.random.default_rng(7).uniform(0.8, 1.2, on.shape), 0.0)
    path = tmp_path / ("EEp_avgocc.dat" if padded else "avg_occupancy_EEp.csv")
    wide = np.pad(table, 1, mode="edge") if padded else table
    if padded:
        wide[wide == 0] = 1.0
    path.write_text("\n".join(" ".join(f"{value:.6f}" for value in row) for row in wide))
    (average,) = find([tmp_path], SPECS).averages
    np.testing.assert_allclose(average.values[average.use], table[average.use], atol=1e-5)
    assert average.use.sum() == on.exists.sum()


def test_pileup_lines_are_two_numbers(tmp_path: Path) -> None:
    (tmp_path / "EEm_PU.csv").write_text("2.0e+03\n4.5e+04\n")
    (line,) = find([tmp_path], SPECS).lines
    assert (line.view, line.slope, line.intercept) == ("EE-", 2000.0, 45000.0)


def test_bad_files_are_said_and_the_good_are_used(tmp_path: Path) -> None:
    (tmp_path / "EEm_PU.csv").write_text("2.0e+03\n4.5e+04\n")
    (tmp_path / "EEp_broken.csv").write_text("nan 1\n")
    (tmp_path / "EEp_words.csv").write_text("no numbers here\n")
    (tmp_path / "broken.h5").write_bytes(b"no HDF5 at all")
    bad = barrel(8)
    bad[0, 0, 0] = -1.0
    write(tmp_path / "negative.h5", **{BARREL: bad})
    write(tmp_path / "fractions.h5", **{BARREL: np.random.default_rng(9).random((3, 170, 360))})
    write(tmp_path / "short.h5", **{BARREL: barrel(10, lumis=2)})
    found = find([tmp_path], SPECS)
    assert len(found.lines) == 1
    assert len(found.refused) == 6
    assert not found.samples


def test_a_table_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "EB_avg.dat").write_text("1.0 " * 400_000)
    with pytest.raises(UsageError, match="bytes"):
        find([tmp_path], SPECS)


def test_nothing_to_compare_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to compare"):
        find([tmp_path], SPECS)
    with pytest.raises(UsageError, match="not there"):
        find([tmp_path / "missing"], SPECS)
