"""What the log is told of a file that was taken."""

import structlog

from caloscope.monitor.names import shown
from caloscope.monitor.taken import Taken
from caloscope.records import LumiId

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
