"""Texts in HDF5 files: names, titles, and JSON of any length."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import h5py
import numpy as np

from caloscope.dataset.chunks import MAX_PIECE_BYTES
from caloscope.dataset.guard import Hdf5Folder
from caloscope.dataset.packing import LEVEL

JSON: TypeAlias = Any
"""What `json` can write: numbers, texts, truth values, None, lists, and dictionaries with texts as keys."""

MAX_TEXT = 1000
"""Characters of a name, a title or a label."""

_CHUNK = 2**16


def clean(text: str) -> str:
    """A title as it can be kept: printable, at most `MAX_TEXT` characters."""
    return "".join(each if each.isprintable() else " " for each in text[:MAX_TEXT])


def write_json(group: Any, name: str, value: Mapping[str, JSON]) -> None:
    """JSON as compressed bytes, as attributes end at 64 KiB; raises `ValueError` for what it cannot say."""
    _write_bytes(group, name, json.dumps(dict(value), allow_nan=False, separators=(",", ":")).encode("utf-8"))


def write_lines(group: Any, name: str, lines: Sequence[str]) -> None:
    """Lines of text as compressed bytes, each with its end; raises `ValueError` where they are too long."""
    _write_bytes(group, name, "".join(f"{line}\n" for line in lines).encode("utf-8"))


def _write_bytes(group: Any, name: str, text: bytes) -> None:
    if len(text) > MAX_PIECE_BYTES:
        raise ValueError(f"{name} takes {len(text)} bytes, at most {MAX_PIECE_BYTES} are kept")
    group.create_dataset(
        name,
        data=np.frombuffer(text, np.uint8),
        chunks=(max(1, min(len(text), _CHUNK)),),
        shuffle=False,
        compression="gzip",
        compression_opts=LEVEL,
        track_times=False,
    )


def read_json(folder: Hdf5Folder, name: str) -> dict[str, JSON]:
    """JSON as `write_json` wrote it; raises `SourceError` UNREADABLE where it is no such thing."""
    expected = f"JSON of at most {MAX_PIECE_BYTES} bytes in {name}"
    try:
        value = json.loads(_read_bytes(folder, name, expected))
    except (ValueError, RecursionError) as error:
        raise folder.refused(f"{name} that is no JSON", expected) from error
    if not isinstance(value, dict):
        raise folder.refused(f"{name} that is no JSON object", expected)
    return value


def read_lines(folder: Hdf5Folder, name: str) -> tuple[str, ...]:
    """Lines as `write_lines` wrote them; raises `SourceError` UNREADABLE where they are no text."""
    expected = f"UTF-8 of at most {MAX_PIECE_BYTES} bytes in {name}"
    try:
        text = _read_bytes(folder, name, expected).decode("utf-8")
    except UnicodeDecodeError as error:
        raise folder.refused(f"{name} that is no text", expected) from error
    return tuple(text.removesuffix("\n").split("\n")) if text else ()


def _read_bytes(folder: Hdf5Folder, name: str, expected: str) -> bytes:
    """What `_write_bytes` wrote."""
    array = folder.array(name)
    if array is None or array.dtype != np.uint8 or len(array.shape) != 1 or array.shape[0] > MAX_PIECE_BYTES:
        raise folder.refused(f"no text in {name}", expected)
    return array.rows(0, array.shape[0]).tobytes()


def write_texts(group: Any, texts: Mapping[str, str]) -> None:
    """Text attributes of a fixed length, in UTF-8; cleaned, see `clean`."""
    for name, text in texts.items():
        group.attrs.create(name, clean(text).encode("utf-8"), dtype=_fixed([clean(text)]))


def write_titles(group: Any, name: str, titles: Sequence[str]) -> None:
    """A list of texts as one attribute; cleaned, see `clean`."""
    cleaned = [clean(title) for title in titles]
    values = np.array([title.encode("utf-8") for title in cleaned], dtype=object)
    group.attrs.create(name, values, dtype=_fixed(cleaned))


def _fixed(texts: Sequence[str]) -> Any:
    """The type of texts of a fixed length; see `Hdf5Folder.attribute` for why no other is used."""
    longest = max(len(text.encode("utf-8")) for text in texts)
    return h5py.string_dtype("utf-8", max(1, longest))


def read_text(folder: Hdf5Folder, name: str) -> str:
    """A text attribute; raises `SourceError` UNREADABLE where it is not there, long, or not printable."""
    text = as_text(folder.attribute(name))
    if text is None:
        where = folder.name or "the file"
        raise folder.refused(f"no attribute {name} of {where}", f"a text of at most {MAX_TEXT} characters")
    return text


def as_text(value: Any) -> str | None:
    """A text out of the bytes of an attribute; None for all that is none."""
    if not isinstance(value, bytes):
        return None
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if len(text) <= MAX_TEXT and text.isprintable() else None
