"""Small results, incidents and stores for the tests of the store."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from caloscope.records import (
    Cell,
    Code,
    Codes,
    Direction,
    Incident,
    LumiId,
    MapResult,
    Mask,
    Quality,
    Reason,
    ResultKey,
    Severity,
)
from caloscope.store import BundleRow, Store

LABEL, RUN, MAP, BUNDLE = "ZeroBias", 355555, "EB/digi", "b1"
SHAPE = (4, 6)


def bundle(name: str = BUNDLE, map_name: str = MAP, view: str = "EB", era: str = "2018") -> BundleRow:
    """A bundle of a map."""
    return BundleRow(
        name, f"{name}.bundle", map_name, "reference", view, era, "overdispersed", None, {"a": [1]}
    )


def opened(path: Path) -> Store:
    """A new store with one bundle."""
    store = Store(str(path))
    store.register_bundle(bundle())
    return store


def key(
    lumi: int, *, run: int = RUN, label: str = LABEL, map_name: str = MAP, name: str = BUNDLE
) -> ResultKey:
    """The key of a result."""
    return ResultKey(label, run, lumi, map_name, name)


def scored(
    lumi: int,
    bad: Mapping[Cell, int] | None = None,
    *,
    run: int = RUN,
    label: str = LABEL,
    map_name: str = MAP,
    name: str = BUNDLE,
    shape: tuple[int, ...] = SHAPE,
    content: str | None = None,
    never_alive: Mask | None = None,
    flag_reason: Reason = Reason.EVIDENCE,
    direction: int = -1,
) -> MapResult:
    """A scored result; `bad` gives the codes of the cells that are not good; evidence tells lumis apart."""
    codes: Codes = np.full(shape, Code.GOOD, dtype=np.int8)
    for cell, code in (bad or {}).items():
        codes[cell] = code
    flagged = (codes == Code.BAD) | (codes == Code.MASKED_BAD)
    ramp: NDArray[np.float32] = np.arange(codes.size, dtype=np.float32).reshape(shape)
    return MapResult(
        key=key(lumi, run=run, label=label, map_name=map_name, name=name),
        quality=Quality.BAD if (codes == Code.BAD).any() else Quality.GOOD,
        reason=None,
        counts=np.arange(codes.size, dtype=np.uint32).reshape(shape) + np.uint32(lumi),
        codes=codes,
        evidence=ramp + np.float32(lumi),
        direction=np.where(flagged, direction, 0).astype(np.int8),
        expected=ramp * np.float32(1.37),
        flag_reason=flag_reason,
        never_alive=never_alive,
        events=1000 + lumi,
        pileup=35.5,
        content=f"c{lumi}" if content is None else content,
        seconds=0.01,
    )


def unknown(
    lumi: int, reason: Reason = Reason.WARM_UP, *, run: int = RUN, content: str | None = None
) -> MapResult:
    """A result of a map that could not be scored."""
    codes: Codes = np.full(SHAPE, Code.UNKNOWN, dtype=np.int8)
    text = f"c{lumi}" if content is None else content
    return MapResult(key(lumi, run=run), Quality.UNKNOWN, reason, None, codes, content=text)


def incident(
    number: int,
    opened_at: int,
    last: int,
    *,
    closed: int | None = None,
    run: int = RUN,
    factor: float | None = 0.5,
) -> Incident:
    """An incident of the default map."""
    return Incident(
        id=f"i{number}",
        label=LABEL,
        map=MAP,
        bundle=BUNDLE,
        hardware="EB+01 TT 3",
        cells=((1, 2), (1, 3)),
        opened=LumiId(run, opened_at),
        last=LumiId(run, last),
        onset=LumiId(run, max(1, opened_at - 1)),
        closed=None if closed is None else LumiId(run, closed),
        direction=Direction.LOW,
        reason=Reason.EVIDENCE,
        severity=Severity.CLUSTER,
        factor=factor,
        peak_evidence=42.5,
    )
