"""Good lumisections from the sources of a command."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from caloscope.cli.options import selection, sources
from caloscope.cli.stages import Stages
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
        self,
        paths: Sequence[str],
        maps: Collection[MapSpec],
        calorimeter: str | None,
        stages: Stages | None = None,
    ) -> list[Lumisection]:
        """All of them, in the order of the sources. Raises `UsageError` where there are none."""
        wanted = selection(self.runs, self.lumis)
        if stages is not None:
            stages.begin("reading")
        found = [each for each in self._each(paths, maps, calorimeter, stages) if wanted(each.id)]
        if not found:
            raise UsageError("no lumisections among the sources, expected two or more")
        return found

    def _each(
        self,
        paths: Sequence[str],
        maps: Collection[MapSpec],
        calorimeter: str | None,
        stages: Stages | None,
    ) -> Iterator[Lumisection]:
        from caloscope.geometry import view
        from caloscope.readers import read

        found = sources(list(paths))
        for number, path in enumerate(found):
            yield from read(
                path,
                maps,
                label=self.label,
                era=self.era,
                run=self.run,
                views=lambda name, era: view(name, era, calorimeter),
            )
            if stages is not None:
                stages.tell("reading", "files" if len(found) > 1 else "file", number + 1, len(found))
