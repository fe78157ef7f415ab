"""HTCondor's submit files: all paths but the proxy's are relative to the folder they are submitted from."""

from collections.abc import Mapping

from caloscope import __version__
from caloscope.cmssw.lumis import plus
from caloscope.cmssw.plan import Plan
from caloscope.config.ranges import Ranges
from caloscope.errors import UsageError

LOGS = "logs"


def submit_text(plan: Plan, jobs_file: str) -> str:
    """A submit file that queues one job for each line of `jobs_file`.

    Raises `UsageError` for a proxy whose path HTCondor could not be told.
    """
    commands = {
        "universe": "vanilla",
        "executable": "job.sh",
        "arguments": '"$(chunk) $(lumis)"',
        "should_transfer_files": "YES",
        "when_to_transfer_output": "ON_EXIT",
        "transfer_input_files": "run_cfg.py",
        # The job moves its outputs itself, once each is whole.
        "transfer_output_files": '""',
        "output": f"{LOGS}/$(chunk).$(ClusterId).out",
        "error": f"{LOGS}/$(chunk).$(ClusterId).err",
        "log": f"{LOGS}/jobs.log",
        "request_cpus": "1",
        "request_memory": f"{plan.memory}MB",
        "+MaxRuntime": str(plan.max_runtime),
    }
    if plan.accounting_group is not None:
        commands["accounting_group"] = plan.accounting_group
    if plan.proxy is not None:
        commands["x509userproxy"] = value("--proxy", plan.proxy)
    lines = [f"# Written by caloscope {__version__}, `caloscope cmssw batch`: submit it from this folder."]
    lines += [f"{name} = {text}" for name, text in commands.items()]
    return "\n".join([*lines, f"queue chunk, lumis from {jobs_file}", ""])


def jobs_text(chunks: Mapping[str, Ranges]) -> str:
    """One line a job: the chunk's name and its lumisections."""
    return "".join(f"{name} {plus(lumis)}\n" for name, lumis in chunks.items())


def value(what: str, text: str) -> str:
    """A text as the value of a command: it goes to the end of the line, and only `$` means anything in it.

    Raises `UsageError` for one that would lose its edges, or go on in the next line.
    """
    if text != text.strip() or text.endswith("\\") or not text.isprintable():
        raise UsageError(f"{what}: found {text!r}, which cannot stand in a submit file")
    return text.replace("$", "$(DOLLAR)")
