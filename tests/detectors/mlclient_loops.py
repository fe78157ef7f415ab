"""CMSSW's MLClient for both endcaps, written out in plain loops and float32 from a reading of its C++.

It shares nothing with the detector: queues are deques, padding is inserted element by element into vectors,
and the vectors of the left and right padding are cleared between the endcaps only where that is asked for.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

F = np.float32
Rows = list[list[np.float32]]
Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From `(Y, X)` to `(Y, X)`."""


@dataclass
class Endcap:
    """One endcap: what it is set up with, and its two queues."""

    slope: float
    intercept: float
    average: NDArray[np.float64]
    network: Network
    maps: deque[Rows] = field(default_factory=deque)
    losses: deque[Rows] = field(default_factory=deque)
    reco: Rows = field(default_factory=list)


class Loops:
    """The client: give it a lumisection, get both products of losses (EE-, EE+), or None where it returns."""

    def __init__(self, minus: Endcap, plus: Endcap, *, fault: bool, n_ls: int = 3, n_loss: int = 6) -> None:
        self.sides = (minus, plus)
        self.fault, self.n_ls, self.n_loss = fault, n_ls, n_loss
        self.events: deque[int] = deque()
        self.total_events = 0

    def __call__(
        self, minus: NDArray[np.float64], plus: NDArray[np.float64], events: int, pileup: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        if pileup < 0.0:
            return None
        for side, counts in zip(self.sides, (minus, plus), strict=True):
            side.maps.append([[F(counts[i, j]) for j in range(20)] for i in range(20)])
        self.events.append(events)
        if len(self.events) < self.n_ls:
            return None
        if len(self.events) > self.n_ls:
            self.events.popleft()
            for side in self.sides:
                side.maps.popleft()
        self.total_events = 0
        for i in range(self.n_ls):
            self.total_events += self.events[i]
        if self.total_events < 400:
            return None
        pictures = [self.picture(side, pileup) for side in self.sides]
        self.pad(pictures)
        for side, picture in zip(self.sides, pictures, strict=True):
            self.lose(side, picture)
            if len(side.losses) > self.n_loss:
                side.losses.popleft()
        if len(self.sides[0].losses) < self.n_loss:
            return None
        return self.multiply(self.sides[0]), self.multiply(self.sides[1])

    def picture(self, side: Endcap, pileup: float) -> Rows:
        line = F(side.slope * pileup + side.intercept)
        events = F(500.0 / self.total_events)
        picture: Rows = []
        for i in range(20):
            row = []
            for j in range(20):
                value = F(0)
                for queued in side.maps:
                    value = F(value + queued[i][j])
                value = F(value / line)
                value = F(value * F(20))
                value = F(value * F(20))
                row.append(F(value * events))
            picture.append(row)
        return picture

    def pad(self, pictures: list[Rows]) -> None:
        left: list[np.float32] = []
        right: list[np.float32] = []
        for picture in pictures:
            if not self.fault:
                left.clear()
                right.clear()
            top, bottom = list(picture[0]), list(picture[-1])
            picture.insert(0, top)
            picture.append(bottom)
            for row in picture:
                left.append(row[0])
                right.append(row[-1])
            for index, row in enumerate(picture):
                row.insert(0, left[index])
                row.append(right[index])

    def lose(self, side: Endcap, picture: Rows) -> None:
        reco = side.network(np.array(picture, dtype=F))
        side.reco = [[reco[i, j] for j in range(1, 21)] for i in range(1, 21)]
        losses: Rows = []
        for i in range(1, 21):
            row = []
            for j in range(1, 21):
                average = F(side.average[i, j])
                difference = F(F(reco[i, j] / average) - F(picture[i][j] / average))
                row.append(F(difference * difference))
            losses.append(row)
        side.losses.append(losses)

    def multiply(self, side: Endcap) -> NDArray[np.float32]:
        product = np.ones((20, 20), dtype=F)
        for i in range(20):
            for j in range(20):
                for losses in side.losses:
                    product[i, j] = F(product[i, j] * losses[i][j])
        return product
