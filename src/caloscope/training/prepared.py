"""Good lumisections made ready for a network: rows of numbers in files, so that memory does not grow.

Counts are read, divided and standardised once; every epoch then takes its batches from the files. A row holds
numbers of the cells that the detector knows, in C order.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array, Observation
from caloscope.errors import UsageError
from caloscope.records import Floats

Tell: TypeAlias = Callable[[int, int], None]
"""Told how many of how many lumisections are ready."""

Made: TypeAlias = Callable[[Observation], Mapping[str, Array | float] | None]
"""What an observation is to a network: values of cells `(cell,)` and plain numbers; None: not to be used."""


class Prepared:
    """Rows of good lumisections in (run, lumi) order, their arrays in files of a folder.

    `numbers` holds float64 `(row,)` by name; `run` and `lumi` are int64 `(row,)`, and so is `place`,
    which of the lumisections it was. Another process opens the files anew.
    """

    def __init__(
        self,
        folder: Path,
        names: Sequence[str],
        numbers: Mapping[str, Array],
        run: NDArray[np.int64],
        lumi: NDArray[np.int64],
        place: NDArray[np.int64],
    ) -> None:
        self.folder, self.names = folder, tuple(names)
        self.numbers, self.run, self.lumi, self.place = numbers, run, lumi, place
        self._open: dict[str, Floats] = {}

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.run)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_open": {}}

    def cells(self, name: str) -> Floats:
        """One array, float32 `(row, cell)`, as it lies in its file."""
        if name not in self._open:
            whole = np.memmap(self.folder / f"{name}.rows", np.float32, mode="r")
            self._open[name] = whole.reshape(len(self), -1)
        return self._open[name]

    def rows(self, chosen: NDArray[np.int64]) -> dict[str, Floats]:
        """Some rows, all in memory: arrays `(row, cell)` and numbers `(row, 1)`."""
        found = {name: np.asarray(self.cells(name)[chosen]) for name in self.names}
        numbers = {name: values[chosen, None].astype(np.float32) for name, values in self.numbers.items()}
        return found | numbers


def prepare_rows(
    observations: Sequence[Observation], made: Made, folder: Path, tell: Tell | None = None
) -> Prepared:
    """Write the rows of lumisections to files in a folder.

    Raises `UsageError` where none can be used, or the files cannot be written.
    """
    numbers: dict[str, list[float]] = {}
    ids: list[tuple[int, int, int]] = []
    with _Files(folder) as files:
        for number, (observation, row) in enumerate(_made(observations, made)):
            if row is not None:
                for name, value in row.items():
                    if isinstance(value, np.ndarray):
                        files.add(name, value)
                    else:
                        numbers.setdefault(name, []).append(float(value))
                ids.append((observation.id.run, observation.id.lumi, number))
            if tell is not None:
                tell(number + 1, len(observations))
    if not ids:
        raise UsageError(f"{len(observations)} lumisections of which none can be used, expected good ones")
    run, lumi, place = np.array(ids, np.int64).T
    values = {name: np.array(found) for name, found in numbers.items()}
    return Prepared(folder, files.names, values, run, lumi, place)


class _Files:
    """Files of rows, written one after the other.

    Not mapped into memory: there a full disk would end the process without a word. What the disk refuses is
    a `UsageError`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, BinaryIO] = {}
        self._all = ExitStack()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the arrays, in the order in which they came."""
        return tuple(self._open)

    def add(self, name: str, row: Array) -> None:
        """One more row of an array."""
        try:
            if name not in self._open:
                self._folder.mkdir(parents=True, exist_ok=True)
                file = (self._folder / f"{name}.rows").open("wb")
                self._open[name] = self._all.enter_context(file)
            self._open[name].write(row.astype(np.float32).tobytes())
        except OSError as error:
            raise self._refused(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        try:
            self._all.close()
        except OSError as refused:
            if error is None:
                raise self._refused(refused) from refused

    def _refused(self, error: OSError) -> UsageError:
        return UsageError(f"{self._folder}: cannot be written ({error.strerror}), expected a disk with room")


def _made(
    observations: Sequence[Observation], made: Made
) -> Iterator[tuple[Observation, Mapping[str, Array | float] | None]]:
    for place in range(len(observations)):
        observation = observations[place]
        yield observation, made(observation)
