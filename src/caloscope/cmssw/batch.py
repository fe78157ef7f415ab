"""The folder of a batch: written once, looked at, and completed by submitting what is wanting."""

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from caloscope.cmssw.condor import LOGS, jobs_text, submit_text
from caloscope.cmssw.configuration import configuration
from caloscope.cmssw.lumis import listed
from caloscope.cmssw.outputs import Output, chunk_name, outputs
from caloscope.cmssw.plan import PLAN_FILE, Plan, read_plan
from caloscope.cmssw.script import script
from caloscope.config.ranges import Ranges
from caloscope.errors import UsageError

SUBMIT: Final = "submit.sub"
SUBMIT_MISSING: Final = "submit_missing.sub"
_JOBS: Final = "jobs.txt"
_JOBS_MISSING: Final = "jobs_missing.txt"


def write_batch(folder: Path, plan: Plan) -> None:
    """Writes a batch's files into a folder; the same plan again writes the same files again.

    Nothing is submitted. Raises `UsageError` for a plan that cannot be, and for a folder that holds another.
    """
    texts = {
        "run_cfg.py": configuration(plan.checked().job, "caloscope cmssw batch"),
        "job.sh": script(plan),
        _JOBS: jobs_text({chunk_name(index): lumis for index, lumis in enumerate(plan.chunks)}),
        SUBMIT: submit_text(plan, _JOBS),
        # Last, so that a folder with a plan is a folder with everything.
        PLAN_FILE: plan.model_dump_json(indent=1) + "\n",
    }
    if (folder / PLAN_FILE).exists() and read_plan(folder) != plan:
        raise UsageError(f"{folder}: found the plan of another batch, expected the same or a new folder")
    (folder / LOGS).mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_text(folder / name, text, executable=name == "job.sh")


def write_missing(folder: Path, plan: Plan) -> dict[str, Ranges]:
    """Writes the files that submit what is wanting, and names it: the lumisections by chunk.

    Where nothing is wanting there are no such files afterwards, those of an earlier time included. A job that
    still runs has not made its output: submitting it twice wastes time, but changes no output.
    """
    wanting = missing(outputs(plan))
    if wanting:
        write_text(folder / _JOBS_MISSING, jobs_text(wanting))
        write_text(folder / SUBMIT_MISSING, submit_text(plan, _JOBS_MISSING))
    else:
        (folder / SUBMIT_MISSING).unlink(missing_ok=True)
        (folder / _JOBS_MISSING).unlink(missing_ok=True)
    return wanting


def missing(found: Iterable[Output]) -> dict[str, Ranges]:
    """The lumisections by chunk whose outputs have to be made (again)."""
    lumis: dict[str, list[int]] = {}
    for output in found:
        if output.state.wanting:
            lumis.setdefault(output.chunk, []).extend(listed(output.lumis))
    return {chunk: Ranges.of(numbers) for chunk, numbers in lumis.items()}


def write_text(path: Path, text: str, *, executable: bool = False) -> None:
    """Writes a text file, whole or not at all. Raises `OSError` from below."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if executable:
            temporary.chmod(0o755)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
