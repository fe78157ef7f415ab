"""What was wrong with single maps while the others of a source were fine."""

from caloscope.errors import SourceError


class Spoiled:
    """Takes the errors of maps, so that one of them ends neither its lumisection nor its source."""

    def __init__(self) -> None:
        self._first: SourceError | None = None
        self._more = 0

    def add(self, error: SourceError) -> None:
        """One more map that cannot be used."""
        self._more += self._first is not None
        self._first = self._first or error

    def raise_first(self) -> None:
        """Raises the first error, which tells how many there were; nothing where there was none."""
        if self._first is None:
            return
        if not self._more:
            raise self._first
        found = f"{self._first.found} (and {self._more} maps more that cannot be used)"
        raise SourceError(self._first.path, self._first.fault, found, self._first.expected)
