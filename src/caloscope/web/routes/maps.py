"""The maps: their axes, the names of their cells, and one plane in one lumisection."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Response

from caloscope.geometry.view import Axis, View
from caloscope.records import Code, ResultKey
from caloscope.store import BundleRow
from caloscope.web import grids, verdict
from caloscope.web.models import AxisModel, BundleModel, Cells, MapModel, MapPlane
from caloscope.web.routes.parameters import LARGEST, Bundle, Depth, Slug, label_or_newest
from caloscope.web.source import Opened, Source, slug_of

router = APIRouter(prefix="/api/maps")

Number = Annotated[int, Path(ge=0, le=LARGEST)]


@router.get("")
def maps(source: Opened) -> list[MapModel]:
    """All maps with axes and the bundles that score them."""
    names = sorted({row.map for row in source.store.bundles()})
    return [_map(source, name) for name in names]


@router.get("/{slug}/cells")
def cells(
    source: Opened,
    response: Response,
    slug: Slug,
    bundle: Bundle = None,
    depth: Depth = None,
    geometry: Annotated[str | None, Query(max_length=64, description="lets the answer be kept")] = None,
) -> Cells:
    """The hardware names of the cells of one plane; without a depth, of the plane of the deepest cell."""
    row = source.bundle(slug, bundle)
    view = source.view(row)
    index = _index(view, depth)
    if geometry == view.version:
        response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    shown = view.exists if index is None else view.exists[index]
    regions, region = grids.region_grid(view, index)
    names = [] if shown.ndim > 2 else _names(view, index)
    return Cells(map=row.map, geometry=view.version, depth=depth, names=names, regions=regions, region=region)


@router.get("/{slug}/{run}/{lumi}")
def plane(
    source: Opened,
    slug: Slug,
    run: Number,
    lumi: Number,
    bundle: Bundle = None,
    label: Annotated[str | None, Query(max_length=200)] = None,
    depth: Depth = None,
) -> MapPlane:
    """One map in one lumisection; 404 where nobody scored it."""
    row = source.bundle(slug, bundle)
    chosen = label_or_newest(source, label)
    key = verdict.key_of(chosen or "", run, lumi, row)
    result = source.store.result(key)
    if result is None:
        raise HTTPException(404, f"{row.map} was not scored in run {run}, lumisection {lumi}")
    return MapPlane(
        label=key.label,
        run=run,
        lumi=lumi,
        depth=depth,
        status=verdict.map_status(row, result, source.titles()),
        **_grids(source, row, key, depth),
    )


def _grids(source: Source, bundle: BundleRow, key: ResultKey, depth: int | None) -> dict[str, Any]:
    """The grids of one plane of a result; null for those that its detector does not make.

    All are null where retention deleted them.
    """
    view = source.view(bundle)
    index = _index(view, depth)
    arrays = source.store.arrays(key)
    names = ("codes", "counts", "expected", "evidence", "reconstruction", "direction", "worst_depth")
    if not arrays:
        near = [lumi for lumi in source.store.pictured(key) if lumi is not None]
        return dict.fromkeys(names) | {"kept": near}
    _check(arrays, view, bundle)
    over_all = bool(view.depths) and index is None
    found = grids.worst_of_depths(arrays, view) if over_all else grids.one_depth(arrays, view, index)
    return {name: found.get(name) for name in names} | {"scores": "score" in arrays}


def _index(view: View, depth: int | None) -> int | None:
    """The index of a physical depth; 404 where the view has none such."""
    if depth is None:
        return None
    if depth not in view.depths:
        raise HTTPException(404, f"{view.name} has no depth {depth}, only {list(view.depths)}")
    return view.depths.index(depth)


def _check(arrays: grids.Arrays, view: View, bundle: BundleRow) -> None:
    """Refuse a result whose arrays are not of the view that its bundle names; 409."""
    found = arrays["codes"].shape if "codes" in arrays else None
    if found != view.shape:
        raise HTTPException(
            409, f"{bundle.map}: found codes of shape {found}, expected {view.shape} ({view.name} {view.era})"
        )


def _names(view: View, index: int | None) -> list[list[str | None]]:
    """The name of each cell of a plane; null where there is none."""
    exists = view.exists if index is None else view.exists[index]
    prefix = () if index is None else (index,)
    return [
        [view.describe((*prefix, y, x)) if cell else None for x, cell in enumerate(row)]
        for y, row in enumerate(exists.tolist())
    ]


def _map(source: Source, name: str) -> MapModel:
    """One map; its axes are those of the newest geometry among its bundles, active ones first."""
    rows = source.bundles_of(name)
    views = [source.view(row) for row in rows]
    view = [of_row for row, of_row in zip(rows, views, strict=True) if row.state == rows[0].state][-1]
    return MapModel(
        map=name,
        slug=slug_of(name),
        x=_axis(view.x),
        y=_axis(view.y),
        depths=list(view.depths),
        cells=int(view.exists.sum()),
        bundles=[
            BundleModel(
                hash=row.hash,
                name=row.name,
                detector=row.detector,
                era=row.era,
                noise=row.noise,
                state=row.state,
                geometry=of_row.version,
            )
            for row, of_row in zip(rows, views, strict=True)
        ],
    )


def _axis(axis: Axis) -> AxisModel:
    return AxisModel(
        name=axis.name,
        title=axis.title,
        low=axis.low,
        high=axis.high,
        values=list(axis.values),
        circular=axis.circular,
    )


CODE_NAMES = {int(code): code.name for code in Code}
"""What the numbers in `codes` mean."""


@router.get("/codes", include_in_schema=True)
def codes() -> dict[int, str]:
    """What the numbers in `codes` mean (CMS's quality codes)."""
    return CODE_NAMES
