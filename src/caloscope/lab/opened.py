"""Opening data sets for a notebook."""

from collections.abc import Sequence
from pathlib import Path

from caloscope.config.catalogue import MapSpec, load
from caloscope.dataset import DataSet, is_data_set, open_data_set
from caloscope.errors import UsageError
from caloscope.geometry import View, view
from caloscope.lab.held import Data, Numbers, Origin
from caloscope.lab.joined import Joined
from caloscope.records import LumiId
from caloscope.training.streamed import Streamed


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
    parts = [Streamed(file, spec) for file in files]
    on = _view(files, spec, calorimeter)
    given = parts[0] if len(parts) == 1 else Joined(parts)
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


def _view(files: Sequence[DataSet], spec: MapSpec, calorimeter: str | None) -> View:
    """The view of the era that all files are of."""
    eras = sorted({file.era for file in files})
    if len(eras) != 1:
        raise UsageError(f"data sets of eras {', '.join(eras)}, expected one era")
    on = view(spec.view, eras[0], calorimeter)
    for file in files:
        info = file.maps[spec.name]
        if (info.geometry, info.shape) != (on.version, on.shape):
            found = f"{file.path}: found {spec.name} of geometry {info.geometry:.20}, {info.shape}"
            raise UsageError(f"{found}, expected {on.version}, {on.shape}: convert it again")
    return on


def _rows(files: Sequence[DataSet]) -> dict[LumiId, tuple[int, int]]:
    """Where each lumisection is: which file, which row."""
    return {
        LumiId(run, lumi): (number, row)
        for number, file in enumerate(files)
        for row, (run, lumi) in enumerate(zip(file.runs.tolist(), file.lumis.tolist(), strict=True))
    }
