"""What faults do to counts: whole numbers within limits, the right mean, and nothing anywhere else."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caloscope.faults import Fault, Kind, Mechanism, act, outcome
from tests.faults.making import at_work, maker

PLACES = {"EB": "EB+07", "EE+": "EE+04", "HCAL": "HEP07", "HO": "HO1P", "TOY": "west"}
AMOUNTS: dict[Kind, tuple[float | None, ...]] = {
    "dead": (None,),
    "factor": (0.1, 0.8, 0.95),
    "hot": (1.2, 3.0, 100.0),
    "noisy": (0.01, 0.7, 1.0),
    "stuck": (1.0, 0.3),
    "garbage": (1.0, 0.5),
    "scrambled": (None,),
    "drift": (-0.3, 0.4, -1.0),
    "full-readout": (None,),
}
UNLIMITED: tuple[Kind, ...] = ("dead", "factor", "hot", "scrambled", "drift")


def _plain() -> Iterator[tuple[str, Kind, Mechanism]]:
    """Every kind on every view that can have it."""
    for name, kind in product(PLACES, AMOUNTS):
        if (name != "TOY" or kind in UNLIMITED) and (kind != "full-readout" or name in ("EB", "EE+")):
            yield name, kind, "channels"


ANY = list(_plain())
OF_ECAL: tuple[tuple[Kind, Mechanism], ...] = (
    ("factor", "crystals"),
    ("factor", "readouts"),
    ("dead", "trigger"),
    ("factor", "trigger"),
    ("noisy", "trigger"),
    ("factor", "high-voltage"),
)
SPECIAL = [(name, *pair) for name in ("EB", "EE+") for pair in OF_ECAL]


@pytest.mark.parametrize(("name", "kind", "mechanism"), [*ANY, *SPECIAL])
def test_the_outcome_is_the_mean_of_what_is_drawn(name: str, kind: Kind, mechanism: Mechanism) -> None:
    made, rng = maker(name), np.random.default_rng(7)
    for amount, strength in [(amount, s) for amount in AMOUNTS[kind] for s in (1.0, 0.35)]:
        fault = Fault(made.map, PLACES[name], kind, amount, mechanism=mechanism, seed=3)
        faults = [at_work(fault, made.view, strength)]
        expected = outcome(made.mean, faults, made.view, made.capacity)
        touched = (expected != made.mean) | fault.cells(made.view)
        drawn = []
        for stream in range(40):
            healthy = made.counts(rng)
            found = act(healthy, made.mean, faults, made.view, made.capacity, [1, stream])
            drawn.append(found)
            assert found.max() <= made.capacity
            np.testing.assert_array_equal(found[~touched], healthy[~touched])
        found_mean, error = np.mean(drawn, axis=0), np.std(drawn, axis=0) / np.sqrt(len(drawn))
        # 25 digis that come or do not come in one draw of 40, but for which the spread is none
        least = 0.5 if mechanism == "trigger" else 0.05
        far = (found_mean - expected)[touched]
        assert np.abs(far / np.maximum(error[touched], least)).max() < 6.5
        total = far.sum() / max(1.0, float(np.sqrt((error[touched] ** 2).sum())))
        assert abs(total) < 4.5 or mechanism == "trigger"  # its cells fluctuate together


@settings(max_examples=100, deadline=None)
@given(
    case=st.sampled_from([*ANY, *SPECIAL]),
    position=st.integers(0, 2),
    strength=st.floats(0.001, 1.0),
    days=st.floats(0.0, 1e6),
    seed=st.integers(0, 2**32),
)
def test_counts_stay_counts(
    case: tuple[str, Kind, Mechanism], position: int, strength: float, days: float, seed: int
) -> None:
    name, kind, mechanism = case
    made = maker(name)
    amount = AMOUNTS[kind][position % len(AMOUNTS[kind])]
    fault = Fault(made.map, PLACES[name], kind, amount, mechanism=mechanism, seed=seed)
    faults = [at_work(fault, made.view, strength, days=days)]
    healthy = made.counts(np.random.default_rng(seed))
    before = healthy.copy()
    found = act(healthy, made.mean, faults, made.view, made.capacity, [seed])
    np.testing.assert_array_equal(healthy, before)
    assert found.dtype == np.uint32
    assert found.max() <= made.capacity
    assert not found[~made.view.exists].any()
    np.testing.assert_array_equal(act(healthy, made.mean, faults, made.view, made.capacity, [seed]), found)
    expected = outcome(made.mean, faults, made.view, made.capacity)
    assert np.isfinite(expected).all()
    assert expected.min() >= 0.0
    assert expected.max() <= made.capacity * (1.0 + 1e-12)


@pytest.mark.parametrize("kind", AMOUNTS)
def test_a_lumisection_without_events_stays_empty(kind: Kind) -> None:
    made = maker("EB")
    none = np.zeros(made.view.shape)
    faults = [at_work(Fault(made.map, "EB+07", kind), made.view)]
    assert not act(none.astype(np.uint32), none, faults, made.view, 0.0, [1]).any()
    assert not outcome(none, faults, made.view, 0.0).any()
