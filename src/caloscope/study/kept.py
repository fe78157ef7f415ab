"""Results of cells on disk, one file each, written whole or not at all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from caloscope.errors import UsageError

_KEY: Final = "key"
"""Each result says which it is: what another program left in its place is none."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A folder of results by name, which several processes and studies may share."""

    folder: Path

    def file(self, key: str) -> Path:
        """Where a result is."""
        return self.folder / "cells" / key[:2] / f"{key}.json"

    def bundle(self, key: str) -> Path:
        """Where the bundle of a fit is."""
        return self.folder / "bundles" / f"{key}.bundle"

    def has(self, key: str) -> bool:
        """Whether there is a result."""
        return self.file(key).is_file()

    def read(self, key: str) -> Any:
        """A result; None where there is none. Raises `UsageError` for a file that was damaged."""
        path = self.file(key)
        try:
            found = json.loads(path.read_text("utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise UsageError(f"{path}: found no result ({error}), remove it to measure again") from error
        if not isinstance(found, dict) or found.get(_KEY) != key:
            raise UsageError(f"{path}: found no result, remove it to measure again")
        return found

    def write(self, key: str, result: Mapping[str, Any]) -> None:
        """Keep a result; whoever reads sees all of it or nothing."""
        path = self.file(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not a temporary file of the library's: only its owner could read that, and folders are shared.
        new = path.with_name(f".{key}.{uuid4().hex}.json")
        with new.open("x", encoding="utf-8") as file:
            json.dump({**result, _KEY: key}, file, separators=(",", ":"))
        new.replace(path)
