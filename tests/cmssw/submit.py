"""As much of HTCondor's submit language as tells what a file would queue (condor_submit's manual page)."""

import re
from dataclasses import dataclass, field
from pathlib import Path

_QUEUE = re.compile(r"queue ([a-z]+(?:, [a-z]+)*) from (\S+)", re.IGNORECASE)
_COMMAND = re.compile(r"(\+?[A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*)")
_MACRO = re.compile(r"\$\(([A-Za-z]+)\)")


@dataclass
class Submit:
    """The commands of a file, and the arguments of each job that it queues."""

    commands: dict[str, str] = field(default_factory=dict)
    arguments: list[list[str]] = field(default_factory=list)
    transferred: list[str] = field(default_factory=list)


def parse_submit(path: Path) -> Submit:
    """Reads a submit file and the file of items that it queues from; fails where HTCondor would."""
    submit = Submit()
    raw: dict[str, str] = {}
    queued: list[dict[str, str]] = []
    for line in path.read_text("utf-8").splitlines():
        assert not line.endswith("\\"), "goes on in the next line"
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        assert not queued, "commands after queue"
        if found := _QUEUE.fullmatch(line):
            names = found[1].split(", ")
            items = (path.parent / found[2]).read_text("utf-8").splitlines()
            queued = [dict(zip(names, re.split(r"[,\s]+", item.strip()), strict=True)) for item in items]
        else:
            command = _COMMAND.fullmatch(line)
            assert command is not None, line
            assert command[1] not in raw, "given twice"
            raw[command[1]] = command[2].strip()
    assert queued, "nothing is queued"
    for item in queued:
        known = {**item, "ClusterId": "1", "DOLLAR": "$"}
        submit.commands = {name: _expanded(text, known) for name, text in raw.items()}
        submit.arguments.append(_arguments(submit.commands["arguments"]))
    submit.transferred = [name.strip() for name in raw["transfer_input_files"].split(",")]
    return submit


def _expanded(text: str, known: dict[str, str]) -> str:
    """A value with its macros put in; one that is not known is an error."""
    return _MACRO.sub(lambda found: known[found[1]], text)


def _arguments(text: str) -> list[str]:
    """The new syntax: all in double quotes, an argument with blanks in single quotes."""
    assert text.startswith('"')
    assert text.endswith('"')
    inside = text[1:-1].replace('""', "\0")
    assert '"' not in inside
    words = re.findall(r"(?:[^\s']|'(?:[^']|'')*')+", inside)
    return [re.sub(r"'((?:[^']|'')*)'", lambda m: m[1].replace("''", "'"), word) for word in words]
