"""What a data set says of a map, and where its counts stand."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from caloscope.dataset.chunks import PACKED
from caloscope.dataset.contents import ARRAYS, MAX_DIMENSIONS, Kind, kind_named, require_shape
from caloscope.dataset.guard import Array, Hdf5Folder
from caloscope.dataset.texts import MAX_TEXT, as_text, read_text, write_texts, write_titles
from caloscope.records import BinRange

_NUMBERS = ("bins", "low", "high")
_TEXTS = ("view", "quantity", "noise", "producer", "geometry", "kind")


@dataclass(frozen=True, slots=True)
class MapInfo:
    """One map of a data set: `name` is `<view>/<quantity>`.

    `geometry` is the version of its view (`View.version`), empty where no view describes it. `shape` is that
    of one lumisection, `([depth,] y, x)`, and `axes` are its axes in that order; none where nothing is known
    of them. `kind` is "counts" or "float".
    """

    name: str
    view: str
    quantity: str
    noise: str
    producer: str
    geometry: str
    kind: Kind
    shape: tuple[int, ...]
    axes: tuple[BinRange, ...] = ()


def is_name(name: str) -> bool:
    """Whether a text is the name of a map that a file may hold: two parts, and no tricks."""
    parts = name.split("/")
    plain = len(name) <= MAX_TEXT and name.isprintable() and name.isascii() and "\\" not in name
    return plain and len(parts) == 2 and all(part.strip() and part not in (".", "..") for part in parts)


def check(info: MapInfo) -> None:
    """Raises `ValueError` for a map that no data set holds."""
    if not is_name(info.name) or info.name != f"{info.view}/{info.quantity}":
        raise ValueError(f"{info.name!r} is no name of a map: <view>/<quantity>")
    if info.kind not in ARRAYS:
        raise ValueError(f"{info.name}: kind {info.kind!r}, neither counts nor float")
    require_shape(info.shape)
    require_axes(info.name, info.axes, info.shape)


def require_axes(name: str, axes: tuple[BinRange, ...], shape: tuple[int, ...]) -> None:
    """Raises `ValueError` for axes that are not those of an array; there may be none."""
    if axes and tuple(axis.bins for axis in axes) != tuple(shape):
        raise ValueError(f"{name}: axes of {[axis.bins for axis in axes]} bins for shape {shape}")
    if not all(math.isfinite(axis.low) and math.isfinite(axis.high) for axis in axes):
        raise ValueError(f"{name}: axes that do not end")


def write_axes(group: Any, axes: tuple[BinRange, ...]) -> None:
    """The axes as attributes of a group, one list each of titles, bins, low and high edges."""
    if axes:
        write_titles(group, "axis_titles", [axis.title for axis in axes])
        group.attrs["axis_bins"] = np.array([axis.bins for axis in axes], np.int64)
        group.attrs["axis_low"] = np.array([axis.low for axis in axes], np.float64)
        group.attrs["axis_high"] = np.array([axis.high for axis in axes], np.float64)


def write_info(group: Any, info: MapInfo) -> None:
    """All that is said of a map as attributes of its group."""
    write_texts(group, {name: getattr(info, name) for name in _TEXTS})
    write_axes(group, info.axes)


def read_axes(folder: Hdf5Folder, shape: tuple[int, ...]) -> tuple[BinRange, ...]:
    """The axes; raises `SourceError` UNREADABLE where they do not fit the shape."""
    found = [folder.attribute(f"axis_{name}") for name in ("titles", *_NUMBERS)]
    if all(values is None for values in found):
        return ()
    columns = [np.asarray(values) for values in found]
    fits = all(column.shape == (len(shape),) for column in columns)
    if not fits or any(column.dtype.kind not in "iuf" for column in columns[1:]):
        raise folder.refused(f"axes of {folder.name} for other shapes than {shape}", "one axis per dimension")
    rows = zip(*(column.tolist() for column in columns), strict=True)
    axes = tuple(BinRange(as_text(row[0]) or "", int(row[1]), float(row[2]), float(row[3])) for row in rows)
    if tuple(axis.bins for axis in axes) != shape:
        raise folder.refused(
            f"axes of {folder.name} for other shapes than {shape}", "as many bins as there are"
        )
    return axes


def read_info(folder: Hdf5Folder, name: str) -> tuple[MapInfo, Array]:
    """What a group says of a map, and the array of its counts, rows first.

    Raises `SourceError` UNREADABLE where a part is missing or does not fit the others.
    """
    view, quantity, noise, producer, geometry, kind = (read_text(folder, text) for text in _TEXTS)
    found = kind_named(kind)
    if found is None or f"{view}/{quantity}" != name:
        raise folder.refused(f"{folder.name} of kind {kind!r} for {view}/{quantity}", f"a map {name}")
    array = content_of(folder, found)
    shape = array.shape[1:]
    axes = read_axes(folder, shape)
    return MapInfo(name, view, quantity, noise, producer, geometry, found, shape, axes), array


def content_of(folder: Hdf5Folder, kind: Kind) -> Array:
    """The array with a map's counts; raises `SourceError` UNREADABLE unless it is as the format says."""
    name, dtype = ARRAYS[kind]
    array = folder.array(name)
    expected = f"{name} of {dtype}, a chunk per lumisection, shuffle and deflate"
    if array is None:
        raise folder.refused(f"no {name} in {folder.name}", expected)
    shape = array.shape[1:]
    sound = array.dtype == np.dtype(dtype) and 1 <= len(shape) <= MAX_DIMENSIONS and math.prod(shape) > 0
    if not sound or array.chunks.chunk != (1, *shape) or array.chunks.filters != PACKED:
        raise folder.refused(
            f"{array.dtype} {array.shape} in chunks {array.chunks.chunk} in {array.name}", expected
        )
    return array
