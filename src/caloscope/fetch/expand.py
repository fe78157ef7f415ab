"""From what a person writes to the files it stands for."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from caloscope.errors import UsageError
from caloscope.fetch.limits import DEFAULT, MAX_NAMES, Limits
from caloscope.fetch.lists import read_list
from caloscope.fetch.local_files import local_entries, local_kind
from caloscope.fetch.patterns import Walk, join, natural, split_pattern, visible
from caloscope.fetch.server import Entry, Server, Unreachable
from caloscope.fetch.servers import open_server
from caloscope.fetch.source import (
    Address,
    Source,
    check_text,
    is_address,
    parse_address,
    parse_file,
    printable,
)

_MAX_LISTS_DEEP = 8
_LOCAL_MAGIC = "*?["
_REMOTE_MAGIC = "*"


def expand(texts: Sequence[str], limits: Limits = DEFAULT) -> list[Source]:
    """The files that files, folders, patterns, `@lists` and addresses stand for.

    The order of `texts` is kept; a folder or pattern gives its files in natural order (`LS2` before `LS10`),
    without hidden ones. What is named twice is given once. A remote file that is named in full is not asked
    for here; a remote folder (its address ends with `/`) or pattern is.

    Raises UsageError for what is not there, a pattern that nothing matches, a scheme that is not known, a
    package that is not installed and a name that is none, and SourceError UNREACHABLE where a server
    does not answer.
    """
    found: dict[str, Source] = {}
    for source in _all(texts, limits, 0):
        found.setdefault(source.url or os.path.abspath(source.path or ""), source)  # noqa: PTH100 - text is faster
        if len(found) > MAX_NAMES:
            raise UsageError(f"more than {MAX_NAMES} files, expected fewer at once")
    return list(found.values())


def _all(texts: Iterable[str], limits: Limits, deep: int) -> Iterator[Source]:
    for text in texts:
        check_text(text)
        if text.startswith("@"):
            if deep == _MAX_LISTS_DEEP:
                raise UsageError(f"{printable(text)}: lists in lists more than {_MAX_LISTS_DEEP} deep")
            yield from _all(read_list(text[1:]), limits, deep + 1)
        elif not is_address(text):
            yield from _local(text)
        elif text[:7].lower() == "file://":
            yield from _local(parse_file(text))
        else:
            yield from _remote(parse_address(text), limits)


def _local(text: str) -> list[Source]:
    kind = local_kind(text)
    if kind is None and any(sign in text for sign in _LOCAL_MAGIC):
        found = _matching(text, _LOCAL_MAGIC, local_entries, text)
    elif kind is None:
        raise UsageError(f"{printable(text)}: no such file or folder")
    else:
        found = _folder(text, local_entries, text) if kind else [text]
    return [Source(printable(path), None, Path(path)) for path in found]


def _remote(address: Address, limits: Limits) -> list[Source]:
    magic = "*" in address.path
    # Few files have a name without a dot, and few folders one with it.
    doubtful = address.scheme == "root" and "." not in address.decoded.rpartition("/")[2]
    if not (magic or doubtful or address.path.endswith("/")):
        return [address.source()]
    server = open_server(address.scheme, limits)
    try:
        if not magic and not address.path.endswith("/") and not server.status(address).is_folder:
            return [address.source()]
        found = _listed(server, address, magic=magic)
    except Unreachable as error:
        if error.missing:
            raise UsageError(
                f"{address.name}: {error.found}, expected a folder or file on the server"
            ) from None
        raise error.source_error(address.name, "a server that lists its files") from None
    return [address.at(path).source() for path in found]


def _listed(server: Server, address: Address, *, magic: bool) -> list[str]:
    def entries(folder: str) -> list[Entry]:
        return server.entries(address.at(folder))

    if magic:
        return _matching(address.decoded, _REMOTE_MAGIC, entries, address.name)
    return _folder(address.decoded, entries, address.name)


def _matching(pattern: str, magic: str, entries: Callable[[str], list[Entry]], shown: str) -> list[str]:
    """Files that match, those in folders that match included, as if a shell had named them."""
    folder, parts = split_pattern(pattern, magic)
    walk = Walk(entries)
    files: set[str] = set()
    for path, is_folder in walk.find(folder, parts):
        files.update(
            _files(path, entries) if is_folder and "**" not in parts else () if is_folder else (path,)
        )
    if not files:
        raise UsageError(f"{printable(shown)}: no file matches")
    return sorted(files, key=natural)


def _folder(folder: str, entries: Callable[[str], list[Entry]], shown: str) -> list[str]:
    files = _files(folder, entries)
    if not files:
        raise UsageError(f"{printable(shown)}: a folder without files")
    return files


def _files(folder: str, entries: Callable[[str], list[Entry]]) -> list[str]:
    names = sorted((e.name for e in visible(entries(folder)) if not e.is_folder), key=natural)
    return [join(folder, name) for name in names]
