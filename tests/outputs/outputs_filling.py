"""Stores filled by hand, and DQM files read back: what the tests of the outputs share."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import uproot

from caloscope import geometry
from caloscope.geometry import View
from caloscope.outputs import write_run
from caloscope.records import Cell, Code, MapResult, Quality, Reason, ResultKey
from caloscope.store import BundleRow, Store

LABEL, RUN, ERA = "ZeroBias", 355456, "2019+"
BEGAN = 1_657_000_000.0
"""When lumisection 1 began."""


def bundle(map_name: str, name: str = "", hash_: str = "") -> BundleRow:
    """A bundle on a view of CMS."""
    return BundleRow(
        hash=hash_ or f"hash-of-{map_name}",
        name=name or f"reference {map_name}",
        map=map_name,
        detector="reference",
        view=map_name.split("/", maxsplit=1)[0],
        era=ERA,
        noise="binomial",
    )


def cms_view(map_name: str) -> View:
    return geometry.view(map_name.split("/", maxsplit=1)[0], ERA)


def result(
    owner: BundleRow,
    lumi: int,
    bad: Sequence[Cell] = (),
    masked_bad: Sequence[Cell] = (),
    *,
    view: View | None = None,
    pileup: float | None = 40.0,
    score: float | None = None,
) -> MapResult:
    """A scored lumisection: evidence grows with y and x, expected counts are 100 + x."""
    view = view or cms_view(owner.map)
    codes = np.where(view.exists, Code.GOOD, Code.ABSENT).astype(np.int8)
    for cells, code in ((bad, Code.BAD), (masked_bad, Code.MASKED_BAD)):
        for cell in cells:
            codes[cell] = code
    y, x = np.indices(view.shape, dtype=np.float32)[-2:]
    return MapResult(
        key=ResultKey(LABEL, RUN, lumi, owner.map, owner.hash),
        quality=Quality.BAD if bad else Quality.GOOD,
        reason=None,
        counts=np.full(view.shape, 7, np.uint32),
        codes=codes,
        evidence=None if score is not None else y + x / 128,
        expected=None if score is not None else 100 + x,
        score=None if score is None else np.full(view.shape, score, np.float32),
        reconstruction=None if score is None else x / 8,
        events=1000 + lumi,
        image_events=3000 + lumi,
        pileup=pileup,
        content=f"{owner.map} {lumi}",
        began_at=BEGAN + 23.3 * (lumi - 1),
    )


def unknown(owner: BundleRow, lumi: int, reason: Reason, view: View | None = None) -> MapResult:
    """A lumisection that nobody could judge."""
    view = view or cms_view(owner.map)
    return MapResult(
        key=ResultKey(LABEL, RUN, lumi, owner.map, owner.hash),
        quality=Quality.UNKNOWN,
        reason=reason,
        counts=None,
        codes=np.where(view.exists, Code.UNKNOWN, Code.ABSENT).astype(np.int8),
        content=f"{owner.map} {lumi}",
    )


def fill(url: str, results: Sequence[MapResult], bundles: Sequence[BundleRow]) -> None:
    """Record results one by one, as a monitor does."""
    with Store(url) as store:
        for row in bundles:
            store.register_bundle(row)
        for each in results:
            store.record([each], [], [])


def written(url: str, folder: Path, *, cms_names: bool = False) -> dict[str, dict[str, Any]]:
    """Objects of each file by the file's name."""
    with Store(url, read_only=True) as store:
        paths = write_run(store, LABEL, RUN, folder, cms_names=cms_names)
    return {path.name: read_back(path) for path in paths}


def only(files: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """The objects of the one file there is, which must have this name."""
    assert list(files) == [name]
    return files[name]


def read_back(path: Path) -> dict[str, Any]:
    """All objects of a DQM file by `<top folder>/<path>/<name>`; scalars as the text of their key's value."""
    with uproot.open(path) as file:
        run = file[f"DQMData/Run {RUN}"]
        found = {}
        for top, folder in run.items(recursive=False, cycle=False):
            for name, value in _walk(folder["Run summary"]):
                found[f"{top}/{name}"] = value
        return found


def _walk(folder: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in folder.items(recursive=False, cycle=False):
        if hasattr(value, "items"):
            yield from _walk(value, f"{above}{name}/")
        elif name.startswith("<"):
            tag, rest = name[1:].split(">", 1)
            yield f"{above}{tag}", rest.removesuffix(f"</{tag}>")
        else:
            yield f"{above}{name}", value


def values(histogram: Any) -> Any:
    """Bin contents of a TH2 as `(y, x)`."""
    return histogram.values().T
