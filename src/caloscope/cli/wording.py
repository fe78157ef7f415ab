"""What the parser of the command line has to say of wrong words, in one line as all other errors."""

import sys
from typing import Final

import typer

WRONG_WORDS: Final[type[Exception]] = typer.BadParameter.__mro__[1]
"""Any use of a command that its parser refuses; Typer gives a name of its own to one kind of it only."""


def told(error: Exception) -> str:
    """`COMMAND: what was wrong; what to do`, in one line."""
    context = getattr(error, "ctx", None)
    command = "caloscope" if context is None else context.command_path
    message = getattr(error, "format_message", error.__str__)()
    line = " ".join(message.replace("Value error, ", "").split()).rstrip(".")
    return f"{command}: {line[:1].lower()}{line[1:]}; {command} --help says what is expected"


def show(error: Exception) -> None:
    """Print it to standard error; a group of commands that was called without any shows its help instead."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()  # type: ignore[attr-defined]
    else:
        print(told(error), file=sys.stderr)
