"""What the name of a file says, where it is written as CMS writes it."""

import re
from typing import Final, Literal, TypeAlias

from caloscope.records import LumiId

Kind: TypeAlias = Literal["maps", "end of run", "origin", "descriptor"]
"""*maps*: to be read. *end of run*: a marker; its content does not matter. *origin*: says where the file
beside it was written, as the DQM's file saver leaves it. *descriptor*: tells the file drop what lies in it.
"""

LAST: Final = 2**31 - 1
"""Behind every lumisection of a run."""

_SAVED = re.compile(
    r"DQM_V\d{4}_[A-Za-z0-9]{1,64}_R(?P<run>\d{9})"
    r"(?:_L(?P<lumi>\d{9})\.root|\.root\.ls(?P<snapshot>\d{8})(?:_[A-Za-z0-9_.-]{0,200})?)",
    re.ASCII,
)
_MARKER = re.compile(
    r"(?:run(?P<run>\d{1,10})_)?(?:[A-Za-z0-9-]{1,64}_){0,4}EoR(?:_[A-Za-z0-9_.-]{1,100})?\.jsn",
    re.ASCII,
)
_ORIGIN = re.compile(r"DQM_V\d{4}_[A-Za-z0-9]{1,64}_R\d{9}[^/]{0,100}\.root\.origin[^/]{0,200}")


_DESCRIPTOR = re.compile(r"run\d{1,10}_ls\d{1,10}_[A-Za-z0-9_.-]{1,200}\.(?:jsn|ini)", re.ASCII)


def kind(name: str) -> Kind:
    """What a file is for."""
    if _MARKER.fullmatch(name):
        return "end of run"
    if _DESCRIPTOR.fullmatch(name):
        return "descriptor"
    return "origin" if _ORIGIN.fullmatch(name) else "maps"


def place(name: str) -> LumiId | None:
    """The lumisection of a file of maps, that behind all of its run for a marker; None where no name says it.

    What a name says decides when a file is read, never what is made of it.
    """
    if kind(name) == "end of run":
        return LumiId(ended_run(name) or LAST, LAST)
    found = _SAVED.fullmatch(name)
    return LumiId(int(found["run"]), int(found["lumi"] or found["snapshot"])) if found else None


def ended_run(name: str) -> int | None:
    """The run that a marker ends; None where it does not say."""
    found = _MARKER.fullmatch(name)
    return int(found["run"]) if found and found["run"] else None


def shown(text: str) -> str:
    """A name, or what is said of one, for a log; what does things to a terminal is escaped."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape", "backslashreplace").decode()
        for each in text
    )
