"""A study on measured files as it is asked for: its text, and measuring what that says."""

from collections.abc import Callable, Sequence
from pathlib import Path

from caloscope.errors import UsageError
from caloscope.study.real.text import RealText


class RealStudy(RealText):
    """The text of a study that can be measured."""

    def measure(
        self, output: Path, bundles: Sequence[Path], tell: Callable[[str], None], data: Path | None = None
    ) -> list[str]:
        """Measure, write the report, and give its sentences; `data` is the folder of measured files.

        Raises `UsageError` without it, and `SourceError` for a file that will not do.
        """
        from caloscope.study.real.whole import run

        if bundles:
            raise UsageError(
                f"{self.title}: found bundles, expected none: its detectors learn from the files"
            )
        if data is None or not data.is_dir():
            found = "no folder" if data is None else f"no folder {data}"
            raise UsageError(f"{self.title}: found {found}, expected one of measured files, with --data")
        return run(self, data, output, tell)
