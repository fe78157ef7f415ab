"""Training of the classifiers of whole maps: scikit-learn, on good maps and on spoiled ones.

At most 4,000 rows of features are in memory at a time (`notebook_examples.MOST_ROWS`), beside as many that
are held out: 5 MB each for an endcap of ECAL, 200 MB for all channels of HCAL, of which scikit-learn may make
copies. Fits take seconds for an endcap; a perceptron on HCAL takes tens of minutes.
"""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from caloscope.decide import LUMIS_PER_DAY, fit_score_tail
from caloscope.detectors import learned
from caloscope.detectors.base import Noise, Observation
from caloscope.detectors.layers import OUTPUTS, Floats, Layer
from caloscope.detectors.notebook import Classifier, Input, Logistic, Mlp, score_of, standardised
from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.training.allowance import limits_of
from caloscope.training.notebook_examples import MOST_COUNTS, MOST_ROWS, Examples, Rows

SEED: Final = 2018

HIDDEN: Final = (650, 4)
"""Cells of the hidden layers, those of the notebooks."""

LEAST_WIDTH: Final = 1e-3
"""Standard deviation that a feature has at least."""

STRENGTHS: Final = (1e-4, 1e-3, 1e-2, 1e-1)
"""Inverse strengths of the regularisation that are tried for the logistic regression."""

ITERATIONS: Final = 200
DRAWS: Final = 100
"""Times that new examples are drawn for the perceptron: each is shown once, as it learns by heart those that
it sees again."""

OFTEN: Final = 10
"""Times that a lumisection is among the examples of one draw, at most."""

PATIENCE: Final = 8
"""Draws without a better loss on held-out runs after which it stops."""

LEAST_THRESHOLD: Final = 1e-6

CLASSIFIERS: Final = {kind.name: kind for kind in (Logistic, Mlp)}


def fit_classifier(
    name: str,
    observations: Sequence[Observation],
    noise: Noise,
    on: View,
    *,
    min_events: int = 30,
    how: Input = "ratio",
    rows: int = MOST_ROWS,
    seed: int = SEED,
) -> Classifier:
    """Fit `logistic` or `mlp` to good lumisections, half of them spoiled.

    Runs that are held out choose the strength of the regularisation, or when to stop. Its threshold is
    extrapolated from them: scores of good maps above it are to be expected once in 3,700 lumisections.
    Raises `UsageError` where there is too little to learn from, or scikit-learn is not installed.
    """
    fit = {Logistic.name: _logistic, Mlp.name: _perceptron}[name]
    _require_library()
    step = max(1, ceil(len(observations) * on.exists.size / MOST_COUNTS))
    good = learned.usable(observations[::step], min_events)
    examples = Examples.of(good, noise, on, how=how, min_events=min_events, seed=seed)
    sound = examples.sound(examples.shown)
    centre, width = sound.mean(axis=0), np.maximum(sound.std(axis=0), np.float32(LEAST_WIDTH))
    data = _Data(examples, min(rows, MOST_ROWS), centre, width)
    layers = fit(data, seed)
    found = CLASSIFIERS[name](examples.typical, how, centre, width, layers, 1.0, 1.0, 1.0)
    scores = score_of(found.logits(examples.sound(examples.held)))
    run = np.array([each.id.run for each in examples.held], np.int64)
    return replace(found, threshold=_threshold(scores, run), **limits_of(scores, run)._asdict())


class _Data:
    """Standardised examples: held-out ones that stay the same, and others that are drawn again and again."""

    def __init__(self, examples: Examples, rows: int, centre: Floats, width: Floats) -> None:
        self._examples, self._number, self._scale = examples, rows, (centre, width)
        self.held = self._rows(examples.held, 0)
        missing = {"good", "low", "high"} - {("good", "low", "high")[kind] for kind in self.held.kind}
        if missing:
            expected = "cells that can count less and more"
            raise UsageError(
                f"found no {' and no '.join(sorted(missing))} map among examples, expected {expected}"
            )

    def draw(self, number: int) -> Rows:
        """New examples of runs that are learned from; the same ones for the same number."""
        return self._rows(self._examples.shown, 1 + number)

    def _rows(self, good: Sequence[Observation], what: int) -> Rows:
        number = min(self._number, OFTEN * len(good))
        drawn = self._examples.rows(good, number, self._examples.spoiler.stream(what))
        return Rows(standardised(drawn.features, *self._scale), drawn.kind)


def _require_library() -> None:
    """Raises `UsageError` where scikit-learn is missing."""
    try:
        import sklearn  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise UsageError(
            "found no scikit-learn, expected it to fit logistic and mlp: pip install caloscope[train]"
        ) from error


def _logistic(data: _Data, seed: int) -> tuple[Layer, ...]:  # noqa: ARG001 - fitted alike
    """The regression with the strength of regularisation that held-out maps are most likely under."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    drawn, best = data.draw(0), np.inf
    layers: tuple[Layer, ...] = ()
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, max_iter=ITERATIONS)
        with warnings.catch_warnings():
            # one that is stopped early is regularised more, and judged by the same held-out maps
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(drawn.features, drawn.kind)
        loss = _loss(model, data.held)
        if loss < best:
            best, layers = loss, (_layer(model.coef_.T, model.intercept_),)
    return layers


def _perceptron(data: _Data, seed: int) -> tuple[Layer, ...]:
    """The perceptron, stopped where held-out maps are most likely."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(HIDDEN, random_state=seed)
    best, since = np.inf, 0
    layers: tuple[Layer, ...] = ()
    for number in range(DRAWS):
        drawn = data.draw(number)
        model.partial_fit(drawn.features, drawn.kind, classes=range(OUTPUTS))
        loss = _loss(model, data.held)
        since = 0 if loss < best else since + 1
        if loss < best:
            best = loss
            layers = tuple(_layer(*each) for each in zip(model.coefs_, model.intercepts_, strict=True))
        if since >= PATIENCE:
            break
    return layers


def _layer(weights: NDArray[np.floating], biases: NDArray[np.floating]) -> Layer:
    """A copy that does not change when the fit goes on."""
    return Layer(np.array(weights, np.float32, order="C"), np.array(biases, np.float32))


def _loss(model: Any, held: Rows) -> float:
    """Mean negative logarithm of the probability of what held-out maps are."""
    chance = model.predict_proba(held.features)[np.arange(len(held.kind)), held.kind]
    return float(-np.log(np.maximum(chance, 1e-12)).mean())


def _threshold(scores: NDArray[np.float64], run: NDArray[np.int64]) -> float:
    """The score that good maps of held-out runs come to about once in 3,700 lumisections."""
    tail = fit_score_tail([scores[run == each] for each in np.unique(run)])
    return max(tail.threshold_at(1.0 / LUMIS_PER_DAY).threshold, LEAST_THRESHOLD)
