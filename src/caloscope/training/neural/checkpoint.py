"""What training has come to, kept after every epoch: a process that was killed goes on where it was."""

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from caloscope.errors import UsageError

FILE = "checkpoint.pt"

LONGEST = 200
"""Characters of what others say of an error."""


@dataclass(slots=True)
class Epoch:
    """One line of the learning curve: losses, learning rate and seconds of an epoch."""

    number: int
    learned: float
    held: float
    rate: float
    seconds: float


@dataclass(slots=True)
class Progress:
    """Epochs done, the best state of the network, and what else is needed to go on.

    `since` counts the epochs since the best one.
    """

    history: list[Epoch] = field(default_factory=list)
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    since: int = 0
    finished: str = ""

    @property
    def lowest(self) -> float:
        """The lowest held-out loss; infinity before the first epoch."""
        return min((each.held for each in self.history), default=float("inf"))

    @property
    def mark(self) -> float:
        """The loss of the epoch since which nothing was much better."""
        return self.history[-1 - self.since].held

    @property
    def seconds(self) -> float:
        """Seconds that all epochs took."""
        return sum(each.seconds for each in self.history)


def save(folder: Path, progress: Progress, module: dict[str, Any], optimizer: dict[str, Any]) -> None:
    """Keep everything, whole or not at all, also where the machine stops.

    Raises `UsageError` where it cannot be written.
    """
    history = [asdict(each) for each in progress.history]
    state = {
        "history": history,
        "best": progress.best,
        "since": progress.since,
        "finished": progress.finished,
    }
    draft = folder / f"{FILE}.part"
    try:
        with draft.open("wb") as file:
            torch.save(state | {"module": module, "optimizer": optimizer}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / FILE)
    except (OSError, RuntimeError) as error:  # torch's own where the disk is full
        raise UsageError(f"{draft}: cannot be written ({_line(error)}), expected a disk with room") from error


def load(folder: Path) -> tuple[Progress, dict[str, Any], dict[str, Any]] | None:
    """What was kept: progress, states of network and optimizer; None where nothing was.

    Only tensors and plain values are read, nothing that could run. Raises `UsageError` for what is damaged:
    it may stand for hours of work, so nobody but its owner throws it away.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        history = [Epoch(**each) for each in state["history"]]
        progress = Progress(history, dict(state["best"]), int(state["since"]), str(state["finished"]))
        return progress, state["module"], state["optimizer"]
    except Exception as error:  # torch raises whatever a damaged file brings it to
        raise damaged(folder, error) from error


def damaged(folder: Path, error: Exception) -> UsageError:
    """What to say of a checkpoint that is not one of this training."""
    found = f"{folder / FILE}: found no checkpoint of this training ({_line(error)})"
    return UsageError(f"{found}, expected one: delete {folder} to begin anew")


def _line(error: Exception) -> str:
    """The first sentence of what torch says, or what kind of error it is."""
    said = " ".join(str(error).split()).partition(". ")[0]
    return said[:LONGEST] or type(error).__name__
