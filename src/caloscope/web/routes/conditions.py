"""What data taking was like in a run."""

from fastapi import APIRouter

from caloscope.web.conditions import RunConditions, conditions_of
from caloscope.web.routes.parameters import Label, Lumi, Run, label_or_newest, run_or_newest
from caloscope.web.source import Opened

router = APIRouter()


@router.get("/api/conditions")
def conditions(source: Opened, label: Label = None, run: Run = None, lumi: Lumi = None) -> RunConditions:
    """The state of each lumisection of a run, and what changed there that is no fault of the detector.

    `state` says of each such incident what it was in `lumi`. Nothing is known of runs that were scored before
    conditions were kept.
    """
    chosen = label_or_newest(source, label)
    if chosen is None:
        return RunConditions(label=None, run=None, here=None, stretches=[], incidents=[])
    number = run_or_newest(source, chosen, run)
    return conditions_of(chosen, number, source.run(chosen, number), lumi)
