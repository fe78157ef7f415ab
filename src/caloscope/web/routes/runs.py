"""The runs of a label and the lumisections of a run."""

from fastapi import APIRouter

from caloscope.decide import quality_of
from caloscope.web import verdict
from caloscope.web.models import Runs
from caloscope.web.routes.parameters import Label, Run, label_or_newest, run_or_newest
from caloscope.web.source import Opened

router = APIRouter()


@router.get("/api/runs")
def runs(source: Opened, label: Label = None, run: Run = None) -> Runs:
    """The runs of a label, and each lumisection of the run that is asked for with its quality."""
    store = source.store
    chosen = label_or_newest(source, label)
    if chosen is None or run is None:
        known = store.runs(chosen) if chosen else []
        return Runs(label=chosen, labels=store.labels(), runs=known, run=None, lumis=[], qualities=[])
    number = run_or_newest(source, chosen, run)
    rows = store.results(chosen, number)
    bundles = verdict.required(source, chosen, number, rows)
    qualities = {
        lumi: quality_of(status.quality for status in verdict.map_statuses(bundles, found))
        for lumi, found in verdict.by_lumi(rows).items()
    }
    return Runs(
        label=chosen,
        labels=store.labels(),
        runs=store.runs(chosen),
        run=number,
        lumis=list(qualities),
        qualities=list(qualities.values()),
    )
