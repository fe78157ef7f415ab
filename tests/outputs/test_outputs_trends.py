"""Axes of lumisections and the profiles on them."""

import numpy as np
import pytest

from caloscope.outputs import ecal, hcal
from caloscope.outputs.trends import Trend


@pytest.mark.parametrize(
    ("last", "bins", "high"),
    [(1, 200, 2000.0), (1999, 200, 2000.0), (2000, 400, 4000.0), (4001, 600, 6000.0)],
)
def test_the_ecal_axis_grows_by_whole_axes_of_the_same_bin_width(last: int, bins: int, high: float) -> None:
    axis = ecal.LAYOUT.axis(last)
    assert (axis.bins, axis.low, axis.high) == (bins, 0.0, high)
    assert axis.index(np.array([float(last)]))[0] < axis.bins


@pytest.mark.parametrize(("last", "bins"), [(1, 4000), (4000, 4000), (4001, 8000)])
def test_the_hcal_axis_has_one_bin_for_each_lumisection(last: int, bins: int) -> None:
    axis = hcal.LAYOUT.axis(last)
    assert (axis.bins, axis.low, axis.high) == (bins, 1.0, bins + 1.0)
    assert axis.index(np.array([1.0, float(last)])).tolist() == [0, last - 1]


def test_a_lumisection_stands_where_cmssw_fills_it() -> None:
    axis = ecal.LAYOUT.axis(30)
    assert axis.index(np.array([1.0, 9.0, 10.0, 19.0, 20.0])).tolist() == [0, 0, 1, 1, 2]


def test_a_profile_sums_what_is_known_and_leaves_out_the_rest() -> None:
    trend = Trend("PU", np.array([1.0, 2.0, 3.0, 11.0]), np.array([40.0, np.nan, 42.0, 50.0]))
    profile = trend.profile(ecal.LAYOUT.axis(11))
    assert profile.entries[:3].tolist() == [2.0, 1.0, 0.0]
    assert profile.sums[:2].tolist() == [82.0, 50.0]
    assert profile.squares[:2].tolist() == [40.0**2 + 42.0**2, 2500.0]
