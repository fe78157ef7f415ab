"""What a run did, against lumisection."""

from collections.abc import Sequence
from functools import partial

from fastapi import APIRouter, HTTPException

from caloscope.records import Quality
from caloscope.store import BundleRow, ResultRow
from caloscope.web import series, verdict
from caloscope.web.routes.parameters import Commissioning, Label, Run, label_or_newest, run_or_newest
from caloscope.web.series import Trends
from caloscope.web.source import Opened

router = APIRouter()


@router.get("/api/trends")
def trends(
    source: Opened, label: Label = None, run: Run = None, commissioning: Commissioning = False
) -> Trends:
    """Pileup, events, events per image and bad cells in each of the newest 4000 lumisections of a run."""
    chosen = label_or_newest(source, label)
    if chosen is None:
        raise HTTPException(404, "the store holds no lumisection yet")
    number = run_or_newest(source, chosen, run)
    known = source.run(chosen, number)
    rows = known.rows
    bundles = verdict.required(source, chosen, number, rows)
    spans = series.spans_of(rows)
    lumis = series.with_gaps(list(known.by_lumi), spans)
    shown = bundles + (verdict.in_commissioning(source, chosen, number, rows) if commissioning else [])
    drawn = [row for row in rows if row.key.bundle in {bundle.hash for bundle in shown}]
    titles = source.titles(commissioning=commissioning)
    heard = {bundle.hash for bundle in bundles}
    lines = partial(series.lines, lumis, drawn, shown, titles=titles)
    return Trends(
        label=chosen,
        run=number,
        lumis=lumis,
        firsts=[lumi - spans.get(lumi, 1) + 1 for lumi in lumis],
        qualities=[_quality(bundles, known.by_lumi.get(lumi)) for lumi in lumis],
        raised=[
            series.any_raised(row for row in known.by_lumi.get(lumi, ()) if row.key.bundle in heard)
            for lumi in lumis
        ],
        pileup=lines(lambda row: row.pileup, by_map=True),
        events=lines(series.per_lumisection, by_map=True),
        image_events=lines(lambda row: row.image_events, by_map=False),
        bad_cells=lines(series.bad_cells, by_map=False, join=False),
    )


def _quality(bundles: Sequence[BundleRow], rows: Sequence[ResultRow] | None) -> Quality | None:
    """What the bundles say of a lumisection together, None where it has no result at all."""
    if rows is None:
        return None
    return verdict.quality_in(bundles, rows)
