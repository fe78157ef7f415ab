"""The real files come out as they were measured by hand."""

from pathlib import Path

import pytest

from caloscope.config.catalogue import load
from caloscope.validation.sample import Sample
from caloscope.validation.sources import find
from caloscope.validation.statistics import noise

pytestmark = pytest.mark.realdata


def measured(sample: Sample) -> dict[str, float]:
    found = {each.key: each for each in noise(sample.frame, sample.stack)}
    numbers = {key: float(each.values[0]) for key, each in found.items() if each.kind == "number"}
    if "correlation" in found:
        numbers |= dict(zip(found["correlation"].labels, found["correlation"].values.tolist(), strict=True))
    return numbers


def sample_of(path: Path, name: str) -> Sample:
    return next(each for each in find([path], list(load().values())).samples if each.frame.spec.name == name)


def test_the_barrel_of_run_276582(shared_data: Path) -> None:
    folder = shared_data / "ecal"
    for file in ("missing_supermodule", "hot_tower"):
        sample = sample_of(folder / f"eb_rechit_occ_run276582_{file}_8ls.h5", "EB/rechit")
        found = measured(sample)
        assert found["fano-mean"] == pytest.approx(12.0, abs=0.1)
        assert found["crystals"] == pytest.approx(0.975, abs=0.01)
        assert found["0,1"] == pytest.approx(0.59, abs=0.01)
        assert found["0,2"] == pytest.approx(0.36, abs=0.02)
        assert found["neighbours"] == pytest.approx(0.618, abs=0.01)
        assert sample.dead.sum() == 10


def test_one_more_supermodule_is_empty_than_was_said(shared_data: Path) -> None:
    path = shared_data / "ecal" / "eb_rechit_occ_run276582_missing_supermodule_8ls.h5"
    assert "a supermodule without counts left out 9 times" in sample_of(path, "EB/rechit").notes


def test_normalised_files_hold_whole_counts(shared_data: Path) -> None:
    path = shared_data / "ecal" / "ecal_rechit_occ_time_good_7ls.h5"
    for name, total in (("EB/rechit", 980_000), ("EE+/rechit", 197_000), ("EE-/rechit", 203_000)):
        sample = sample_of(path, name)
        sums = sample.stack.counts.sum((1, 2))
        assert sums.mean() == pytest.approx(total, rel=0.02)
        assert sums.std() / sums.mean() < 0.05


def test_hcal_of_run_306138(shared_data: Path) -> None:
    path = shared_data / "hcal" / "hcal_digi_rechit_occ_run306138_6ls.h5"
    sample = sample_of(path, "HCAL/digi")
    found = measured(sample)
    assert found["chi2-mean, HB"] == pytest.approx(0.998, abs=0.005)
    assert found["common-HB"] == pytest.approx(2.7, abs=0.2)
    assert sample.stack.events is not None
    assert sample.stack.events.tolist() == [1350, 1379, 1366, 1930, 1868, 1911]
