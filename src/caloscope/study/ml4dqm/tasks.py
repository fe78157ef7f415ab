"""The tasks of HCALDQM/ML4DQM (github.com/HCALDQM/ML4DQM, 421ac2f), with what its notebooks printed."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from caloscope.errors import UsageError

NAN: Final = float("nan")
ROWS, COLUMNS = 72, 84
BARREL: Final = (26, 58)
"""Columns of HB in a map of 84: ieta -16 to 16."""

Kind: TypeAlias = Literal["good", "hot", "dead", "random"]
Network: TypeAlias = Literal["cells", "all", "strides", "boxes", "autoencoder", "thin", "logistic"]


@dataclass(frozen=True, slots=True)
class Printed:
    """What a notebook printed: accuracy and area under the ROC curve (NaN: none), and test images."""

    accuracy: float
    auc: float
    images: int


@dataclass(frozen=True, slots=True)
class Task:
    """One notebook: images, faults, network, and the numbers that it printed.

    Images have the `columns` of depth 1. A fault covers a box with sides from `sides[0]` to `sides[1]`, or
    a readout box (`rbx`). There is an image of each of `kinds` of each lumisection, or, if `drawn`, one of
    a kind drawn with these odds, or only `bad` of them to 999 good ones. In their protocol those are of the
    first lumisections, one of each of `kinds` with the `same` box: what is learned from knows the box of
    what is judged. There, too, hot cells count `hot` (None: the highest count of the image), the run is
    there `copies` times, as its three files seem to be one, and a share `test` of the images is judged.
    Zeros of good images may be `filled` with the mean, images be `scaled` by x (1.75 - 0.746 x), or have a
    frame of 0.5 (`padded`). Of a `movie` of 10 lumisections the last is judged. An autoencoder learns from
    the first share `alone` of the good images only.
    """

    name: str
    title: str
    network: Network
    printed: Printed
    kinds: tuple[Kind, ...] = ("hot", "dead")
    drawn: tuple[float, ...] = ()
    named: bool = False
    sides: tuple[int, int] = (1, 1)
    rbx: bool = False
    columns: tuple[int, int] = BARREL
    hot: float | None = 1e4
    copies: int = 1
    bad: int = 0
    same: bool = False
    test: float = 0.4
    filled: bool = False
    scaled: bool = False
    padded: bool = False
    movie: bool = False
    alone: float = 0.0

    @property
    def classes(self) -> tuple[str, ...]:
        """What images are told to be; the first is good."""
        return ("good", *self.kinds) if self.named else ("good", "bad")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of an image as the network gets it."""
        frame = 2 if self.padded else 0
        return ROWS + frame, self.columns[1] - self.columns[0] + frame


_EVEN: Final = (0.5, 0.5)
_BOX: Final = (1, 16)

TASKS: Final = (
    Task("cell", "good, hot or dead: one cell", "cells", Printed(0.9408, 0.960, 1199), named=True),
    Task(
        "cell-all",
        "good or bad: one bin of all 84 columns",
        "all",
        Printed(0.868, 0.899, 6744),
        columns=(0, COLUMNS),
        copies=3,
        test=0.75,
    ),
    Task(
        "box",
        "good or bad: box of 1 to 16 cells a side",
        "boxes",
        Printed(0.99374, 0.99635, 2398),
        drawn=_EVEN,
        sides=_BOX,
        copies=3,
        filled=True,
    ),
    Task(
        "box-scaled",
        "the same with their nonlinear scale",
        "boxes",
        Printed(0.99458, 0.99857, 2398),
        drawn=_EVEN,
        sides=_BOX,
        copies=3,
        filled=True,
        scaled=True,
    ),
    Task(
        "patch",
        "good, hot or dead: 5 x 5 cells",
        "strides",
        Printed(0.9933, NAN, 1199),
        named=True,
        sides=(5, 5),
        hot=None,
    ),
    Task(
        "rbx",
        "good or dead: readout box",
        "boxes",
        Printed(0.99917, 0.9989, 2398),
        kinds=("dead",),
        rbx=True,
        copies=3,
        filled=True,
    ),
    Task(
        "movie",
        "good or bad: last of 10 lumisections, box",
        "boxes",
        Printed(0.99087, NAN, 5915),
        drawn=_EVEN,
        sides=_BOX,
        hot=3.5e3,
        copies=3,
        movie=True,
    ),
    Task(
        "logistic",
        "good or bad: 5 x 5 cells hot, dead or random",
        "logistic",
        Printed(0.866, 0.958, 455),
        kinds=("hot", "dead", "random"),
        drawn=(1 / 3, 1 / 3, 1 / 3),
        sides=(5, 5),
        columns=(0, COLUMNS),
        hot=None,
        bad=300,
        same=True,
        test=0.35,
    ),
    Task(
        "autoencoder",
        "learned from good ones only: 5 x 5 cells",
        "autoencoder",
        Printed(1.0, 1.0, 1608),
        sides=(5, 5),
        hot=None,
        test=0.7,
        alone=0.7,
    ),
    Task(
        "autoencoder-box",
        "learned from good ones only: box of 1 to 16 cells a side",
        "thin",
        Printed(0.9742, NAN, 3101),
        drawn=(0.25, 0.75),
        sides=_BOX,
        copies=3,
        filled=True,
        padded=True,
        test=0.69,
        alone=0.5,
    ),
)
"""In the order of the report. What the notebooks say of the first autoencoder is that it separates all
(1608 images); of the second that about 72 of 1030 good and 8 of 2071 bad ones are on the wrong side."""


def chosen(names: "list[str] | tuple[str, ...] | None") -> tuple[Task, ...]:
    """The tasks of these names, all if None, in the order of the report. Raises `UsageError` for others."""
    known = {task.name: task for task in TASKS}
    for name in names or ():
        if name not in known:
            raise UsageError(f"found no task {name!r}, expected some of {', '.join(known)}")
    return tuple(task for task in TASKS if names is None or task.name in names)
