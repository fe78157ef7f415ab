"""The cell that is made faulty comes back as exactly that cell, through every format that holds the map."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.config.catalogue import load
from caloscope.convert import Request, convert
from caloscope.dataset import open_data_set
from caloscope.faults.fault import Fault
from caloscope.fetch import expand
from caloscope.geometry import View, view
from caloscope.inject import inject
from caloscope.readers.shelf import Histogram
from caloscope.records import Cell, Lumisection
from caloscope.simulate import STEADY, Fill, Healthy, healthy_maps, lumisections, write_fill
from caloscope.simulate.to_data_set import Plan, to_data_set
from tests.convert.writing import started_trees, told, write_dqmio
from tests.readers import folder_making as folders
from tests.readers import formats
from tests.readers import tree_making as trees

RUN, ERA, LUMIS, ONSET = formats.RUN, "2018", 3, 2
CELLS: Mapping[str, tuple[Cell, str]] = {
    "EB/digi": ((9, 50), "EB-13 tower (ieta -40..-36, iphi 251..255)"),
    "EE+/digi": ((10, 4), "EE+03 supercrystal (ix 21..25, iy 51..55)"),
    "EB/rechit": ((20, 3), "EB+01 tower (ieta 16..20, iphi 16..20)"),
    "HCAL/digi": ((6, 10, 15), "HEM04 (ieta -27, iphi 11, depth 7)"),
    "HO/digi": ((10, 40), "HO0 (ieta -2, iphi 11)"),
}
KINDS = ("dead", "hot")
FILL = Fill(RUN, LUMIS, 7, events=400)
Arrays = Mapping[str, NDArray[Any]]
Maker = Callable[[Path, list[Lumisection]], list[Path]]


def views() -> dict[str, View]:
    return {name: view(load()[name].view, ERA) for name in CELLS}


@cache
def detectors() -> dict[str, Healthy]:
    return healthy_maps([(load()[name], on) for name, on in views().items()], 1, stability=STEADY)


def faults(kind: str) -> list[Fault]:
    """One cell of each map."""
    made = {"dead": ("dead", None), "hot": ("hot", 2.0)}[kind]
    return [Fault(name, cell, *made, onset=ONSET) for name, (cell, _) in CELLS.items()]  # type: ignore[arg-type]


@cache
def given(kind: str = "") -> list[Lumisection]:
    """What was simulated, with a fault or without."""
    return list(lumisections(FILL, detectors(), faults(kind) if kind else ()))


def table(given_ones: list[Lumisection]) -> dict[tuple[int, str], Histogram]:
    """The histograms by lumisection and path; HO stands in depth 4 of HCAL's."""
    found: dict[tuple[int, str], Histogram] = {}
    for each in given_ones:
        for name, record in each.maps.items():
            on, path = views()[name], load()[name].paths(ERA)[0]
            planes = record.counts if on.depths else record.counts[np.newaxis]
            for depth, values in zip(on.depths or (0,), planes, strict=True):
                key = (each.lumi, path.format(depth=depth))
                before = found[key].values if key in found else 0
                axes = ((on.x.low, on.x.high), (on.y.low, on.y.high))
                found[key] = formats.plane((values + before).astype(np.float32), *axes)
    return found


def _data_set(to: Path, kind: str) -> Path:
    plan = Plan([FILL], detectors(), faults(kind) if kind else ())
    to_data_set(to, plan, provenance={})
    return to


def _files(to: Path, made: list[Lumisection], snapshots: int = 0) -> list[Path]:
    to.mkdir()
    write_fill(to, made, [(load()[name], on) for name, on in views().items()], snapshots=snapshots)
    return sorted(to.iterdir())


def _ml4dqm(to: Path, made: list[Lumisection]) -> list[Path]:
    """One array `(lumi, y, x)` for each histogram that the project knows; the run as an attribute."""
    of = table(made)
    with h5py.File(to, "w") as file:
        for name, on in views().items():
            key, path = load()[name].key(ERA), load()[name].paths(ERA)[0]
            for depth in (on.depths or (0,)) if key else ():
                planes = [of[lumi, path.format(depth=depth)].values for lumi in range(1, LUMIS + 1)]
                into = str(key).format(depth=depth)
                if into not in file:
                    file[into] = planes
        file.attrs["run"] = RUN
    return [to]


MAKERS: Mapping[str, Maker] = {
    "DQM ROOT": _files,
    "snapshots": lambda to, made: _files(to, made, snapshots=1),
    "ML4DQM HDF5": _ml4dqm,
    "legacy CSV": lambda to, made: [formats.write_csv(to, table(made))],
    "DIALS parquet": lambda to, made: [formats.write_parquet(to, table(made))],
    "DIALS JSON": lambda to, made: [formats.write_json(to, table(made))],
}


def converted(sources: list[Path], output: Path) -> Path:
    """A data set of the maps."""
    request = Request(maps=tuple(CELLS), era=ERA, from_start=True)
    report = convert(expand([str(path) for path in sources]), request, output)
    assert report.bad == ()
    return output


