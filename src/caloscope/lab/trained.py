"""Training from a notebook: every detector through one call."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caloscope import training
from caloscope.bundle import Bundle
from caloscope.errors import UsageError
from caloscope.lab.held import Data
from caloscope.lab.session import place

if TYPE_CHECKING:
    from caloscope.training.neural.checkpoint import Progress

EVERY = 0.3
"""Seconds, at least, from one word about progress to the next."""


def train(
    good: Data,
    detector: str = "reference",
    output: str | Path | None = None,
    *,
    per_day: float = 1.0,
    progress: bool = False,
    **recipe: Any,
) -> Bundle:
    """Fit a detector to good lumisections, calibrate its thresholds on the last runs, and write its bundle.

    `per_day` is the number of false incidents allowed in 3,700 lumisections. For a network (`autoencoder`,
    `autoencoder-loss`, `blind-spot`, `unet`, `cnn`) the other words are those of `training.Recipe`:
    `architecture`, `channels`, `latent`, `epochs`, `patience`, `minutes`, `seed` ... The bundle is kept where
    `output` says (NAME.bundle), else until Python ends; with `output`, training of a network that was stopped
    goes on where it was when the same call comes again. With `progress` a line says how far it is.

    Raises `UsageError` for detectors and recipes that cannot be, for choices that would be ignored, as an
    `architecture` where there is no autoencoder, and for too little to learn from.
    """
    known = (*training.TRAINABLE, *training.NETWORKS)
    if detector not in known:
        raise UsageError(f"detector {detector!r} cannot be trained, expected one of {', '.join(known)}")
    folder = place(f"{good.spec.slug}-{detector}.bundle", output)
    told = _Told(shown=progress)
    try:
        if detector in training.NETWORKS:
            return _network(good, detector, folder, per_day, training.recipe_of(detector, recipe), told)
        if recipe:
            raise UsageError(f"{', '.join(recipe)} for {detector}, expected no recipe: it has no network")
        return training.train(
            good,
            good.spec,
            good.view,
            folder,
            detector=detector,
            per_day=per_day,
            calorimeter=good.calorimeter,
            tell=told.calibrating,
        )
    finally:
        told.end()


def _network(
    good: Data, detector: str, folder: Path, per_day: float, recipe: training.Recipe, told: "_Told"
) -> Bundle:
    folder.parent.mkdir(parents=True, exist_ok=True)
    return training.train_network(
        good.given,
        [str(path) for path in good.paths],
        good.spec,
        good.view,
        folder,
        detector=detector,
        recipe=recipe,
        per_day=per_day,
        calorimeter=good.calorimeter,
        watching=training.Watching(told.reading, told.epoch, told.calibrating, told.kept),
    )


class _Told:
    """A line for each stage, written over and over, on standard error."""

    def __init__(self, *, shown: bool) -> None:
        self._shown, self._stage, self._width, self._when = shown, "", 0, 0.0

    def reading(self, done: int, every: int) -> None:
        """How many lumisections were read."""
        self._say("reading", f"{done:,} of {every:,}", last=done == every)

    def epoch(self, progress: "Progress") -> None:
        """What the last epoch brought."""
        last = progress.history[-1]
        text = f"{last.number}: held-out loss {last.held:.5g}, lowest {progress.lowest:.5g}"
        self._say("epoch", text, last=bool(progress.finished))

    def kept(self, line: str) -> None:
        """What lies beside the bundle from other calls that were stopped; said in any case, it takes room."""
        self.end()
        print(line, file=sys.stderr, flush=True)

    def calibrating(self, done: int, every: int) -> None:
        """With how many lumisections thresholds were calibrated."""
        self._say("calibrating", f"{done:,} of {every:,}", last=done == every)

    def end(self) -> None:
        """The line stays, what is written next begins a new one."""
        if self._width:
            print(file=sys.stderr, flush=True)
        self._width = 0

    def _say(self, stage: str, text: str, *, last: bool) -> None:
        now = time.monotonic()
        if not self._shown or (stage == self._stage and not last and now - self._when < EVERY):
            return
        if stage != self._stage:
            self.end()
        line = f"{stage} {text}"
        print(f"\r{line.ljust(self._width)}", end="", file=sys.stderr, flush=True)
        self._stage, self._width, self._when = stage, len(line), now
