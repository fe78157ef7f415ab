"""From rows to a network in a file: training, its curve, export."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from caloscope.records import Floats
from caloscope.training.neural.checkpoint import Progress
from caloscope.training.neural.export import export
from caloscope.training.neural.loop import fit, restored
from caloscope.training.neural.problem import Problem
from caloscope.training.recipe import Recipe

Epochs: TypeAlias = Callable[[Progress], None]

SHOWN = 8
"""Held-out rows on which torch and ONNX Runtime are compared."""


@dataclass(frozen=True, slots=True)
class Made:
    """A network in a file, and what is known of how it was made.

    `curve` has one row for each epoch; `parity` is how far ONNX Runtime is from torch, relative to the
    largest answer.
    """

    model: Path
    curve: tuple[dict[str, float], ...]
    finished: str
    parameters: int
    parity: float

    def told(self) -> dict[str, str | int | float | bool]:
        """What the card says of it."""
        lowest = min(self.curve, key=lambda epoch: epoch["held"])
        return {
            "epochs": len(self.curve),
            "best_epoch": int(lowest["number"]),
            "held_out_loss": float(lowest["held"]),
            "seconds": round(sum(epoch["seconds"] for epoch in self.curve), 1),
            "seconds_to_best": round(
                sum(epoch["seconds"] for epoch in self.curve if epoch["number"] <= lowest["number"]), 1
            ),
            "finished": self.finished,
            "parameters": self.parameters,
            "parity": float(f"{self.parity:.2g}"),
        }


def make(
    problem: Problem, recipe: Recipe, names: tuple[str, str], work: Path, tell: Epochs | None = None
) -> Made:
    """Train a network, or go on where the work was stopped, and export its best state.

    `names` are those of its input and output; the input is the batch's array `input` or `picture`.
    """
    progress = fit(problem, recipe, work, tell)
    module = restored(problem, progress)
    path = work / "model.onnx"
    parity = export(module, shown(problem), names, path)
    number = sum(each.numel() for each in module.parameters())
    return Made(path, tuple(asdict(each) for each in progress.history), progress.finished, number, parity)


def shown(problem: Problem) -> Floats:
    """What the network is given of some held-out rows: two or more, as one would become a constant."""
    rows = problem.held[:SHOWN]
    batch = problem.batch(rows if len(rows) > 1 else np.repeat(rows, 2), np.random.default_rng(0))
    return batch["picture"] if "picture" in batch else batch["input"]
