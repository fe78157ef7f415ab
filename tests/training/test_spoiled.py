"""Faulty lumisections out of good ones: what is changed, by how much at most, and what is said of it."""

from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.detectors.base import Noise
from caloscope.errors import UsageError
from caloscope.faults.limits import crystals
from caloscope.geometry import View, view
from caloscope.training.spoiled import Spoiled, Spoiler
from caloscope.training.spoiled_places import Places

from ..detectors.plain_view import plain

EVENTS, ROWS = 400, 600
Numbers = NDArray[np.float64]


def good(on: View, share: float, rows: int = ROWS) -> tuple[Numbers, Numbers, Numbers]:
    """Counts, means and events of maps whose cells count in this share of what they can."""
    most = crystals(on)[on.exists] if on.name.startswith("E") else np.ones(int(on.exists.sum()))
    mean = np.tile(share * EVENTS * most, (rows, 1))
    counts = np.random.default_rng(3).poisson(mean).astype(np.float64)
    return np.minimum(counts, EVENTS * most), mean, np.full(rows, float(EVENTS))


def spoil(
    on: View, noise: Noise, share: float = 0.2, *, seed: int = 1, rows: int = ROWS, lumis: int = 1
) -> Spoiled:
    spoiler = Spoiler(on, noise, seed=seed)
    return spoiler.batch(*good(on, share, rows), spoiler.stream(0), lumis=lumis)


@pytest.mark.parametrize(
    ("name", "noise"), [("EE+", "overdispersed"), ("EB", "overdispersed"), ("HO", "binomial")]
)
def test_counts_stay_whole_and_within_what_can_be_counted(name: str, noise: str) -> None:
    on = view(name, "2018")
    counts, _, _ = good(on, 0.2)
    found = spoil(on, cast("Noise", noise))
    most = EVENTS * (crystals(on)[on.exists] if name != "HO" else 1)
    assert found.counts.dtype == counts.dtype
    assert (found.counts == np.rint(found.counts)).all()
    assert (found.counts >= 0).all()
    assert (found.counts <= most).all()
    assert found.counts.max() > 0.9 * EVENTS  # hot cells come near to it


def test_only_faulty_cells_are_changed_and_in_the_direction_that_is_said() -> None:
    on = view("EE+", "2018")
    counts, mean, events = good(on, 0.2)
    before = counts.copy()
    spoiler = Spoiler(on, "overdispersed", seed=1)
    found = spoiler.batch(counts, mean, events, spoiler.stream(0))
    np.testing.assert_array_equal(counts, before)
    assert not (found.low & found.high).any()
    healthy = ~(found.low | found.high)
    # where two faults cancel a cell may be healthy and drawn again
    assert (found.counts[healthy] != counts[healthy]).mean() < 0.01
    assert (found.counts[found.low] <= counts[found.low]).mean() > 0.95
    assert (found.counts[found.high] >= counts[found.high]).mean() > 0.95
    assert found.counts[found.low].mean() < 0.6 * counts[found.low].mean()
    assert (found.counts[found.low] == 0).any()


def test_about_half_is_good_and_the_kind_says_which_side() -> None:
    found = spoil(view("EE+", "2018"), "overdispersed", rows=2_000)
    faulty = found.low.any(axis=1) | found.high.any(axis=1)
    np.testing.assert_array_equal(faulty, found.kind > 0)
    assert 0.45 < faulty.mean() < 0.55
    assert found.low[found.kind == 1].any(axis=1).all()
    assert found.high[found.kind == 2].any(axis=1).all()
    assert min((found.kind == 1).mean(), (found.kind == 2).mean()) > 0.1


def test_faults_are_of_cells_regions_patches_and_whole_maps() -> None:
    on = view("EE+", "2018")
    faulty = (found := spoil(on, "overdispersed", rows=2_000)).low | found.high
    size = faulty.sum(axis=1)
    assert (size == 1).any()
    assert (size == on.exists.sum()).any()
    for region in on.regions:
        assert (faulty == region.members[on.exists]).all(axis=1).any(), region.name


def test_a_share_of_faulty_lumisections_can_be_asked_for() -> None:
    on = view("EE+", "2018")
    for share in (0.0, 1.0):
        spoiler = Spoiler(on, "overdispersed", seed=1, share=share)
        found = spoiler.batch(*good(on, 0.2), spoiler.stream(0))
        assert (found.kind > 0).mean() == pytest.approx(share, abs=0.02)
    with pytest.raises(UsageError, match="expected 0 to 1"):
        Spoiler(on, "overdispersed", seed=1, share=1.5)


def test_the_same_generator_gives_the_same() -> None:
    on = view("EE+", "2018")
    one, same, other = (spoil(on, "overdispersed", seed=seed) for seed in (1, 1, 2))
    for name in ("counts", "low", "high", "kind"):
        np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
    assert (one.counts != other.counts).any()


def test_a_sequence_has_the_same_faults_in_all_lumisections() -> None:
    found = spoil(view("EE+", "2018"), "overdispersed", lumis=6)
    sequences = found.low.reshape(-1, 6, found.low.shape[1])
    assert (sequences == sequences[:, :1]).all()
    assert (found.kind.reshape(-1, 6) == found.kind[::6, np.newaxis]).all()
    assert len(np.unique(found.counts[found.low])) > 10
    with pytest.raises(UsageError, match="sequences of 7"):
        spoil(view("EE+", "2018"), "overdispersed", lumis=7)


def test_channels_that_always_count_cannot_be_hot_and_dead_ones_stay_dead() -> None:
    on = plain((6, 8))
    always = spoil(on, "binomial", share=1.0)
    assert not always.high.any()
    assert always.low.any()
    never = spoil(on, "binomial", share=0.0)
    assert not never.counts.any()
    assert not never.kind.any()


def test_without_a_limit_cells_are_hot_but_not_noisy() -> None:
    on = plain((6, 8))
    for events in (EVENTS, 0):
        counts, mean, _ = good(on, 0.5)
        spoiler = Spoiler(on, "overdispersed", seed=1)
        found = spoiler.batch(counts, mean, np.full(ROWS, events), spoiler.stream(0))
        assert (found.counts[found.high] / mean[found.high]).max() > 4.0


def test_patches_go_round_circular_axes_only() -> None:
    rng = np.random.default_rng(1)
    for circular in (False, True):
        places = Places(plain((8, 20), circular=circular))
        patches = [mask.reshape(8, 20) for mask in places.draw(3_000, rng)]
        columns = [mask.any(axis=0) for mask in patches if 1 < mask.sum() < 60]
        assert len(columns) > 100
        assert any(each[0] and each[-1] and not each[10] for each in columns) is circular
        assert not any(mask[0].any() and mask[-1].any() and not mask[4].any() for mask in patches)


def test_every_fault_has_a_cell_also_where_there_are_depths() -> None:
    on = view("HCAL", "2018")
    found = Places(on).draw(300, np.random.default_rng(1))
    assert found.shape == (300, int(on.exists.sum()))
    assert found.any(axis=1).all()
    depth = np.nonzero(on.exists)[0]
    assert {1, len(on.depths)} <= {len(np.unique(depth[mask])) for mask in found}


def test_arrays_that_do_not_fit_are_refused() -> None:
    on = view("EE+", "2018")
    counts, mean, events = good(on, 0.2)
    spoiler = Spoiler(on, "overdispersed", seed=1)
    for wrong in ((counts[:, :-1], mean, events), (counts, mean[:-1], events), (counts, mean, events[:-1])):
        with pytest.raises(UsageError, match="expected"):
            spoiler.batch(*wrong, spoiler.stream(0))
