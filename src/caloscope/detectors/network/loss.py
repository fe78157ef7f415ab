"""Autoencoders as prior work scores them: the squared error of the rebuilt picture, multiplied over time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors import learned
from caloscope.detectors.base import Answer, Array, Memory, NotKnown, Observation, Score, Settings
from caloscope.detectors.learned.rows import Cells
from caloscope.detectors.learned.typical import Expected
from caloscope.detectors.network import pictures
from caloscope.detectors.network.autoencoder import Network
from caloscope.errors import BundleError
from caloscope.records import Mask, Reason

MOST_LUMIS: Final = 60


@dataclass(frozen=True, slots=True, eq=False)
class AutoencoderLoss:
    """The loss of an autoencoder in each cell, with the corrections of arXiv:2309.10157.

    The counts of `n_ls` lumisections over the typical ones make a picture; the loss of a cell is the squared
    difference of the rebuilt and the shown picture. `spatial`: both are divided by the average picture first.
    Time: the losses of the last `n_loss` pictures are multiplied; with one there is no such correction. The
    product has no unit of its own and is accumulated. Queues are those of one run, and pictures overlap.

    Good at: dead and very hot cells. Bad at: weak faults, as squares know nothing of counting, and all else
    that an autoencoder hides by rebuilding it.
    """

    name: ClassVar[str] = "autoencoder-loss"

    typical: learned.Typical
    network: Network
    threshold: float
    spatial: bool = True
    n_ls: int = 1
    n_loss: int = 3

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges."""
        return self.alive.shape

    @property
    def alive(self) -> Mask:
        """Cells that counted at least once in the reference."""
        return self.typical.alive

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """The product of losses now. It remembers the last maps and losses of the run."""
        expected = self.typical.expected(observation, follow=False)
        if isinstance(expected, NotKnown):
            return expected, memory
        run = np.array(observation.id.run)
        before = memory if np.array_equal(memory.get("run", -1), run) else {}
        alive = self.alive
        counts = self._queue(before, "counts", observation.counts[alive], self.n_ls)
        means = self._queue(before, "means", expected.mean[alive], self.n_ls)
        events = np.append(before.get("events", np.zeros(0)), expected.events)[-self.n_ls :]
        after = {"run": run, "counts": counts, "means": means, "events": events}
        if len(counts) < self.n_ls:
            after |= {"losses": self._kept(before, "losses")}
            detail = f"{len(counts)} of {self.n_ls} lumisections to sum"
            return NotKnown(Reason.WARM_UP, detail), after
        seen, made = self._rebuilt(counts.sum(axis=0), means.sum(axis=0), float(events.sum()))
        unit = 1.0 if self.spatial else self.network.average[alive]
        loss = np.square((made - seen) * unit)
        losses = self._queue(before, "losses", loss, self.n_loss)
        after |= {"losses": losses}
        if len(losses) < self.n_loss:
            detail = f"{len(losses)} of {self.n_loss} losses to multiply"
            return NotKnown(Reason.WARM_UP, detail), after
        score = self._score(losses, made * expected.mean[alive], np.sign(seen - made), expected)
        return replace(score, image_events=round(float(events.sum()))), after

    def _rebuilt(self, counts: Array, usual: Array, events: float) -> tuple[Array, Array]:
        """Counts over the usual ones, as they are and as the network rebuilds them, `(cell,)`.

        The network knows activities: where channels saturate these change much more than counts do.
        """
        cells = Cells.living(counts, usual, events, self.typical, np.ones_like(usual))
        made = self.network.rebuilt(np.where(cells.strength > 0, cells.ratio, 1.0), self.alive)
        return np.minimum(counts / usual, pictures.BRIGHTEST), cells.mean(made, events) / usual

    def _score(self, losses: Array, made: Array, sign: Array, expected: Expected) -> Score:
        on_view = learned.on_view(np.stack([losses.prod(axis=0), made, sign]), self.alive)
        return Score(
            value=on_view[0],
            threshold=self.threshold,
            testable=self.alive,
            accumulated=True,
            reconstruction=on_view[1],
            direction=on_view[2].astype(np.int8),
            degraded=expected.degraded,
        )

    def _queue(self, memory: Memory, name: str, newest: Array, places: int) -> Array:
        """The last values of one kind with the newest, oldest first, `(lumi, cell)`."""
        return np.concatenate([self._kept(memory, name), newest[np.newaxis]])[-places:]

    def _kept(self, memory: Memory, name: str) -> Array:
        cells = int(self.alive.sum())
        kept = np.asarray(memory.get(name, np.zeros((0, cells))), np.float64)
        if kept.ndim != 2 or kept.shape[1] != cells:
            raise BundleError(f"{self.name}: found a saved state of {kept.shape}, expected {cells} cells")
        return kept

    def settings(self) -> Settings:
        """The plain values that a bundle's card keeps."""
        own = {name: getattr(self, name) for name in ("threshold", "spatial", "n_ls", "n_loss")}
        return self.typical.settings() | self.network.settings() | own

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps."""
        return self.typical.arrays() | {"average": self.network.average}

    @classmethod
    def restore(
        cls, settings: Settings, arrays: Mapping[str, NDArray[np.generic]], model: Path | None
    ) -> Self:
        """The detector again, from what a bundle kept. Raises `BundleError` when something does not fit."""
        typical = learned.Typical.restore(cls.name, settings, arrays)
        n_ls, n_loss = (int(learned.positive_of(cls.name, settings, name)) for name in ("n_ls", "n_loss"))
        if not 1 <= n_ls <= MOST_LUMIS or not 1 <= n_loss <= MOST_LUMIS:
            raise BundleError(
                f"{cls.name}: found n_ls = {n_ls}, n_loss = {n_loss}, expected 1 to {MOST_LUMIS}"
            )
        return cls(
            typical,
            Network.restore(cls.name, settings, arrays, model, typical.alive),
            learned.positive_of(cls.name, settings, "threshold"),
            bool(settings.get("spatial", True)),
            n_ls,
            n_loss,
        )
