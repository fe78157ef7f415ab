"""The runs of a label and the lumisections of a run."""

from fastapi import APIRouter

from caloscope.web import verdict
from caloscope.web.models import Runs
from caloscope.web.routes.parameters import Label, Run, label_or_newest, run_or_newest
from caloscope.web.source import Opened

router = APIRouter()


@router.get("/api/runs")
def runs_of(source: Opened, label: Label = None, run: Run = None) -> Runs:
    """The runs of a label, and each lumisection of the run that is asked for with its quality."""
    store = source.store
    chosen = label_or_newest(source, label)
    if chosen is None or run is None:
        runs = store.runs(chosen) if chosen else []
        return Runs(label=chosen, labels=store.labels(), runs=runs, run=None, lumis=[], qualities=[])
    number = run_or_newest(source, chosen, run)
    known = source.run(chosen, number)
    bundles = verdict.required(source, chosen, number, known.rows)
    qualities = {lumi: verdict.quality_in(bundles, found) for lumi, found in known.by_lumi.items()}
    return Runs(
        label=chosen,
        labels=store.labels(),
        runs=store.runs(chosen),
        run=number,
        lumis=list(qualities),
        qualities=list(qualities.values()),
    )
