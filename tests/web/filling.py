"""A small store, written through `Store.record` as the pipeline would write it."""

import sys
import time
from pathlib import Path

import numpy as np

from caloscope import geometry
from caloscope.errors import Fault
from caloscope.geometry.view import View
from caloscope.records import (
    Cell,
    Code,
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
from caloscope.store import BundleRow, FileRow, Store

LABEL = "ZeroBias"
RUN = 355558
BARREL = BundleRow("e" * 16, "eb-reference", "EB/digi", "reference", "EB", "2018", "overdispersed")
NETWORK = BundleRow("f" * 16, "eb-network", "EB/digi", "cmssw-ml", "EB", "2018", "overdispersed")
ENDCAP = BundleRow("d" * 16, "eep-reference", "EE+/digi", "reference", "EE+", "2018", "overdispersed")
OTHER_ENDCAP = BundleRow("c" * 16, "eem-reference", "EE-/digi", "reference", "EE-", "2018", "overdispersed")
HADRON = BundleRow("a" * 16, "hcal-reference", "HCAL/digi", "reference", "HCAL", "2018", "binomial")
BUNDLES = (BARREL, NETWORK, ENDCAP, OTHER_ENDCAP, HADRON)


def view_of(bundle: BundleRow) -> View:
    """The view of a bundle."""
    return geometry.view(bundle.view, bundle.era, bundle.calorimeter)


def members(view: View, kind: str, number: int = 3) -> Mask:
    """The cells of one region of a kind."""
    return [region for region in view.regions if region.kind == kind][number].members


def result(
    bundle: BundleRow,
    lumi: int,
    *,
    run: int = RUN,
    label: str = LABEL,
    bad: Mask | None = None,
    never: Mask | None = None,
    factor: float = 0.0,
    unknown: Reason | None = None,
    degraded: tuple[Reason, ...] = (),
    detail: str = "",
    began_at: float | None = None,
) -> MapResult:
    """One answer: a smooth detector, `bad` cells at `factor`, `never` alive ones masked."""
    view = view_of(bundle)
    rng = np.random.default_rng(lumi)
    ys, xs = np.indices(view.shape)[-2:]
    mean = 900 + 500 * np.cos((ys - view.y.bins / 2) / view.y.bins * 2.4) + 60 * np.sin(xs / 7)
    if view.y.bins == view.x.bins:
        mean = 3600 / (1 + 0.25 * np.hypot(ys - 9.5, xs - 9.5))
    expected = np.where(view.exists, mean, 0).astype(np.float32)
    bad, never = (np.zeros(view.shape, np.bool_) if mask is None else mask for mask in (bad, never))
    truth = np.where(bad, expected * factor, np.where(never, 0, expected))
    counts = rng.poisson(truth).astype(np.uint32)
    codes = np.where(view.exists, np.int8(Code.GOOD), np.int8(Code.ABSENT))
    codes[bad & view.exists] = Code.BAD
    codes[never & view.exists] = Code.MASKED_BAD
    if unknown is not None:
        codes[view.exists] = Code.UNKNOWN
    evidence = np.where(bad, 40.0, np.abs(rng.normal(0, 0.6, view.shape))).astype(np.float32)
    quality = Quality.BAD if bad.any() else Quality.UNKNOWN if unknown else Quality.GOOD
    return MapResult(
        key=ResultKey(label, run, lumi, bundle.map, bundle.hash),
        quality=quality,
        reason=unknown,
        counts=counts,
        codes=codes.astype(np.int8),
        evidence=evidence,
        direction=np.where(bad, np.int8(-1 if factor < 1 else 1), np.int8(0)),
        expected=expected,
        never_alive=never,
        events=1100 + 7 * (lumi % 9) - 2 * lumi,
        image_events=1100 if bundle.detector == "reference" else 3300,
        pileup=52.4 - 0.11 * lumi,
        degraded=degraded,
        content=f"{lumi}",
        detail=detail,
        began_at=began_at,
        seconds=0.01,
    )


def incident(
    bundle: BundleRow, bad: Mask, hardware: str, opened: int, last: int, **changes: object
) -> Incident:
    """An incident over the cells of a mask."""
    cells: tuple[Cell, ...] = tuple(tuple(int(i) for i in cell) for cell in np.argwhere(bad))
    given: dict[str, object] = {
        "id": f"{bundle.map}-{hardware}-{opened}",
        "label": LABEL,
        "map": bundle.map,
        "bundle": bundle.hash,
        "hardware": hardware,
        "cells": cells,
        "opened": LumiId(RUN, opened),
        "last": LumiId(RUN, last),
        "onset": LumiId(RUN, opened),
        "closed": None,
        "direction": Direction.LOW,
        "reason": Reason.EVIDENCE,
        "severity": Severity.CELL if len(cells) == 1 else Severity.REGION,
        "factor": 0.0,
        "peak_evidence": 812.4,
    }
    return Incident(**(given | changes))  # type: ignore[arg-type]


def one_cell(bundle: BundleRow, *cell: int) -> Mask:
    """A mask of one cell."""
    mask: Mask = np.zeros(view_of(bundle).shape, dtype=np.bool_)
    mask[cell] = True
    return mask


def fill(
    path: Path, lumis: int = 12, hardware: str = "EB-04", bundles: tuple[BundleRow, ...] = BUNDLES
) -> None:
    """A run in which a supermodule dies at LS 6 and a hot tower comes and goes; a gap; a dead channel."""
    with Store(str(path)) as store:
        for bundle in bundles:
            store.register_bundle(bundle)
        for lumi in range(1, lumis + 1):
            if lumi != 4:
                record_lumi(store, lumi, hardware, bundles)
        note_quarantine(store)


def record_lumi(
    store: Store, lumi: int, hardware: str = "EB-04", bundles: tuple[BundleRow, ...] = BUNDLES
) -> None:
    """What the pipeline writes for one lumisection."""
    module = members(view_of(BARREL), "supermodule")
    tower, dead = one_cell(BARREL, 20, 40), one_cell(HADRON, 1, 30, 60)
    standing = incident(
        HADRON, dead, "HBP12 (ieta 19, iphi 31, depth 2)", 1, lumi, standing=True, masked=True
    )
    found = [standing] if HADRON in bundles else []
    if lumi >= 6 and BARREL in bundles:
        found.append(incident(BARREL, module, hardware, 6, lumi))
    if 2 <= lumi <= 9 and BARREL in bundles:
        hot: dict[str, object] = {"direction": Direction.HIGH, "factor": 2.51, "peak_evidence": 61.0}
        hot["closed"] = LumiId(RUN, 5) if lumi >= 5 else None
        name = "EB+05 tower (ieta 16..20, iphi 201..205)"
        found.append(incident(BARREL, tower, name, 2, min(lumi, 3), **hot))
    store.record([answer(bundle, lumi, dead) for bundle in bundles], found)


def answer(bundle: BundleRow, lumi: int, dead: Mask) -> MapResult:
    """What one bundle says in one lumisection."""
    module = members(view_of(BARREL), "supermodule") if lumi >= 6 else None
    if bundle is BARREL:
        return result(
            BARREL, lumi, bad=one_cell(BARREL, 20, 40) if lumi in {2, 3} else module, factor=2.5 * (lumi < 6)
        )
    if bundle is NETWORK:
        warm = None if lumi >= 6 else Reason.WARM_UP
        return result(NETWORK, lumi, bad=module, unknown=warm)
    if bundle is ENDCAP:
        return result(ENDCAP, lumi, unknown=Reason.FEW_EVENTS if lumi in {8, 12} else None)
    if bundle is OTHER_ENDCAP:
        return result(OTHER_ENDCAP, lumi, degraded=(Reason.PILEUP_ESTIMATED,))
    return result(HADRON, lumi, never=dead)


def note_quarantine(store: Store) -> None:
    """Two files that could not be read."""
    for name, fault in (
        ("DQM_V0001_EcalML_R000355558_L000004.root", Fault.TRUNCATED),
        ("notes.root", Fault.UNKNOWN_FORMAT),
    ):
        store.note_file(
            FileRow(
                f"/spool/{name}", 1200, 5, "QUARANTINED", fault, f"found 1200 bytes, expected 40960 in {name}"
            )
        )


if __name__ == "__main__":  # another process that writes: PATH FIRST LAST SECONDS
    place, first, final, pause = sys.argv[1:5]
    with Store(place) as opened:
        for number in range(int(first), int(final) + 1):
            time.sleep(float(pause))
            record_lumi(opened, number, bundles=(BARREL, HADRON))
