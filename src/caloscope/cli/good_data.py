"""Good lumisections from the sources of a command."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from caloscope.cli.options import selection, sources
from caloscope.cli.stages import Stages
from caloscope.config.catalogue import MapSpec
from caloscope.errors import UsageError
from caloscope.records import LumiId, Lumisection

if TYPE_CHECKING:
    from caloscope.bundle import Bundle


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


def warn_of_eras(bundle: "Bundle", good: Sequence[Lumisection], stages: Stages) -> None:
    """A line where lumisections are of another era than the one that a bundle learned in."""
    from caloscope.pipeline.eras import told_of_eras

    told = told_of_eras(bundle, good)
    if told is not None:
        stages.note(told)


def warn_of_faults(paths: Sequence[str], name: str, chosen: Chosen, stages: Stages) -> None:
    """A line for each data set that says of itself that lumisections of a map, taken as good, are not."""
    for path in sources(list(paths)):
        bad, every = _faulty(path, name, chosen)
        if bad:
            found = f"{path.name} says that {bad:,} of {every:,} lumisections have faults in {name}"
            stages.note(f"{found}: they are taken as good all the same; --runs and --lumis choose others")


def _faulty(path: Path, name: str, chosen: Chosen) -> tuple[int, int]:
    """How many of the chosen lumisections of a data set have faults in a map, and how many there are."""
    from caloscope.dataset import is_data_set, open_data_set

    if not is_data_set(path):
        return 0, 0
    wanted = selection(chosen.runs, chosen.lumis)
    with open_data_set(path) as file:
        if name not in file.truth_maps:
            return 0, 0
        pairs = zip(file.runs.tolist(), file.lumis.tolist(), strict=True)
        rows = file.present(name) & np.array([wanted(LumiId(*pair)) for pair in pairs], np.bool_)
        return int((rows & file.faulty(name)).sum()), int(rows.sum())
