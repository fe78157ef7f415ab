"""The networks of the notebooks, and their logistic regression, on the images of one task."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from caloscope.errors import UsageError
from caloscope.study.ml4dqm.faults import Example, mask
from caloscope.study.ml4dqm.images import Images, images, labels
from caloscope.study.ml4dqm.protocols import SEED, Data
from caloscope.study.ml4dqm.verdicts import Told, Verdicts, verdicts

_STRENGTH: Final = 1.0
"""Of what is learned against small weights: C of scikit-learn and liblinear."""


def network_verdicts(data: Data, *, theirs: bool, epochs: int | None, tell: Told | None) -> Verdicts:
    """What the network of the task says of the images that are judged. Raises `UsageError` without torch."""
    task = data.spoiler.task
    learn, held, judged = (_seen(data, each) for each in (data.learn, data.held, data.judged))
    if task.network == "logistic":
        score = _logistic(learn, judged[0])
        return verdicts(data, score, (score > 0.5).astype(np.int64), learn[0][0].size + 1)
    found = _trained(data, learn, held, judged[0], epochs, tell)
    answer, other = found
    if not task.alone:
        score = 1.0 - answer.answers[:, 0]
        said = answer.answers.argmax(1)
        return verdicts(data, score, said, answer.parameters, epochs=answer.epochs)
    score = answer.answers[:, 0]
    cut = _best_cut(score, judged[1]) if theirs else float(other.answers[:, 0].max())
    inside = _inside(data, answer.worst)
    said = (score > cut).astype(np.int64)
    return verdicts(data, score, said, answer.parameters, epochs=answer.epochs, inside=inside)


def _seen(data: Data, chosen: list[Example]) -> tuple[Images, NDArray[np.int64]]:
    return images(data.lumis, chosen, data.spoiler, data.fill), labels(chosen, data.spoiler.task)


def _trained(
    data: Data,
    learn: tuple[Images, NDArray[np.int64]],
    held: tuple[Images, NDArray[np.int64]],
    judged: Images,
    epochs: int | None,
    tell: Told | None,
) -> Any:
    """Answers to the images that are judged, and to those held out."""
    try:
        from caloscope.training.neural import ml4dqm
    except ImportError as error:
        raise UsageError(f"{error}: networks need torch, pip install 'caloscope[train]'") from error
    task = data.spoiler.task

    def told(number: int, learned: float, found: float) -> None:
        if tell is not None:
            tell(f"{task.network}: epoch {number}, loss {learned:.4g}, held out {found:.4g}")

    return ml4dqm.judge(
        task.network,
        learn,
        held,
        [judged, held[0]],
        len(task.classes),
        seed=SEED,
        epochs=epochs,
        tell=told,
    )


def _best_cut(score: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """The score that puts most of the judged images themselves on the right side, as they chose it."""
    order = np.argsort(score, kind="stable")
    ordered, bad = score[order], truth[order] > 0
    right = np.concatenate(([0], np.cumsum(~bad))) + np.concatenate((np.cumsum(bad[::-1])[::-1], [0]))
    place = int(right.argmax())
    if place == 0:
        return -np.inf
    low, high = ordered[place - 1], ordered[min(len(ordered) - 1, place)]
    return float((low + high) / 2.0)


def _inside(data: Data, worst: NDArray[np.int64]) -> list[bool | None]:
    """Whether the worst bin is a faulty one, None for good images."""
    frame, left = int(data.spoiler.task.padded), data.spoiler.task.columns[0]
    bins = worst - frame + [0, left]
    return [
        None if each.kind == "good" else _in(each, int(y), int(x))
        for each, (y, x) in zip(data.judged, bins, strict=True)
    ]


def _in(at: Example, y: int, x: int) -> bool:
    found = mask(at)
    return 0 <= y < found.shape[0] and 0 <= x < found.shape[1] and bool(found[y, x])


def _logistic(learn: tuple[Images, NDArray[np.int64]], judged: Images) -> NDArray[np.float64]:
    """Probabilities to be bad, of a logistic regression; its intercept is held small, as in liblinear."""
    known, new = (_rows(each) for each in (learn[0], judged))
    sign = np.where(learn[1] > 0, 1.0, -1.0)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (known @ weights)
        value = 0.5 * weights @ weights + _STRENGTH * np.logaddexp(0.0, -margin).sum()
        return float(value), weights - _STRENGTH * (known.T @ (sign * expit(-margin)))

    found = minimize(loss, np.zeros(known.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return np.asarray(expit(new @ found.x), np.float64)


def _rows(given: Images) -> NDArray[np.float64]:
    flat = given.reshape(len(given), -1).astype(np.float64)
    return np.hstack([flat, np.ones((len(flat), 1))])