def read(path: Path) -> Arrays:
    """Counts of all maps in a data set."""
    with open_data_set(path) as found:
        assert list(zip(found.runs, found.lumis, strict=True)) == [
            (RUN, lumi) for lumi in range(1, LUMIS + 1)
        ]
        return {name: found.counts(name, 0, LUMIS) for name in found.maps}


def at(values: NDArray[Any], cell: Cell) -> NDArray[Any]:
    """One cell in every row."""
    where: Any = (slice(None), *cell)
    return np.asarray(values[where])


def require(good: Arrays, bad: Arrays, kind: str, maps: list[str]) -> None:
    """Asserts that cells hold what was simulated, and that one cell of each map differs."""
    assert sorted(good) == sorted(bad) == sorted(maps)
    for name in maps:
        on, (cell, words) = views()[name], CELLS[name]
        for found, made in ((good[name], given()), (bad[name], given(kind))):
            wanted = np.stack([each.maps[name].counts for each in made])
            np.testing.assert_array_equal(found[:, on.exists], wanted[:, on.exists], err_msg=name)
        changed = np.argwhere((good[name] != bad[name]) & on.exists)
        assert changed.tolist() == [[row, *cell] for row in range(ONSET - 1, LUMIS)], name
        assert {on.describe(tuple(each[1:])) for each in changed.tolist()} == {words}
        before, after = (at(counts[name], cell)[ONSET - 1 :].astype(int) for counts in (good, bad))
        assert (after == 0).all() if kind == "dead" else (after > before).all(), name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MAKERS)
def test_through_every_format(tmp_path: Path, name: str, kind: str) -> None:
    maps = [each for each in CELLS if name != "ML4DQM HDF5" or load()[each].key(ERA)]
    assert len(maps) in (3, 5)
    good, bad = (
        read(converted(MAKERS[name](tmp_path / f"source{number}", made), tmp_path / f"{number}.h5"))
        for number, made in enumerate((given(), given(kind)))
    )
    require(good, bad, kind, maps)


@pytest.mark.parametrize("kind", KINDS)
def test_through_data_sets_written_and_converted_again(tmp_path: Path, kind: str) -> None:
    paths = [_data_set(tmp_path / "good.h5", ""), _data_set(tmp_path / "bad.h5", kind)]
    require(read(paths[0]), read(paths[1]), kind, list(CELLS))
    again = [converted([path], path.with_name(f"again {path.name}")) for path in paths]
    require(read(again[0]), read(again[1]), kind, list(CELLS))


@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_names_that_cell(tmp_path: Path, kind: str) -> None:
    with open_data_set(_data_set(tmp_path / "bad.h5", kind)) as found:
        for number, (name, (cell, words)) in enumerate(CELLS.items(), start=1):
            factor, fault = found.truth(name, 0, LUMIS)
            assert np.argwhere(fault).tolist() == [[row, *cell] for row in range(ONSET - 1, LUMIS)]
            assert set(at(fault, cell).tolist()) == {0, number}
            np.testing.assert_array_equal(np.argwhere(factor != 1), np.argwhere(fault))
            assert f'"hardware":"{words}"' in found.faults[number - 1]


def test_injected_is_where_simulated_is(tmp_path: Path) -> None:
    good = _data_set(tmp_path / "good.h5", "")
    inject(good, faults("dead"), tmp_path / "bad.h5", seed=1)
    require(read(good), read(tmp_path / "bad.h5"), "dead", list(CELLS))


@pytest.fixture(scope="module")
def root() -> Iterator[folders.Root]:
    yield from folders.started_root()


@pytest.fixture(scope="module")
def root_of_trees() -> Iterator[trees.Root]:
    yield from started_trees()


@pytest.mark.parametrize("kind", KINDS)
def test_through_files_of_real_root(tmp_path: Path, root: folders.Root, kind: str) -> None:
    found = []
    for number, made in enumerate((given(), given(kind))):
        of = table(made)
        paths = []
        for lumi in range(1, LUMIS + 1):
            things = {path: each for (at, path), each in of.items() if at == lumi}
            paths.append(tmp_path / str(number) / f"DQM_V0001_All_R{RUN:09d}_L{lumi:09d}.root")
            paths[-1].parent.mkdir(exist_ok=True)
            root.write(paths[-1], told(things))
        found.append(read(converted(paths, tmp_path / f"{number}.h5")))
    require(found[0], found[1], kind, list(CELLS))


@pytest.mark.parametrize("kind", KINDS)
def test_through_dqmio_of_real_root(tmp_path: Path, root_of_trees: trees.Root, kind: str) -> None:
    found = []
    for number, made in enumerate((given(), given(kind))):
        of = table(made)
        lumis = {
            lumi: {path: each for (at, path), each in of.items() if at == lumi}
            for lumi in range(1, LUMIS + 1)
        }
        path = write_dqmio(root_of_trees, tmp_path / f"{number}.root", lumis)
        found.append(read(converted([path], tmp_path / f"{number}.h5")))
    require(found[0], found[1], kind, list(CELLS))
