"""Classifiers of whole maps: what they see, what numpy makes of it, and what they say."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from caloscope.detectors import learned
from caloscope.detectors.base import NotKnown, Observation, Score
from caloscope.detectors.layers import Layer, forward
from caloscope.detectors.notebook import SHIFT, Classifier, Input, Logistic, Mlp, features, log_odds, score_of
from caloscope.errors import BundleError
from caloscope.records import Reason

from . import classifying
from .looking import EVENTS, observe, poisson

SHAPE = (5, 6)


def mean() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    found = np.full(SHAPE, 400.0)
    found[0, 0], found[4, 5] = 0.0, 800.0
    return found


def good(seed: int = 1) -> list[Observation]:
    """Pileup changes nothing, which is learned: so the map is not its own measure of activity."""
    return [replace(each, pileup=40.0 + each.id.lumi) for each in poisson(mean(), 20, seed)]


def score(detector: Classifier, shown: Observation) -> Score:
    answer, memory = detector.look(shown, {})
    assert not memory
    assert isinstance(answer, Score), answer
    return answer


def test_features_are_ratios_to_what_is_expected_or_to_the_largest_count() -> None:
    typical = learned.learn(good(), "overdispersed", 30)
    shown = observe(np.round(mean() * 0.5))
    ratio, largest = (features(typical, shown, how) for how in ("ratio", "maximum"))
    assert not isinstance(ratio, NotKnown)
    assert not isinstance(largest, NotKnown)
    assert ratio.features.dtype == np.float32
    assert ratio.features.shape == (30,)
    assert largest.features.shape == (29,)
    assert np.median(ratio.features) == pytest.approx(0.5, abs=0.02)
    assert largest.features.max() == 1.0
    assert np.median(largest.features) == 0.5
    nothing = features(typical, observe(np.zeros(SHAPE)), "maximum")
    assert isinstance(nothing, NotKnown)
    assert nothing.reason is Reason.OUT_OF_RANGE


def test_where_pileup_says_nothing_the_last_feature_is_the_activity_of_the_map() -> None:
    for shown, expected in ((good(), 1.0), (poisson(mean(), 20, 1), 0.6)):
        typical = learned.learn(shown, "overdispersed", 30)
        assert typical.slope_learned is (expected == 1.0)
        seen = features(typical, observe(np.round(mean() * 0.6)), "ratio")
        assert not isinstance(seen, NotKnown)
        assert seen.features[-1] == pytest.approx(expected, abs=0.02)


def test_numpy_gives_what_scikit_learn_gives() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 7)).astype(np.float32)
    kind = np.argmax(x @ rng.normal(size=(7, 3)), axis=1)
    linear = LogisticRegression().fit(x, kind)
    model = MLPClassifier((9, 4), random_state=1)
    for _ in range(20):
        model.partial_fit(x, kind, classes=range(3))
    for fitted, weights, biases in (
        (linear, [linear.coef_.T], [linear.intercept_]),
        (model, model.coefs_, model.intercepts_),
    ):
        layers = tuple(
            Layer(w.astype(np.float32), b.astype(np.float32)) for w, b in zip(weights, biases, strict=True)
        )
        p = fitted.predict_proba(x)
        np.testing.assert_allclose(
            log_odds(forward(layers, x)), np.log((p[:, 1] + p[:, 2]) / p[:, 0]), atol=1e-4
        )


def test_log_odds_stay_finite_and_scores_are_never_negative() -> None:
    logits = np.array([[0.0, 0.0, -1e4], [1e4, 0.0, 0.0], [-1e4, 0.0, 0.0]])
    np.testing.assert_allclose(log_odds(logits), [0.0, -1e4 + np.log(2.0), 1e4 + np.log(2.0)])
    np.testing.assert_allclose(score_of(logits), [SHIFT, 0.0, 1e4 + np.log(2.0) + SHIFT])


@pytest.mark.parametrize("make", [classifying.logistic, classifying.mlp])
def test_it_says_the_same_of_all_living_cells(make: Any) -> None:
    detector = make(good())
    usual = score(detector, good(2)[0])
    low, high = mean(), mean()
    low[2:] *= 0.3
    high[2:] *= 2.0
    for counts, direction in ((low, -1), (high, 1)):
        found = score(detector, observe(np.round(counts)))
        assert len(np.unique(found.value[detector.alive])) == 1
        assert found.value[1, 1] > usual.value[1, 1] >= 0.0
        assert found.direction is not None
        assert (found.direction[detector.alive] == direction).all()
        assert not found.value[~detector.alive].any()
        assert not found.accumulated
        assert found.threshold == 40.0
        assert found.image_events == EVENTS


def test_one_cell_alone_cannot_be_arbitrarily_bad() -> None:
    detector = classifying.logistic(good())
    hot = mean()
    hot[2, 2] = 1e4
    hotter = hot.copy()
    hotter[2, 2] = 1e6
    assert score(detector, observe(hot)).value[1, 1] == score(detector, observe(hotter)).value[1, 1]


def test_few_events_are_not_judged() -> None:
    answer, _ = classifying.mlp(good()).look(replace(good()[0], events=3), {})
    assert isinstance(answer, NotKnown)
    assert answer.reason is Reason.FEW_EVENTS


@pytest.mark.parametrize("how", ["ratio", "maximum"])
def test_both_inputs_are_kept(how: Input) -> None:
    for detector in (classifying.logistic(good(), how), classifying.mlp(good(), how)):
        again = type(detector).restore(detector.settings(), detector.arrays(), None)
        assert again.input == how
        for shown in good(3):
            np.testing.assert_array_equal(score(detector, shown).value, score(again, shown).value)


@pytest.mark.parametrize(
    ("settings", "arrays", "message"),
    [
        ({"input": "size"}, {}, "found input = 'size', expected 'ratio' or 'maximum'"),
        ({"layers": 1}, {}, "found 1 layers, expected 2 to 10"),
        ({"layers": 2.5}, {}, "found 2.5 layers"),
        ({"layers": 3}, {}, "found biases_1 of shape|found no array biases_2|weights_2"),
        ({"threshold": 0.0}, {}, "found threshold = 0.0"),
        ({}, {"width": np.zeros(30)}, "found a width of zero"),
        ({}, {"centre": np.zeros(28)}, r"found centre of shape \(28,\)"),
        ({}, {"weights_0": np.full((30, 60), np.nan)}, "values that cannot be"),
        ({}, {"weights_1": np.zeros((59, 3))}, r"expected \(60, 3\)"),
        ({}, {"biases_1": np.zeros(4)}, "one for each output, 3 in the last layer"),
        ({}, {"biases_0": np.zeros((2, 30))}, "biases_0 of shape"),
    ],
)
def test_what_does_not_fit_is_refused(settings: dict[str, Any], arrays: dict[str, Any], message: str) -> None:
    detector = classifying.mlp(good())
    with pytest.raises(BundleError, match=message):
        Mlp.restore({**detector.settings(), **settings}, {**detector.arrays(), **arrays}, None)
    with pytest.raises(BundleError, match="found 2 layers, expected 1"):
        Logistic.restore(detector.settings(), detector.arrays(), Path("no.onnx"))
