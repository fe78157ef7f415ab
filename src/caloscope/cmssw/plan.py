"""The plan of a batch: everything its files are made from, kept beside them as `plan.json`."""

import re
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from caloscope.cmssw.checks import fitting, number, printable
from caloscope.cmssw.job import Format, Job, Offline, Part, Subsystem
from caloscope.cmssw.lumis import MOST, chunks
from caloscope.config.ranges import Ranges
from caloscope.errors import UsageError

PLAN_FILE: Final = "plan.json"
_RELEASE: Final = r"CMSSW_[0-9]+_[0-9]+_[A-Za-z0-9_-]+"
_MAX_BYTES: Final = 50_000_000


class Plan(BaseModel):
    """A batch of jobs, one a chunk of lumisections.

    `release` is the name of a CMSSW release, or the folder of an area that was made from one. `memory` in MB,
    `max_runtime` in seconds. Paths are absolute. Constructing one checks its types only: see `checked`.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    schema_version: Literal[1] = 1
    part: Part
    run: int
    era: str
    modifier: str
    global_tag: str
    subsystem: Subsystem
    tag: str
    format: Format
    files: tuple[str, ...]
    lumis: str
    chunk: int
    output_dir: str
    release: str
    setup: str
    arch: str | None = None
    memory: int
    max_runtime: int
    accounting_group: str | None = None
    proxy: str | None = None

    @property
    def is_release_name(self) -> bool:
        """Whether each job makes an area of its own from a release."""
        return re.fullmatch(_RELEASE, self.release) is not None

    @cached_property
    def job(self) -> Job:
        """The cmsRun job of all lumisections; raises `UsageError` where it cannot be."""
        return Job(
            part=self.part,
            run=self.run,
            era=self.era,
            modifier=self.modifier,
            global_tag=self.global_tag,
            source=Offline(self.files, Ranges.parse(self.lumis), self.format),
            tag=self.tag,
            subsystem=self.subsystem,
        )

    @cached_property
    def chunks(self) -> tuple[Ranges, ...]:
        """The lumisections of each job, in order."""
        number("--chunk", self.chunk, 1, MOST)
        return tuple(chunks(Ranges.parse(self.lumis), self.chunk))

    def checked(self) -> "Plan":
        """The plan itself; raises `UsageError` for a value that cannot be."""
        _ = self.job, self.chunks
        for what, path in (("--output-dir", self.output_dir), ("--setup", self.setup)):
            _folder(what, path)
        if not self.is_release_name:
            _folder("--release", self.release)
        if self.arch is not None:
            fitting("--arch", self.arch, r"[A-Za-z0-9_]{1,60}", "an architecture such as el8_amd64_gcc11")
        if self.accounting_group is not None:
            fitting("--accounting-group", self.accounting_group, r"[A-Za-z0-9_.@-]{1,120}", "a group's name")
        if self.proxy is not None:
            _folder("--proxy", self.proxy)
        number("--request-memory", self.memory, 100, 1_000_000)
        number("--max-runtime", self.max_runtime, 60, 30 * 86_400)
        return self


def _folder(what: str, path: str) -> None:
    if not printable(what, path).startswith("/"):
        raise UsageError(f"{what}: found {path!r}, expected the name of a release or a whole path")


def read_plan(folder: Path) -> Plan:
    """The plan in a folder; raises `UsageError` where there is none, or none that will do."""
    path = folder / PLAN_FILE
    if not path.is_file():
        raise UsageError(f"{folder}: found no {PLAN_FILE}, expected a folder of `caloscope cmssw batch`")
    if path.stat().st_size > _MAX_BYTES:
        raise UsageError(f"{path}: found {path.stat().st_size} bytes, expected at most {_MAX_BYTES}")
    try:
        return Plan.model_validate_json(path.read_bytes()).checked()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "the whole"
        raise UsageError(f"{path}: {where}: {first['msg']}") from error
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
