"""What a card says of the lumisections that a detector learned from, and whether others are among them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

from caloscope.bundle import Bundle
from caloscope.config.catalogue import MapSpec
from caloscope.pipeline.state import Given
from caloscope.records import LumiId, Lumisection, LumiState
from caloscope.training.streamed import ids_of

MOST_SOURCES = 100
"""Names of files on a card."""

Provenance: TypeAlias = dict[str, str | int | float | bool | list[str]]


def sources_of(lumisections: Sequence[Lumisection], spec: MapSpec) -> list[str]:
    """Where the map's lumisections came from, each source once."""
    return list(dict.fromkeys(each.source for each in lumisections if spec.name in each.maps))


def provenance(
    learned: Sequence[Given], sources: Sequence[str], conditions: Sequence[LumiState] = ()
) -> Provenance:
    """How many lumisections of how many runs, the first and the last, and the names of their files.

    `conditions` are the states that they were in, where those were not stable collisions.
    """
    ids = ids_of(learned)  # counts may be in a file, and are not needed here
    first, last = ids[0], ids[-1]
    return {
        "lumisections": len(ids),
        "runs": len({each.run for each in ids}),
        "first": f"{first.run}:{first.lumi}",
        "last": f"{last.run}:{last.lumi}",
        "sources": [Path(source).name for source in sources[:MOST_SOURCES]],
        **({"conditions": [str(state) for state in conditions]} if conditions else {}),
    }


def learned_from(bundle: Bundle, lumisections: Iterable[Lumisection]) -> bool:
    """Whether a bundle says that it learned from some of them: of files of these names, and of these runs.

    Where there were more files than a card names, the runs alone tell.
    """
    told = bundle.card.training
    sources, ends = told.get("sources"), (_id(told.get("first")), _id(told.get("last")))
    if not isinstance(sources, list) or ends[0] is None or ends[1] is None:
        return False
    return any(
        ends[0] <= each.id <= ends[1] and (Path(each.source).name in sources or len(sources) >= MOST_SOURCES)
        for each in lumisections
        if bundle.spec.name in each.maps
    )


def _id(text: object) -> LumiId | None:
    """A lumisection from `run:lumi`; None for anything else."""
    run, _, lumi = str(text).partition(":")
    return LumiId(int(run), int(lumi)) if run.isdecimal() and lumi.isdecimal() else None
