"""What the log is told of verdicts: of a file that was taken, and of those that settings changed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import structlog

from caloscope.config.ranges import Ranges
from caloscope.monitor.names import shown
from caloscope.monitor.taken import Taken
from caloscope.records import LumiId, MapResult, ResultKey
from caloscope.store import ResultRow

log = structlog.get_logger()


def tell_quarantined(taken: Taken) -> None:
    """Tell the log of a file that went to quarantine, if it did."""
    if taken.error is not None:
        error = taken.error
        name, detail = shown(taken.path.name), shown(str(error))
        log.warning("quarantined", file=name, fault=str(error.fault), detail=detail)


def tell(taken: Taken) -> None:
    """Tell the log what a file brought."""
    for result in taken.results:
        mine = LumiId(result.key.run, result.key.lumi) in taken.lumis
        log.info(
            "scored" if mine else "revised",
            run=result.key.run,
            lumi=result.key.lumi,
            map=result.key.map,
            quality=str(result.quality),
            reason=None if result.reason is None else str(result.reason),
            bad_cells=result.bad_cells,
            milliseconds=round(1000 * result.seconds, 1),
        )


def verdict(found: MapResult | ResultRow) -> str:
    """A verdict in one word, with why or how much of the map it concerns."""
    if found.reason is not None:
        return f"{found.quality} ({found.reason})"
    return f"{found.quality} ({found.bad_cells} bad cells)" if found.bad_cells else str(found.quality)


def tell_judged_again(before: Mapping[ResultKey, str], results: Iterable[MapResult]) -> None:
    """Tell the log which verdicts are others: one line for those of a map and run that changed alike.

    `before` are the verdicts as they were, as far as they are at hand; of a key the last result counts.
    """
    alike: dict[tuple[int, str, str | None, str], list[int]] = defaultdict(list)
    for key, now in {result.key: verdict(result) for result in results}.items():
        was = before.get(key)
        if now != was:
            alike[key.run, key.map, was, now].append(key.lumi)
    for (run, name, was, now), lumis in alike.items():
        log.info("judged again", run=run, lumis=str(Ranges.of(lumis)), map=name, before=was, after=now)
