"""Small calorimeters, and whatever a source may tell: nothing breaks, nothing untestable is flagged."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from caloscope.config.catalogue import load
from caloscope.detectors.base import Array, Expectation
from caloscope.evidence import Evidence, EvidenceState, Told, layout_of, weigh
from caloscope.geometry import View, view
from caloscope.records import LumiId, Mask

from .watching import THRESHOLDS, covariance_of, known

TEXT = """
name = "TINY"

[views.BOX]
depths = [1, 2]
[views.BOX.y]
name = "iy"
low = 0.5
high = 9.5
bins = 9
[views.BOX.x]
name = "ix"
low = 0.5
high = 12.5
bins = 12
circular = true
[[views.BOX.regions]]
name = "BOX card"
kind = "card"
boxes = [{ iy = "5..8", ix = "5..8", depth = 1 }]

[views.DOT]
[views.DOT.y]
name = "iy"
low = 0.5
high = 1.5
bins = 1
[views.DOT.x]
name = "ix"
low = 0.5
high = 1.5
bins = 1

[producers.Tiny]
folders = ["Tiny"]
events = ["Tiny/NumberOfEvents"]

[maps."BOX/hits"]
producer = "Tiny"
noise = "binomial"
scope = "per_lumi"
histograms = ["Tiny/Box/depth{depth}"]

[maps."DOT/hits"]
producer = "Tiny"
noise = "overdispersed"
scope = "per_lumi"
histograms = ["Tiny/Dot/hits"]
"""


def custom(name: str) -> View:
    return view(load(TEXT)[f"{name}/hits"].view, "any", TEXT)


def expectation(
    on: View, mean: float | Array, *, trials: float = 0.0, dispersion: float = 0.0, together: bool = False
) -> Expectation:
    """The same in all cells, or as given; neighbours along x are alike."""
    covariance = None
    if together:
        n = int(on.exists.sum())
        step = 0.3 * (np.eye(n, k=1) + np.eye(n, k=-1))
        covariance = covariance_of(sparse.csr_array(np.linalg.inv(np.eye(n) + step)))
    return Expectation(
        noise="binomial" if trials else "overdispersed",
        mean=np.where(on.exists, mean, 0.0),
        dispersion=np.full(on.shape, dispersion or (1e-4 if trials else 8.0)),
        testable=on.exists,
        relative_error=np.full(on.shape, 0.01),
        trials=trials,
        covariance=covariance,
    )


def after(on: View, expected: Expectation, counts: list[Array], masked: Mask | None = None) -> list[Evidence]:
    """Evidence of lumisections, one by one."""
    state, found = EvidenceState.empty(on), []
    barred = np.zeros(on.shape, np.bool_) if masked is None else masked
    for lumi, each in enumerate(counts, start=1):
        evidence, state = weigh(
            state, Told(LumiId(1, lumi), each, expected, barred), layout_of(on), THRESHOLDS
        )
        assert np.isfinite(evidence.value).all()
        assert all(np.isfinite(array).all() for array in state.arrays().values())
        assert not evidence.flagged[~on.exists].any()
        found.append(evidence)
    return found


@pytest.mark.parametrize("trials", [0.0, 500.0])
@pytest.mark.parametrize("together", [False, True])
def test_cells_are_tested_with_and_without_neighbours(trials: float, together: bool) -> None:
    on = custom("BOX")
    rng = np.random.default_rng(4)
    expected = expectation(on, 200.0, trials=trials, together=together)
    shape = (20, *on.shape)
    numbers = rng.binomial(500, 0.4, shape) if trials else rng.negative_binomial(200 / 7, 1 / 8, shape)
    counts = list(numbers.astype(np.float64))
    for each in counts[10:]:
        each[1, 4, 4] = 0.0
    found = after(on, expected, counts)
    flags = np.array([each.flagged for each in found])
    assert flags[10:, 1, 4, 4].all()
    flags[:, 1, 4, 4] = False
    assert not flags.any()
    classes = {"cell", "region", "patch", "map"} if together else {"cell"}
    assert {name.rsplit("_", 1)[0] for name in found[-1].peaks} == classes


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("trials", [0.0, 500.0])
def test_nothing_that_can_be_told_breaks_it(trials: float, together: bool) -> None:
    on = custom("BOX")
    usual = expectation(on, 200.0, trials=trials, together=together)
    zero, huge = np.zeros(on.shape), np.full(on.shape, 4.3e9)
    mixed = np.where(np.arange(on.exists.size).reshape(on.shape) % 2, 0.0, 4.3e9)
    nobody = replace(usual, testable=np.zeros(on.shape, np.bool_))
    counts = [zero, zero, huge, mixed, zero, np.full(on.shape, 200.0)]
    assert after(on, usual, counts)[0].flagged.all()
    assert not any(each.flagged.any() or each.value.any() for each in after(on, nobody, counts))
    assert after(on, usual, counts, masked=on.exists)[1].flagged.all()
    for mean in (1e-6, 1e-3, 0.3, 1e6):
        after(on, replace(usual, mean=np.full(on.shape, mean)), counts)
    after(on, replace(usual, mean=zero), counts)
    after(on, replace(usual, dispersion=zero), counts)
    after(on, replace(usual, dispersion=np.full(on.shape, 0.9 if trials else 1e4)), counts)
    after(on, replace(usual, relative_error=zero), counts)
    after(on, replace(usual, relative_error=np.full(on.shape, 10.0)), counts)
    if trials:
        for other in (0.0, 1.0, 200.0):
            after(on, replace(usual, trials=other), counts)


def test_a_map_of_one_cell() -> None:
    on = custom("DOT")
    for together in (False, True):
        expected = expectation(on, 200.0, together=together)
        found = after(on, expected, [np.full((1, 1), 200.0)] * 5 + [np.zeros((1, 1))] * 3)
        assert [bool(each.flagged[0, 0]) for each in found] == [False] * 5 + [True] * 3


def test_a_channel_that_always_counts_is_found_at_half_and_not_for_one_lost_digi() -> None:
    on = custom("BOX")
    expected = expectation(on, 499.99, trials=500.0, together=True)
    counts = [np.full(on.shape, 500.0) for _ in range(30)]
    for lumi, each in enumerate(counts):
        each[0, 2, 2] -= 1.0 if lumi % 5 == 0 else 0.0
        each[1, 3, 3] = 250.0 if lumi >= 20 else 500.0
    flags = np.array([each.flagged for each in after(on, expected, counts)])
    assert flags[20:, 1, 3, 3].all()
    assert flags.sum() == 10


def test_the_places_of_a_view() -> None:
    for on in (known("EE+").view, custom("BOX"), custom("DOT")):
        layout = layout_of(on)
        assert layout is layout_of(on)
        assert layout.cells == on.exists.sum()
        values = np.arange(layout.cells, dtype=np.float32)
        np.testing.assert_array_equal(layout.of_cells(layout.on_view(values)), values)
        assert not layout.on_view(values + 1)[~on.exists].any()
        np.testing.assert_array_equal(layout.total(np.ones(layout.cells, np.float32)), layout.sizes)
        assert (layout.sizes >= 4).all()
    assert layout_of(custom("BOX")).regions == 1
