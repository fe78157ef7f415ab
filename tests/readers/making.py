"""Small real files for the tests of the readers."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.config.catalogue import MapSpec, load, plain
from caloscope.errors import Fault, SourceError
from caloscope.geometry import view
from caloscope.readers import read
from caloscope.records import Lumisection
from caloscope.writers.dqm import Histogram2D, Object, write_dqm

MAPS = load()
ECAL = ("EB/digi", "EE-/digi", "EE+/digi")
EB_PATH = "EcalBarrel/EBOccupancyTask/EBOT digi occupancy by lumi"
EVENTS = "Ecal/EventInfo/Number of events in the lumi"
PILEUP = "Ecal/EventInfo/PU in the lumi"
LUMI = "Ecal/EventInfo/iLumiSection"
RUN = 315488
NAME = f"DQM_V0001_Ecal_R{RUN:09d}.root"


def specs(*names: str) -> list[MapSpec]:
    """Maps of the CMS catalogue."""
    return [MAPS[name] for name in names]


def counts(name: str, era: str = "2018", seed: int = 1) -> NDArray[np.float32]:
    """Random whole numbers in the shape of a map."""
    shape = view(MAPS[name].view, era).shape
    return np.random.default_rng(seed).integers(0, 2000, shape).astype(np.float32)


def histograms(name: str, values: NDArray[Any], era: str = "2018", alternative: int = 0) -> dict[str, Object]:
    """A map as the histograms that hold it, by path."""
    spec = MAPS[name]
    seen = view(spec.view, era)
    path = spec.paths(era)[alternative]
    planes = dict(zip(seen.depths, values, strict=True)) if seen.depths else {0: values}
    return {
        path.replace("{depth}", str(depth)): Histogram2D(
            title=f"{name} {depth}",
            x_title=seen.x.title,
            y_title=seen.y.title,
            x_range=(seen.x.low, seen.x.high),
            y_range=(seen.y.low, seen.y.high),
            values=plane,
        )
        for depth, plane in planes.items()
    }


def ecal_objects() -> dict[str, Object]:
    """All that a per-lumisection file of ECAL holds for its three maps."""
    objects: dict[str, Object] = {LUMI: 12, EVENTS: 500.0, PILEUP: 41.25}
    for seed, name in enumerate(ECAL):
        objects |= histograms(name, counts(name, seed=seed))
    return objects


def write_ecal(folder: Path, changes: Mapping[str, Object | None] | None = None, name: str = NAME) -> Path:
    """A file of ECAL with some objects changed, or left out where they are None."""
    objects = {**ecal_objects(), **(changes or {})}
    path = folder / name
    write_dqm(path, RUN, {key: value for key, value in objects.items() if value is not None})
    return path


def lumisections(path: Path, maps: Collection[str] = ECAL, **options: Any) -> list[Lumisection]:
    """Everything in a file."""
    return list(read(path, specs(*maps), label="test", views=view, **options))


def only(path: Path, maps: Collection[str] = ECAL, **options: Any) -> Lumisection:
    """The one lumisection in a file."""
    (found,) = lumisections(path, maps, **options)
    return found


def refusal(path: Path, fault: Fault, maps: Collection[str] = ECAL, **options: Any) -> str:
    """The one line with which a file is refused for that fault."""
    with pytest.raises(SourceError) as caught:
        lumisections(path, maps, **options)
    assert caught.value.fault is fault, caught.value
    line = str(caught.value)
    assert line.isprintable()
    assert len(line) < 400
    assert line.startswith(f"{path}: {fault}: found ")
    return line


def tried(path: Path, maps: Collection[str]) -> list[Lumisection] | str:
    """Everything in a file, or the line with which it is refused."""
    try:
        return lumisections(path, maps)
    except SourceError as error:
        return str(error)


def flipped(content: bytes, seed: int, times: int) -> Iterator[bytes]:
    """A file's content with one bit changed, many times over."""
    rng = np.random.default_rng(seed)
    for place in rng.integers(0, len(content), times):
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        yield bytes(changed)


def read_all(path: Path, *maps: Any, **options: Any) -> list[Lumisection]:
    """All lumisections of a file, with the barrel's digis where no maps are named."""
    return list(read(path, maps or specs("EB/digi"), label="x", views=view, **options))


def tried_plain(path: Path) -> list[Lumisection] | str:
    """All histograms as they are, or the line with which the file is refused."""
    try:
        return read_all(path, plain("*"))
    except SourceError as error:
        return str(error)


def refused(path: Path, fault: Fault, *maps: Any) -> str:
    """The line with which a file is refused, for this fault."""
    with pytest.raises(SourceError) as caught:
        read_all(path, *maps)
    assert caught.value.fault is fault, caught.value
    line = str(caught.value)
    assert line.isprintable()
    assert len(line) < 400
    return line
