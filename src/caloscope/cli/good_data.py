"""Good lumisections from the sources of a command."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import track

from caloscope.cli.options import selection, sources
from caloscope.config.catalogue import MapSpec
from caloscope.errors import UsageError
from caloscope.records import Lumisection


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which lumisections are meant, as the options of a command say it."""

    label: str
    era: str | None = None
    run: int | None = None
    runs: str | None = None
    lumis: str | None = None

    def read(
        self, paths: Sequence[str], maps: Collection[MapSpec], calorimeter: str | None
    ) -> list[Lumisection]:
        """All of them, in the order of the sources. Raises `UsageError` where there are none."""
        wanted = selection(self.runs, self.lumis)
        found = [each for each in self._each(paths, maps, calorimeter) if wanted(each.id)]
        if not found:
            raise UsageError("no lumisections among the sources, expected two or more")
        return found

    def _each(
        self, paths: Sequence[str], maps: Collection[MapSpec], calorimeter: str | None
    ) -> Iterator[Lumisection]:
        from caloscope.geometry import view
        from caloscope.readers import read

        console = Console(stderr=True)
        shown = track(
            sources(list(paths)),
            "reading",
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        for path in shown:
            yield from read(
                path,
                maps,
                label=self.label,
                era=self.era,
                run=self.run,
                views=lambda name, era: view(name, era, calorimeter),
            )
