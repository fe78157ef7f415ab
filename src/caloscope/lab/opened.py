"""Opening data sets for a notebook."""

from collections.abc import Sequence
from pathlib import Path

from caloscope.config.catalogue import load
from caloscope.dataset import DataSet, is_data_set, open_data_set
from caloscope.errors import UsageError
from caloscope.geometry import view
from caloscope.lab.held import Data, Numbers, Origin
from caloscope.records import LumiId
from caloscope.training.opened import era_of_files, streamed


def data(
    paths: str | Path | Sequence[str | Path],
    map_name: str,
    runs: Numbers = None,
    lumis: Numbers = None,
    *,
    calorimeter: str | None = None,
) -> Data:
    """The lumisections of a map in a data set, or in several.

    `runs` and `lumis` say which: `"1-3,7"`, a number, several numbers, None for all. `calorimeter` is the
    TOML text of one that is not CMS's. Raises `UsageError` for files that are no data sets (`caloscope
    convert` makes one of anything), that have not the map, have it in another geometry, or are of different
    eras; `SourceError` for one that is damaged.
    """
    chosen = [Path(each) for each in ([paths] if isinstance(paths, str | Path) else paths)]
    known = load(calorimeter)
    if map_name not in known:
        raise UsageError(f"map {map_name!r} is not known, expected one of {', '.join(known)}")
    if not chosen:
        raise UsageError("no data set, expected one or more")
    spec = known[map_name]
    files = tuple(_opened(path) for path in chosen)
    on = view(spec.view, era_of_files(files), calorimeter)
    given = streamed(files, spec, on)
    if not len(given):
        raise UsageError(f"{chosen[0]}: no lumisection with {map_name}, expected some")
    whole = Data(
        spec,
        on,
        files[0].label,
        all(file.simulated for file in files),
        tuple(chosen),
        given,
        tuple(given.ids),
        Origin(files, _rows(files)),
        calorimeter,
    )
    return whole.only(runs, lumis)


def _opened(path: Path) -> DataSet:
    if not path.is_file():
        raise UsageError(f"{path}: no such file, expected a data set")
    if not is_data_set(path):
        raise UsageError(f"{path}: found no data set, expected one: `caloscope convert` makes it")
    return open_data_set(path)


def _rows(files: Sequence[DataSet]) -> dict[LumiId, tuple[int, int]]:
    """Where each lumisection is: which file, which row."""
    return {
        LumiId(run, lumi): (number, row)
        for number, file in enumerate(files)
        for row, (run, lumi) in enumerate(zip(file.runs.tolist(), file.lumis.tolist(), strict=True))
    }
