"""Caloscope's own detector on the same images, one lumisection at a time."""

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from caloscope.bundle import Bundle
from caloscope.detectors.base import Detector
from caloscope.pipeline.step import Scored, Scorer
from caloscope.records import Code
from caloscope.study.measuring import scores_of
from caloscope.study.ml4dqm.faults import MOVIE, Example, mask
from caloscope.study.ml4dqm.lumis import on, spec
from caloscope.study.ml4dqm.protocols import Data
from caloscope.study.ml4dqm.verdicts import Told, Verdicts, verdicts
from caloscope.training.fitting import fit_detector
from caloscope.training.observed import Observed
from caloscope.training.provenance import provenance
from caloscope.training.statistical import calibrate_thresholds, first_card

NAME: Final = "reference"
RATE: Final = 1.0
"""False incidents in 3,700 lumisections that its thresholds stand for."""

_EVERY: Final = 200


class _Seen(NamedTuple):
    score: float
    said: int
    inside: bool | None
    judged: bool = True


def reference_verdicts(data: Data, tell: Told | None) -> Verdicts:
    """What it says of the images that are judged.

    It knows nothing of what came before: each begins with a fresh state, a movie with its first lumisection.
    An image is bad if any cell is flagged that the image shows; its score is the largest evidence there.
    """
    bundle = _learned(data)
    scorer, found = Scorer(bundle, "study"), []
    for number, each in enumerate(data.judged):
        if tell is not None and number % _EVERY == 0:
            tell(f"{NAME}: {number} of {len(data.judged)} images")
        found.append(_seen(_last(scorer, data, each), data, each, bundle.detector))
    return verdicts(
        data,
        np.array([each.score for each in found]),
        np.array([each.said for each in found], np.int64),
        sum(int(np.size(array)) for array in bundle.detector.arrays().values()),
        inside=[each.inside for each in found],
        learned=len(data.good),
        unjudged=sum(not each.judged for each in found),
    )


def _learned(data: Data) -> Bundle:
    """Learned from good lumisections; thresholds are calibrated, or the formula's where there is one run."""
    given = [data.lumis.given(place) for place in data.good]
    detector = fit_detector(NAME, Observed(given, on()), spec().noise, on())
    told = provenance(given, ["simulated HCAL/digi of 2017, JetHT"])
    card = first_card(Path(f"{NAME}.bundle"), spec(), on(), detector, RATE, told)
    made = Bundle(card, "", spec(), on(), detector, None, None)
    held = [data.lumis.given(place) for place in data.calibrate]
    return calibrate_thresholds(made, held, RATE, None) if held else made


def _last(scorer: Scorer, data: Data, at: Example) -> Scored:
    """The last of the lumisections that belong to an image."""
    lumis, spoiler, state = data.lumis, data.spoiler, scorer.initial()
    nothing = np.zeros(on().shape, np.bool_)
    long = MOVIE if spoiler.task.movie else 1
    for back in range(long - 1, 0, -1):
        place = at.place - back
        faulty = at._replace(place=place) if back < at.since else Example(place)
        image = spoiler.spoiled(lumis.first[place], int(lumis.events[place]), faulty)
        state = scorer.score(lumis.given(place, image), state, nothing).state
    image = spoiler.spoiled(lumis.first[at.place], int(lumis.events[at.place]), at)
    return scorer.score(lumis.given(at.place, image), state, nothing)


def _seen(scored: Scored, data: Data, at: Example, detector: Detector) -> _Seen:
    task = data.spoiler.task
    left, right = task.columns
    values = scores_of(scored)
    if values is None:  # wrong, whatever it is
        good = at.kind == "good"
        return _Seen(0.0, int(good), None if good else False, False)
    known = np.where(detector.alive, np.nan_to_num(values, nan=0.0), 0.0)[0, :, left:right]
    flagged = (scored.result.codes == Code.BAD)[0, :, left:right]
    y, x = np.unravel_index(int(known.argmax()), known.shape)
    said = int(flagged.any())
    if said and task.named and scored.result.direction is not None:
        high = scored.result.direction[0, y, left + x] > 0
        said = task.classes.index("hot" if high else "dead")
    inside = None if at.kind == "good" else bool(known.max() > 0.0 and mask(at)[y, left + x])
    return _Seen(float(known.max()), said, inside)
