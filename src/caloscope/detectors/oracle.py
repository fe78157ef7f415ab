"""A detector that knows the truth of a simulation: what no other can be better than."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Answer, Expectation, Memory, NotKnown, Observation, Settings
from caloscope.errors import BundleError
from caloscope.records import Mask, Reason

Truth: TypeAlias = Callable[[Observation], Expectation]
"""What a lumisection's healthy counts were drawn from; it knows which by `observation.id`."""


@dataclass(frozen=True, slots=True, eq=False)
class Oracle:
    """It expects what the simulation drew from; the limit for detectors that expect counts.

    It is made from a function, not fitted, and no bundle can keep it. `alive` are the cells that count in the
    simulation, in the view's shape.
    """

    name: ClassVar[str] = "oracle"

    truth: Truth
    alive: Mask
    min_events: int = 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges."""
        return self.alive.shape

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """The true mean. Events that are not told it knows; few of them leave it without an answer too.

        It remembers nothing.
        """
        events = observation.events
        if events is not None and events < self.min_events:
            detail = f"{events} events, at least {self.min_events} needed"
            return NotKnown(Reason.FEW_EVENTS if events > 0 else Reason.NO_EVENTS, detail), memory
        return self.truth(observation), memory

    def settings(self) -> Settings:
        """The plain values that a bundle's card would keep."""
        return {"min_events": self.min_events}

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle would keep."""
        return {"alive": self.alive}

    @classmethod
    def restore(
        cls,
        settings: Settings,  # noqa: ARG003 - the contract
        arrays: Mapping[str, NDArray[np.generic]],  # noqa: ARG003 - the contract
        model: Path | None,  # noqa: ARG003 - the contract
    ) -> NoReturn:
        """Always raises `BundleError`: the truth of a simulation is not in a bundle."""
        raise BundleError(
            "oracle: found a bundle, expected the function of a simulation: no bundle holds the truth"
        )
