"""The pattern of simulated HCAL: levels by depth and ring, spreads, dead channels, geometry of each era."""

import numpy as np
import pytest

from caloscope.errors import UsageError
from caloscope.geometry import view
from caloscope.geometry.eras import ERAS, Era
from caloscope.geometry.hcal_layout import IETA, Subdetector, ieta_bin, phase0, subdetectors
from caloscope.simulate.hcal.detector import hcal
from caloscope.simulate.hcal.pattern import DEAD, HO_DEAD, hazards, outer
from caloscope.simulate.makers import healthy
from caloscope.simulate.stability import DEFAULT, STEADY

from .hcal_measuring import HB, HE, ON, SPECS, Array, depth_of, lumi, made, ring_of

SEEDS = (1, 2, 3, 4)


def p_of(era: Era, seed: int) -> Array:
    return np.asarray(-np.expm1(-hazards(era, seed)))


# Mean and rms of p over iphi, measured on run 306138.
@pytest.mark.parametrize(
    ("cells", "depth", "ring", "mean", "rms"),
    [
        (HB, 1, 1, 0.363, 0.141),
        (HB, 1, 8, 0.359, 0.150),
        (HB, 1, 13, 0.491, 0.147),
        (HB, 1, 15, 0.655, 0.130),
        (HB, 2, 15, 0.239, 0.147),
        (HB, 2, 16, 0.547, 0.144),
        (HE, 1, 17, 0.128, 0.043),
        (HE, 1, 20, 0.283, 0.073),
        (HE, 1, 24, 0.807, 0.096),
        (HE, 1, 29, 0.767, 0.167),
        (HE, 2, 19, 0.091, 0.052),
        (HE, 2, 26, 0.569, 0.103),
        (HE, 3, 16, 0.039, 0.026),
        (HE, 3, 27, 0.639, 0.111),
    ],
)
def test_levels_and_spreads_are_the_measured_ones(
    cells: np.ndarray, depth: int, ring: int, mean: float, rms: float
) -> None:
    drawn = [p_of("2017", seed)[cells & (depth_of == depth) & (ring_of == ring)] for seed in SEEDS]
    alive = np.concatenate([found[found > 0.0] for found in drawn])
    # readout modules make channels of HE a bit alike
    error = 1.3 * rms * np.sqrt(1 / len(alive) + 1 / len(drawn[0]))
    assert alive.mean() == pytest.approx(mean, abs=4 * error)
    assert alive.std() == pytest.approx(rms, rel=0.3)


def test_the_whole_of_hb_and_he_is_as_measured() -> None:
    p = np.mean([p_of("2017", seed) for seed in SEEDS], axis=0)
    he = subdetectors("2017") == Subdetector.HE
    assert p[HB & (depth_of == 1)].mean() == pytest.approx(0.399, abs=0.01)
    assert p[HB & (depth_of == 2)].mean() == pytest.approx(0.393, abs=0.03)
    assert p[he & (depth_of == 1)].mean() == pytest.approx(0.518, abs=0.015)
    assert p[he & (depth_of == 2)].mean() == pytest.approx(0.247, abs=0.015)


def standardized(p: Array) -> Array:
    """Depth 1 of HB: deviations from the ring's mean in units of its rms."""
    found = np.where(HB[0] & (p[0] > 0.0), p[0], np.nan)[:, 26:58]
    return np.asarray((found - np.nanmean(found, axis=0)) / np.nanstd(found, axis=0))


def test_photodiodes_are_spread_as_measured_and_hardly_alike() -> None:
    pattern = np.stack([standardized(p_of("2017", seed)) for seed in SEEDS])
    quantiles = np.nanquantile(pattern, [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])
    assert np.allclose(quantiles, [-1.61, -1.36, -0.84, -0.14, 0.81, 1.69, 2.13], atol=0.15)
    assert abs(np.nanmean(pattern * np.roll(pattern, 1, axis=1))) < 0.06
    assert -0.02 < np.nanmean(pattern[..., 1:] * pattern[..., :-1]) < 0.12


def test_what_replaced_photodiodes_is_uniform() -> None:
    parts: tuple[tuple[Era, Subdetector], ...]
    parts = (("2018", Subdetector.HE), ("2019+", Subdetector.HE), ("2019+", Subdetector.HB))
    for era, part in parts:
        found, which = hazards(era, 1), subdetectors(era) == part
        for depth in (1, 2, 3, 4):
            cells = which & (depth_of == depth) & (ring_of == (22 if part is Subdetector.HE else 7))
            assert 0.05 < np.log(found[cells]).std() < 0.15


