"""The blocks of towers that ECAL's selective readout takes."""

import numpy as np
import pytest

from caloscope.geometry import view
from caloscope.geometry.readout import CRYSTALS, footprints, full_readout_share, lost_with_seeds

ECAL = ("EB", "EE-", "EE+")


@pytest.mark.parametrize("name", ECAL)
def test_shares_are_of_all_digis_and_blocks_hold_whole_crystals(name: str) -> None:
    found = footprints(name)
    assert sum(each.share for each in found) == pytest.approx(1.0)
    for each in found:
        assert each.crystals.shape[0] == each.crystals.shape[1]
        assert each.crystals.shape[0] % 2 == 1
        assert each.crystals.max() <= CRYSTALS
        assert each.crystals.sum() == each.which.sum() == each.size
        assert not each.which.flags.writeable


def test_barrel_blocks_are_squares_of_towers() -> None:
    for each, towers in zip(footprints("EB"), (1, 3, 5, 7), strict=True):
        np.testing.assert_array_equal(each.crystals, np.full((towers, towers), CRYSTALS))


def test_endcap_blocks_lie_across_the_supercrystals_and_inside_their_square() -> None:
    for each in footprints("EE+")[1:]:
        assert np.count_nonzero(each.crystals % CRYSTALS) > 0
        assert 180 <= each.size <= 210
        edge = np.concatenate([each.which[0], each.which[-1], each.which[:, 0], each.which[:, -1]])
        assert not edge.any()


@pytest.mark.parametrize("name", ["HCAL", "HO"])
def test_other_views_have_no_blocks(name: str) -> None:
    on = view(name, "2018")
    assert footprints(name) == ()
    assert not full_readout_share(on).any()
    assert not lost_with_seeds(on, on.exists).any()


@pytest.mark.parametrize("name", ECAL)
def test_all_blocks_are_lost_with_all_seeds(name: str) -> None:
    on = view(name, "2018")
    share = full_readout_share(on)
    assert (share[on.exists] > 0.0).all()
    assert not share[~on.exists].any()
    np.testing.assert_allclose(lost_with_seeds(on, on.exists), share)
    assert not lost_with_seeds(on, np.zeros(on.shape, np.bool_)).any()


def test_neighbours_of_a_dead_seed_lose_about_a_twentieth_across_the_seam_too() -> None:
    on = view("EB", "2018")
    seeds = np.zeros(on.shape, np.bool_)
    seeds[17, 0] = True
    lost = lost_with_seeds(on, seeds)
    for cell in ((17, 71), (17, 1), (16, 0), (18, 71)):
        assert 0.03 < lost[cell] < 0.07
    assert lost[17, 68] == lost[17, 4] == lost[13, 0] == 0.0
    assert lost[17, 69] == pytest.approx(lost[17, 3])
    assert lost[17, 69] > 0.0


def test_seeds_outside_the_detector_cost_nothing() -> None:
    on = view("EE+", "2018")
    assert not lost_with_seeds(on, ~on.exists).any()


def test_what_seeds_take_apart_they_take_together() -> None:
    on = view("EE-", "2018")
    one, other = np.zeros(on.shape, np.bool_), np.zeros(on.shape, np.bool_)
    one[4, 10], other[5, 10] = True, True
    both = lost_with_seeds(on, one) + lost_with_seeds(on, other)
    np.testing.assert_allclose(lost_with_seeds(on, one | other), both, atol=1e-12)
