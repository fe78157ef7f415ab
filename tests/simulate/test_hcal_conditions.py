"""Simulated HCAL in changing conditions: the common mode, pileup, data sets, other beams and none."""

from dataclasses import replace

import numpy as np
import pytest

from caloscope.geometry.eras import ERAS, Era
from caloscope.geometry.hcal_layout import Subdetector, subdetectors
from caloscope.simulate.conditions import Conditions
from caloscope.simulate.hcal.modes import common
from caloscope.simulate.stability import DEFAULT

from .hcal_measuring import HB, HE, lumi, made


def test_a_subdetector_moves_as_a_whole() -> None:
    ats = [lumi(number) for number in range(1, 6001)]
    hb, he, ho = np.stack([common(at) for at in ats]).T - 1.0
    assert np.std(hb) == pytest.approx(0.0048, rel=0.06)
    assert np.std(he) == pytest.approx(0.0060, rel=0.06)
    assert not ho.any()
    for series in (hb, he):
        assert np.corrcoef(series[:-1], series[1:])[0, 1] == pytest.approx(0.5, abs=0.06)
    assert np.corrcoef(hb, he)[0, 1] == pytest.approx(0.8, abs=0.04)


def test_the_common_mode_is_a_third_of_a_percent_of_all_counts() -> None:
    detector = made()
    means = np.stack([detector.expected(lumi(number)) for number in range(1, 301)])
    for cells in (HB, HE):
        level = means[:, cells].mean(axis=1)
        assert 0.0026 < np.std(level) / np.mean(level) < 0.0038


def test_the_common_mode_of_a_lumisection_does_not_depend_on_what_was_asked_before() -> None:
    late = common(lumi(5000))
    assert np.array_equal(late, common(lumi(5000)))
    early = [common(lumi(number)) for number in (3, 1, 2)]
    assert np.array_equal(early[1], common(lumi(1)))
    assert not np.array_equal(common(lumi(1)), common(replace(lumi(1), seed=2)))
    assert not np.array_equal(common(lumi(1)), common(replace(lumi(1), run=1)))


def test_less_pileup_makes_fewer_counts() -> None:
    detector = made()
    decaying = [50.0 * np.exp(-number / 1500.0) for number in range(1, 1000, 10)]
    start = detector.expected(lumi())
    over = np.mean([detector.expected(lumi(pileup=pileup)) for pileup in decaying], axis=0)
    assert over[HB].sum() / start[HB].sum() == pytest.approx(0.907, abs=0.01)
    assert over[HE].sum() / start[HE].sum() == pytest.approx(0.847, abs=0.012)
    outer = made("HO/digi")
    fewer = np.sum([outer.expected(lumi(pileup=pileup)) for pileup in decaying]) / 100
    assert 0.93 < fewer / outer.expected(lumi()).sum() < 0.98


@pytest.mark.parametrize("era", ERAS)
def test_hf_counts_in_every_event_whatever_happens(era: Era) -> None:
    detector = made(era=era, stability=DEFAULT)
    hf = subdetectors(era) == Subdetector.HF
    for at in (
        lumi(events=333),
        lumi(2, 0),
        replace(lumi(3, 100), pileup=0.0),
        Conditions(1, 4, 100, 0.0, None, beam="none"),
        Conditions(1, 5, 100, 0.01, None, beam="ions", activity=0.3),
    ):
        counts = detector.draw(at)
        assert (counts[hf] == at.events).all()
        assert (counts <= at.events).all()
        assert (detector.expected(at)[hf] == at.events).all()


def test_datasets_and_beams_differ() -> None:
    for name in ("HCAL/digi", "HO/digi"):
        detector = made(name)
        alive = (detector.rate > 0.0) & (detector.rate < 1.0)
        at = lumi(dataset="ZeroBias")
        zero_bias, jets = detector.expected(at)[alive], detector.expected(lumi())[alive]
        assert (zero_bias < jets).all()
        assert 0.9 < zero_bias.sum() / jets.sum() < 0.97
        cosmics = detector.expected(replace(at, beam="none", pileup=0.0, measured=None))[alive]
        assert (cosmics <= zero_bias * 1.05).all()
        assert 0.005 < np.median(cosmics) / at.events < 0.02
        dark = detector.expected(replace(at, pileup=0.0))[alive]
        assert np.allclose(dark, cosmics)
        ions = replace(at, beam="ions", pileup=0.001)
        assert (detector.expected(ions)[alive] > zero_bias).all()
        busier = replace(ions, activity=2.0)
        assert (detector.expected(busier)[alive] > detector.expected(ions)[alive]).all()


def test_the_rate_is_that_of_zero_bias_at_pileup_50() -> None:
    detector = made("HO/digi")
    at = lumi(dataset="ZeroBias", events=1000)
    assert np.allclose(detector.expected(at) / 1000, detector.rate)
    inner = made()
    levels = [inner.expected(replace(at, lumi=number)).sum() for number in range(1, 200)]
    assert np.mean(levels) == pytest.approx(1000 * inner.rate.sum(), rel=0.001)
