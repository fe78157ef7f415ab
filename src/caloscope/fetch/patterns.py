"""Names by pattern, on a disk or on a server: `*`, `?` and `[...]` in one part, `**` for folders between."""

import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import translate

from caloscope.errors import UsageError
from caloscope.fetch.limits import MAX_FOLDERS_DEEP, MAX_NAMES
from caloscope.fetch.server import Entry

ListFolder = Callable[[str], Iterable[Entry]]

_DIGITS = re.compile(r"([0-9]+)")


def natural(text: str) -> tuple[tuple[str | tuple[int, str], ...], str]:
    """A key that sorts `LS2` before `LS10`.

    Numbers are compared by length and digits, so that one of any length will do; the text itself decides
    between `LS2` and `LS02`.
    """
    parts: list[str | tuple[int, str]] = list(_DIGITS.split(text))
    for place in range(1, len(parts), 2):
        digits = str(parts[place]).lstrip("0")
        parts[place] = (len(digits), digits)
    return tuple(parts), text


def visible(entries: Iterable[Entry]) -> list[Entry]:
    """The entries that are not hidden, and whose names are names, not paths."""
    return [entry for entry in entries if not entry.name.startswith(".") and _is_name(entry.name)]


def split_pattern(path: str, magic: str) -> tuple[str, tuple[str, ...]]:
    """The folder before the first part with one of the characters `magic`, and the parts from there on."""
    parts = path.split("/")
    first = next(n for n, part in enumerate(parts) if any(sign in part for sign in magic))
    folder = "/".join(parts[:first]) or ("/" if first else "")
    return folder, tuple(part for part in parts[first:] if part)


def join(folder: str, name: str) -> str:
    """The path of a name in a folder; the folder "" is the present one."""
    return f"{folder.rstrip('/')}/{name}" if folder else name


class Walk:
    """A search with a bound on the names looked at; each folder is listed once."""

    def __init__(self, entries: ListFolder) -> None:
        self._entries = entries
        self._known: dict[str, list[Entry]] = {}
        self._seen = 0

    def find(self, folder: str, parts: tuple[str, ...], deep: int = 0) -> Iterator[tuple[str, bool]]:
        """Paths beneath `folder` that match, and whether each is a folder; a path may come twice.

        Hidden names only match a part that starts with a dot. `**` does not follow links to folders.
        Raises UsageError where there are too many names.
        """
        part, rest = parts[0], parts[1:]
        if part == "**":
            yield from self._any_depth(folder, rest or ("*",), deep)
            return
        matches = re.compile(translate(part)).match
        for entry in self._list(folder):
            if not matches(entry.name) or (entry.name.startswith(".") and not part.startswith(".")):
                continue
            path = join(folder, entry.name)
            if not rest:
                yield path, entry.is_folder
            elif entry.is_folder:
                yield from self.find(path, rest, deep + 1)

    def _any_depth(self, folder: str, rest: tuple[str, ...], deep: int) -> Iterator[tuple[str, bool]]:
        while rest[0] == "**" and len(rest) > 1:
            rest = rest[1:]
        yield from self.find(folder, rest if rest[0] != "**" else ("*",), deep)
        if deep >= MAX_FOLDERS_DEEP:
            raise UsageError(
                f"{folder}: folders more than {MAX_FOLDERS_DEEP} deep, expected a narrower pattern"
            )
        for entry in visible(self._list(folder)):
            if entry.is_folder and not entry.is_link:
                yield from self._any_depth(join(folder, entry.name), rest, deep + 1)

    def _list(self, folder: str) -> list[Entry]:
        if folder not in self._known:
            found = [entry for entry in self._entries(folder) if _is_name(entry.name)]
            self._seen += len(found) + 1
            if self._seen > MAX_NAMES:
                raise UsageError(
                    f"{folder}: more than {MAX_NAMES} names to look at, expected a narrower pattern"
                )
            self._known[folder] = found
        return self._known[folder]


def _is_name(name: str) -> bool:
    """Whether a name is one: a server may answer anything."""
    return name not in {"", ".", ".."} and "/" not in name and "\0" not in name