def test_hb_keeps_its_photodiodes_until_2018() -> None:
    alive = HB & (depth_of == 1) & (p_of("2017", 1) > 0.0) & (p_of("2018", 1) > 0.0)
    before, after, first = (p_of(era, 1)[alive] for era in ("2017", "2018", "2016"))
    assert np.corrcoef(before, after)[0, 1] == pytest.approx(0.997, abs=0.001)
    assert after.mean() / before.mean() == pytest.approx(0.415 / 0.399, abs=0.005)
    assert np.corrcoef(before, first)[0, 1] > 0.996
    hep17 = phase0("2016") & ~phase0("2017")
    kept = HE & ~hep17
    assert np.array_equal(hazards("2016", 1)[kept], hazards("2017", 1)[kept])
    assert abs(np.corrcoef(before, p_of("2017", 2)[alive])[0, 1]) < 0.4  # rings alone


@pytest.mark.parametrize("era", ERAS)
def test_only_what_exists_counts_and_all_but_the_dead_does(era: Era) -> None:
    detector = made(era=era, stability=DEFAULT)
    counts = sum(detector.draw(lumi(number, 2000)).astype(np.int64) for number in (1, 2, 3))
    alive = detector.rate > 0.0
    assert np.array_equal(counts > 0, alive)
    assert not alive[~detector.view.exists].any()
    dead = {(depth, ieta, iphi) for channels in DEAD[era] for depth, ieta, iphi in channels}
    assert np.count_nonzero(detector.view.exists & ~alive) == len(dead)


def test_the_dead_of_2017_are_those_of_run_306138() -> None:
    rate = made().rate
    for subdetector, channels in zip((Subdetector.HB, Subdetector.HE), DEAD["2017"], strict=True):
        for depth, ieta, iphi in channels:
            cell = (depth - 1, iphi - 1, ieta_bin(subdetector, ieta))
            assert ON.exists[cell]
            assert rate[cell] == 0.0
    assert np.count_nonzero(ON.exists & (rate == 0.0)) == 13
    assert made(era="2018").rate[0, 63, ieta_bin(Subdetector.HB, 8)] > 0.0


def test_the_outer_channels_have_three_bands() -> None:
    p, ring = -np.expm1(-outer(1)), np.abs(IETA)
    assert np.count_nonzero(p) == 2145
    assert sum(last - first + 1 for _, first, last in HO_DEAD) == 15
    for first, last, mean, rms in ((1, 4, 0.125, 0.014), (5, 10, 0.31, 0.028), (11, 15, 0.505, 0.031)):
        found = p[:, (ring >= first) & (ring <= last)]
        found = found[found > 0.0]
        assert found.mean() == pytest.approx(mean, abs=0.005)
        assert found.std() == pytest.approx(rms, rel=0.15)
    assert np.array_equal(made("HO/digi", "2016").rate, made("HO/digi", "2019+").rate)


def test_a_pattern_of_ones_own() -> None:
    pattern = np.where(ON.exists, 0.3, np.nan)
    pattern[0, 5, 45] = 0.0
    pattern[0, 6, 45] = 1.7
    hf = subdetectors("2017") == Subdetector.HF
    pattern[0, 0, 0:13][hf[0, 0, 0:13]] = 0.0
    detector = hcal(SPECS["HCAL/digi"], ON, 1, STEADY, pattern)
    assert detector.rate[0, 5, 45] == 0.0
    assert detector.rate[0, 6, 45] == pytest.approx(1.0, abs=1e-4)
    assert detector.rate[0, 20, 40] == pytest.approx(0.3)
    counts = detector.draw(lumi(1, 700))
    assert counts[0, 5, 45] == 0
    assert not counts[0, 0, 0:13].any()
    assert (counts[1][hf[1]] == 700).all()
    assert not counts[~ON.exists].any()
    with pytest.raises(UsageError, match="found a pattern of shape"):
        healthy(SPECS["HCAL/digi"], ON, 1, pattern=pattern[0])


def test_maps_of_one_detector_share_it() -> None:
    digis, hits = made(), made("HCAL/rechit")
    kept = hits.rate > 0.0
    assert np.array_equal(digis.rate[kept], hits.rate[kept])
    assert view("HCAL", "2017") is digis.view
    assert digis.noise == "binomial"
    with pytest.raises(ValueError, match="read-only"):
        digis.rate[0, 0, 0] = 1.0
