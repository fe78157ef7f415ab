"""Small data sets and shards for the tests."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caloscope.dataset import MapInfo, Row, ShardWriter, Stored, open_data_set, write
from caloscope.errors import Fault, SourceError
from caloscope.geometry import view
from caloscope.records import BinRange, Counts, Lumisection, MapRecord

RUN = 320_000
EB = "EB/digi"
HCAL = "HCAL/digi"
PLAIN = "plain/Hcal.RunInfo.My_plot"


def info(name: str = EB, shape: tuple[int, ...] | None = None, **changes: Any) -> MapInfo:
    """What a data set says of a map: of one of CMS's, or of one with a shape of its own."""
    head, _, tail = name.partition("/")
    known = {"geometry": "", "axes": ()}
    if shape is None:
        on = view(head, "2018")
        shape, known["geometry"] = on.shape, on.version
    facts = {"noise": "binomial", "producer": "P", "kind": "counts", **known, **changes}
    return MapInfo(name=name, view=head, quantity=tail, shape=shape, **facts)


def counts(shape: tuple[int, ...], seed: int = 1) -> Counts:
    """Counts as a lumisection has them."""
    return np.random.default_rng(seed).poisson(300, shape).astype(np.uint32)


def rows(number: int, *maps: MapInfo, run: int = RUN) -> list[Row]:
    """Lumisections 1, 2 ... with all maps."""
    return [
        Row(
            run,
            lumi,
            1e9 + lumi,
            {
                each.name: MapRecord(counts(each.shape, 1000 * lumi + place), 100 + lumi, 1.5 * lumi)
                for place, each in enumerate(maps)
            },
        )
        for lumi in range(1, number + 1)
    ]


def save(path: Path, content: Iterable[Row], maps: Sequence[MapInfo], count: int | None = None) -> Path:
    """A data set of those rows."""
    content = list(content)
    count = len(content) if count is None else count
    write(path, content, count, maps, label="ZeroBias", era="2018", provenance={"command": "a test"})
    return path


def small(folder: Path, number: int = 5) -> Path:
    """A data set of a few lumisections of two maps."""
    maps = [info("EB/digi", (3, 4)), info(PLAIN, (5,), axes=(BinRange("x", 5, 0.0, 1.0),))]
    return save(folder / "small.h5", rows(number, *maps), maps)


def lumisection(lumi: int, run: int = RUN, **maps: MapRecord) -> Lumisection:
    """A lumisection with the maps `V/<word>`."""
    return Lumisection("ZeroBias", run, lumi, {f"V/{name}": record for name, record in maps.items()})


def shard_of(path: Path, content: Iterable[Lumisection]) -> Path:
    """A shard of those lumisections."""
    with ShardWriter(path) as writer:
        for number, each in enumerate(content):
            writer.add(each, number)
        writer.close({"notes": ["a test"]})
    return path


def everything(path: Path) -> dict[str, Any]:
    """All that a data set holds, read row by row."""
    with open_data_set(path) as found:
        return {
            "rows": list(
                zip(found.runs.tolist(), found.lumis.tolist(), map(str, found.began_at), strict=True)
            ),
            "maps": dict(found.maps),
            "records": {
                name: [_told(found.record(name, row)) for row in range(len(found))] for name in found.maps
            },
            "provenance": found.provenance,
            "about": (found.label, found.era),
        }


def _told(record: MapRecord | Stored | None) -> Any:
    if not isinstance(record, MapRecord):
        return None
    content = (record.counts.dtype.str, record.counts.shape, record.counts.tobytes())
    return (*content, record.events, record.pileup, record.span, record.axes)


def refused(path: Path, fault: Fault = Fault.UNREADABLE) -> str:
    """The one line with which a data set is refused, at once or when it is read."""
    with pytest.raises(SourceError) as caught:
        everything(path)
    assert caught.value.fault is fault, caught.value
    line = str(caught.value)
    assert line.isprintable()
    assert len(line) < 500
    return line


def left_in(folder: Path) -> list[str]:
    """Names of all files in a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())
