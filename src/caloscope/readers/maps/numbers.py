"""The numbers of a lumisection that stand beside its maps: events and pileup."""

from pathlib import Path

from caloscope.config.catalogue import MapSpec
from caloscope.readers.scalars import to_events, to_pileup
from caloscope.readers.shelf import Shelf


class Numbers:
    """Events and pileup of a shelf; each scalar is looked for once."""

    def __init__(self, shelf: Shelf, path: Path) -> None:
        self._shelf = shelf
        self._path = path
        self._place = shelf.place
        self._texts: dict[str, str | None] = {}

    def events(self, spec: MapSpec, *, cumulative: bool) -> int | None:
        """The number of events behind a map's counts, under the first of its names that is there.

        Counts that accumulate need a number that does. Such a number is of one lumisection where the whole
        source is split by lumisection, its parts to be added (DQMIO). Raises `SourceError` INVALID_SCALAR.
        """
        if cumulative:
            names = spec.events_accumulating
        elif self._place.partial and not self._place.grows:
            names = (*spec.events, *spec.events_accumulating)
        else:
            names = spec.events
        for name in names:
            text = self._text(name)
            if text is not None:
                return to_events(self._path, name, text)
        return None

    def pileup(self, spec: MapSpec) -> float | None:
        """A map's pileup under the first of its names that knows it; raises `SourceError` INVALID_SCALAR."""
        for name in spec.pileup:
            text = self._text(name)
            value = None if text is None else to_pileup(self._path, name, text)
            if value is not None:
                return value
        return None

    def _text(self, name: str) -> str | None:
        if name not in self._texts:
            self._texts[name] = self._shelf.scalar(name)
        return self._texts[name]
