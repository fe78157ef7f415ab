"""Standard output, as wide as it is."""

import os
import sys

from rich.console import Console


def console(without_terminal: int = 120, *, markup: bool = True) -> Console:
    """As wide as the terminal, or as COLUMNS says, or as many columns where there is no terminal."""
    named = os.environ.get("COLUMNS", "")
    known = sys.stdout.isatty() or (named.isdecimal() and len(named) < 5)
    return Console(width=None if known else without_terminal, highlight=False, markup=markup)
