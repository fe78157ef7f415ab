"""The supervised networks from good lumisections to detectors."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from caloscope.detectors.base import Detector, Noise, Observation
from caloscope.detectors.network import Cnn, UNet, pictures
from caloscope.detectors.network.cnn import cnn_session
from caloscope.detectors.network.unet import CHANNELS, LOGITS, RESIDUALS
from caloscope.detectors.reference import Reference
from caloscope.geometry import View
from caloscope.training.allowance import LEAST, limits_of, scores_of
from caloscope.training.neural.autoencoding import MOST_BASIS, chosen_of, evenly, highest
from caloscope.training.neural.blinding import Standing
from caloscope.training.neural.faulty import Classified, Segmented
from caloscope.training.neural.making import Epochs, Made, make
from caloscope.training.neural.parts import parts_of
from caloscope.training.prepared import Tell, prepare_rows
from caloscope.training.recipe import Recipe, usual_channels
from caloscope.training.spoiled import Spoiler

NAMES = (RESIDUALS, LOGITS)


def supervised(
    name: str,
    good: Sequence[Observation],
    on: View,
    noise: Noise,
    recipe: Recipe,
    work: Path,
    *,
    min_events: int,
    reading: Tell | None = None,
    tell: Epochs | None = None,
) -> tuple[Detector, Made]:
    """Train one of the two detectors on good lumisections of several runs, in (run, lumi) order."""
    parts = parts_of(good)
    reference = Reference.fit(evenly(parts.learn, MOST_BASIS), noise, on, min_events=min_events)
    standing = Standing(reference, ("counts", "mean", "variance", "events"))
    prepared = prepare_rows(good, standing.row, work / "rows", reading)
    held = parts.held(prepared.run)
    kind = Segmented if name == UNet.name else Classified
    problem = kind(
        on=on,
        prepared=prepared,
        alive=reference.alive,
        spoiler=Spoiler(on, noise, seed=recipe.seed),
        channels=recipe.channels or usual_channels((on.y.bins, on.x.bins)),
        learn=np.flatnonzero(~held),
        held=np.flatnonzero(held),
    )
    made = make(problem, recipe, NAMES, work, tell)
    kept = [good[place] for place in chosen_of(prepared, held)]
    if name == UNet.name:
        session = pictures.session_of(name, made.model, reference.shape, (CHANNELS, 2), NAMES)
        found = UNet(reference, session, 1.0)
        return replace(found, threshold=highest(found, kept)), made
    classifier = Cnn(reference, cnn_session(made.model, reference.shape), 1.0, 1.0, 1.0)
    return _with_limits(classifier, kept), made


def _with_limits(classifier: Cnn, held: Sequence[Observation]) -> Cnn:
    """With the first threshold, the largest score of held-out lumisections, and what adds up."""
    scores = scores_of(classifier, held)
    if not len(scores.run):
        return classifier
    found = limits_of(*scores)
    return replace(classifier, threshold=max(float(scores.largest.max()), LEAST), **found._asdict())
