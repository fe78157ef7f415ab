"""The oracle knows what a simulation drew from, and no bundle keeps it."""

from dataclasses import replace

import numpy as np
import pytest

from caloscope.detectors import DETECTORS
from caloscope.detectors.base import Detector, Expectation, NotKnown, Observation
from caloscope.detectors.oracle import Oracle
from caloscope.errors import BundleError
from caloscope.records import MapRecord, Reason
from caloscope.simulate import Fill, conditions

from .looking import answer_of, badness, detector_of, expectation, victims


def barrel() -> tuple[Oracle, list[Observation]]:
    """The oracle of a simulated fill of the barrel, and the fill."""
    made = detector_of("EB/digi")
    known = {at.id: at for at in conditions(Fill(5, 20, 1, 500))}
    some = next(iter(known.values()))
    fano = np.ones(made.view.shape)
    fano[made.view.exists] = np.diag(made.covariance(some)) / np.maximum(
        made.expected(some)[made.view.exists], 1e-9
    )
    alive = made.rate > 0

    def truth(shown: Observation) -> Expectation:
        mean = made.expected(known[shown.id])
        return Expectation("overdispersed", mean, np.maximum(fano, 1.0), alive, np.zeros(mean.shape))

    records = {each: MapRecord(made.draw(at), at.events, at.measured) for each, at in known.items()}
    shown = [
        Observation(each, record.counts.astype(np.float64), record.events, record.pileup)
        for each, record in records.items()
    ]
    return Oracle(truth, alive, min_events=30), shown


def test_healthy_counts_are_as_it_expects() -> None:
    oracle, shown = barrel()
    assert isinstance(oracle, Detector)
    found = np.array([badness(answer_of(oracle, each), each.counts)[oracle.alive] for each in shown])
    assert abs(found.mean()) < 0.1, "towers fluctuate together"
    assert found.std() == pytest.approx(1.0, abs=0.06)


def test_it_expects_the_same_whatever_is_seen() -> None:
    oracle, shown = barrel()
    dead, _ = victims("EB/digi")
    spoilt = shown[3].counts.copy()
    spoilt[dead] = 0.0
    expected = expectation(oracle, shown[3]).mean
    for odd in (replace(shown[3], counts=spoilt), replace(shown[3], events=None)):
        np.testing.assert_array_equal(expectation(oracle, odd).mean, expected)


def test_too_few_events_are_too_few_for_it_as_well() -> None:
    oracle, shown = barrel()
    for events, reason in ((5, Reason.FEW_EVENTS), (0, Reason.NO_EVENTS)):
        answer = answer_of(oracle, replace(shown[0], events=events))
        assert isinstance(answer, NotKnown)
        assert answer.reason is reason


def test_no_bundle_keeps_it() -> None:
    oracle, _ = barrel()
    assert oracle.name not in DETECTORS
    with pytest.raises(BundleError, match="no bundle holds the truth"):
        Oracle.restore(oracle.settings(), oracle.arrays(), None)
