"""Where the time of one result goes."""

import time


class Stopwatch:
    """Seconds of one stage after the other, from its making on."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}
        self._began = self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """What passed since the last lap was this stage."""
        now = time.perf_counter()
        self.stages[stage] = self.stages.get(stage, 0.0) + now - self._last
        self._last = now

    def total(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self._began
