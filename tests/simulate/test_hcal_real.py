"""Simulated HCAL against six real lumisections (run 306138), measured in the same way."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.geometry import view
from caloscope.readers import read
from caloscope.simulate.stability import DEFAULT

from .hcal_measuring import (
    HB,
    HE,
    ON,
    SPECS,
    Array,
    correlation,
    depth_of,
    drawn,
    lumi,
    made,
    residuals,
    ring_of,
    sums,
)

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def real(shared_data: Path) -> dict[str, Array]:
    source = shared_data / "hcal" / "hcal_digi_rechit_occ_run306138_6ls.h5"
    names = ("HCAL/digi", "HCAL/rechit", "HO/digi")
    lumis = list(read(source, [SPECS[name] for name in names], label="JetHT", views=view))
    return {name: np.stack([one.maps[name].counts for one in lumis]).astype(np.float64) for name in names}


@pytest.fixture(scope="module")
def events(real: dict[str, Array]) -> NDArray[np.int64]:
    return np.asarray(real["HCAL/digi"].max(axis=(1, 2, 3)), np.int64)


@pytest.fixture(scope="module")
def simulated(events: NDArray[np.int64]) -> Array:
    """The same number of events each, forty times over; shape (40, lumisections, *view's)."""
    detector = made(stability=DEFAULT)
    return np.stack([drawn(detector, events.tolist(), first=1 + 50 * again) for again in range(40)])


def test_levels_by_depth_and_ring(real: dict[str, Array], events: NDArray[np.int64]) -> None:
    p = real["HCAL/digi"].sum(axis=0) / events.sum()
    mine = made().expected(lumi(events=1000)) / 1000
    for cells in (HB, HE, ON.exists & ~HB & ~HE):
        for depth in range(1, 8):
            for ring in range(1, 42):
                here = cells & (depth_of == depth) & (ring_of == ring) & (p > 0.0)
                if not here.any():
                    continue
                error = 1.3 * max(p[here].std(), 0.06) * np.sqrt(2 / np.count_nonzero(here))
                assert mine[here].mean() == pytest.approx(p[here].mean(), abs=4.0 * error)


def test_the_same_channels_are_dead(real: dict[str, Array]) -> None:
    assert np.array_equal(real["HCAL/digi"].sum(axis=0)[ON.exists] > 0, made().rate[ON.exists] > 0)
    outer = made("HO/digi")
    on = outer.view.exists
    assert np.array_equal(real["HO/digi"].sum(axis=0)[on] > 0, outer.rate[on] > 0)


def test_rec_hits(real: dict[str, Array]) -> None:
    assert np.array_equal(
        real["HCAL/rechit"].sum(axis=0)[ON.exists] > 0, made("HCAL/rechit").rate[ON.exists] > 0
    )


def test_outer_channels(real: dict[str, Array], events: NDArray[np.int64]) -> None:
    outer = made("HO/digi")
    p, mine = real["HO/digi"].sum(axis=0) / events.sum(), outer.expected(lumi(events=1000)) / 1000
    for ring in range(1, 16):
        here = outer.view.exists & (ring_of[0] == ring) & (p > 0.0)
        assert mine[here].mean() == pytest.approx(p[here].mean(), abs=0.016)
        assert mine[here].std() == pytest.approx(p[here].std(), rel=0.4)


def measured(counts: Array, events: NDArray[np.int64], name: str) -> NDArray[np.float64]:
    cells = {"HB": HB, "HE": HE}[name]
    z, p = residuals(counts, events, cells), counts.sum(axis=0) / events.sum()
    near = [
        correlation(z, *far) for far in ((1, 0), (2, 0), (0, 1), (0, 2), (1, 1), (2, 2), (0, 0, 1), (24, 0))
    ]
    boxes = [sums(z, p, ON, kind, name).mean() * 6 / 5 for kind in ("rm", "rbx")]
    return np.array([np.nanmean(np.square(z)), *near, *[box * 5 / 6 for box in boxes]])


@pytest.mark.parametrize("name", ["HB", "HE"])
def test_fluctuations(real: dict[str, Array], simulated: Array, events: NDArray[np.int64], name: str) -> None:
    """Chi2 per channel, correlations at eight distances, sums over modules and boxes."""
    found = measured(real["HCAL/digi"], events, name)
    again = np.stack([measured(one, events, name) for one in simulated])
    pulls = (found - again.mean(axis=0)) / again.std(axis=0, ddof=1)
    # Forty simulations know their mean to a sixth of the spread, and the spread to a tenth.
    assert np.abs(pulls).max() < 4.0
    assert np.sqrt(np.mean(np.square(pulls))) < 1.6
    assert again[:, 0].mean() == pytest.approx(1.0, abs=0.02)


def test_hf_and_the_common_mode(real: dict[str, Array], events: NDArray[np.int64]) -> None:
    digis = real["HCAL/digi"]
    certain = made().rate == 1.0
    assert (digis[:, certain] == events[:, None]).all()
    for cells in (HB, HE):
        level = digis[:, cells].sum(axis=1) / events
        assert 0.0015 < level.std(ddof=1) / level.mean() < 0.007
