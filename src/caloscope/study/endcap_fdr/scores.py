"""Scores of every tower in good images, and of one tower that was made faulty, image by image."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.bundle import Bundle
from caloscope.detectors.base import Array, NotKnown, Observation, Score
from caloscope.detectors.cmssw_ml import CmsswMl
from caloscope.pipeline.state import Given
from caloscope.pipeline.step import Scorer
from caloscope.records import Counts, MapRecord
from caloscope.simulate import Conditions, Healthy

HOT: Final = 2500.0
"""Digis of a hot tower in 500 events: 25 crystals in a fifth of them."""

HOT_EVENTS: Final = 500.0
BRIGHTEST: Final = 8.0
"""Value of a picture that a hot tower has at most."""

TIMES: Final = 3
"""Loss maps that are multiplied."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """`good` `(image, tower)` of towers that are alive, `faulty` `(image,)` of one tower that is not well."""

    good: NDArray[np.float64]
    faulty: NDArray[np.float64]


def of_network(
    bundle: Bundle, healthy: Healthy, images: list[Conditions], fault: str, seed: int
) -> dict[str, Scores]:
    """Those of a network of CMSSW by level of correction, one lumisection an image.

    The last level multiplies three images drawn at random, as the notebooks do: the same tower is faulty in
    all of them.
    """
    chain = chain_of(bundle)
    average = average_of(chain)
    towers, rng = np.argwhere(chain.alive & (healthy.rate > 0)), np.random.default_rng([seed, 1])
    good = [_loss(chain, each, healthy.draw(each)) for each in images]
    where = towers[rng.integers(len(towers), size=len(images))]
    others = rng.integers(len(images), size=(TIMES - 1, len(images)))
    bad = np.empty((TIMES, len(images)))
    for number, cell in enumerate(where):
        for row, place in enumerate((number, *others[:, number])):
            counts = _broken(healthy.draw(images[place]), tuple(cell), fault, chain, images[place])
            bad[row, number] = _loss(chain, images[place], counts)[tuple(cell)]
    alive = tuple(towers.T)
    own = np.array([each[alive] for each in good])
    scale = average[tuple(where.T)] ** 2
    product = own * own[others[0]] * own[others[1]]
    return {
        "none": Scores(own * average[alive] ** 2, bad[0] * scale),
        "spatial": Scores(own, bad[0]),
        "spatial + time": Scores(product, bad.prod(axis=0)),
    }


def of_detector(
    bundle: Bundle, chain: CmsswMl, healthy: Healthy, images: list[Conditions], fault: str, seed: int
) -> Scores:
    """Those of any other detector from one lumisection, on the same images and towers."""
    towers, rng = np.argwhere(chain.alive & (healthy.rate > 0)), np.random.default_rng([seed, 1])
    where = towers[rng.integers(len(towers), size=len(images))]
    scorer = Scorer(bundle, "study")
    good, bad = [], []
    for at, cell in zip(images, where, strict=True):
        counts = healthy.draw(at)
        good.append(_evidence(scorer, at, counts)[tuple(towers.T)])
        broken = _broken(counts, tuple(cell), fault, chain, at)
        bad.append(_evidence(scorer, at, broken)[tuple(cell)])
    return Scores(np.array(good), np.array(bad))


def chain_of(bundle: Bundle) -> CmsswMl:
    """The chain of a bundle on one lumisection, one loss map."""
    assert isinstance(bundle.detector, CmsswMl)
    settings = {**bundle.detector.settings(), "n_ls": 1, "n_loss": 1, "min_events": 1}
    return CmsswMl.restore(settings, bundle.detector.arrays(), bundle.model)


def average_of(chain: CmsswMl) -> Array:
    """The average picture in the map's shape, 1 where the table knows nothing."""
    padded = np.asarray(chain.arrays()["average"], np.float64)
    rows, columns = chain.shape
    top, left = ((whole - own) // 2 for whole, own in zip(padded.shape, chain.shape, strict=True))
    return padded[top : top + rows, left : left + columns]


def _loss(chain: CmsswMl, at: Conditions, counts: Counts) -> NDArray[np.float64]:
    answer, _ = chain.look(_seen(at, counts), {})
    if isinstance(answer, NotKnown):
        return np.full(chain.shape, np.nan)
    assert isinstance(answer, Score)
    return answer.value.astype(np.float64)


def _seen(at: Conditions, counts: Counts) -> Observation:
    return Observation(at.id, counts.astype(np.float64), at.events, at.measured)


def _broken(counts: Counts, cell: tuple[int, ...], fault: str, chain: CmsswMl, at: Conditions) -> Counts:
    """The counts with one tower dead, or hot as the notebooks have it."""
    found = counts.astype(np.uint32, copy=True)
    if fault == "dead":
        found[cell] = 0
        return found
    known, pileup = chain.parameters, at.measured or 0.0
    bins = float(np.prod(chain.shape))
    unit = (known.slope * pileup + known.intercept) / bins * at.events / known.events_per_image
    hot = min(HOT * at.events / HOT_EVENTS, BRIGHTEST * unit)
    found[cell] = np.uint32(round(hot))
    return found


def _evidence(scorer: Scorer, at: Conditions, counts: Counts) -> NDArray[np.float64]:
    given = Given(at.id, MapRecord(counts.astype(np.uint32), at.events, at.measured), "")
    result = scorer.score(given, scorer.initial(), np.zeros(counts.shape, np.bool_)).result
    values = result.badness
    if values is None:
        return np.full(counts.shape, np.nan)  # no verdict: the image is left out
    return np.nan_to_num(values.astype(np.float64))
