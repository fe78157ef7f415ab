"""Runs configurations against the stand-in and prints what their processes hold, one line of JSON each.

Usage: run.py old|new CONFIGURATION [lumis=...] [outputDir=...]. As cmsRun, it wants a whole process: a
source, a schedule, and every module of the schedule under a label of the process.
"""

import json
import runpy
import sys
from typing import Any

from tests.cmssw.stub import language as cms
from tests.cmssw.stub import release


def dump(process: release.Process) -> dict[str, Any]:
    """What a process holds."""
    paths: dict[str, list[str]] = {}
    for path in process.schedule:
        label = next(name for name, thing in process.things.items() if thing is path)
        modules = list(path.modules())
        if any(process.things.get(module.label) is not module for module in modules):
            raise RuntimeError(f"{label} holds a module that the process has not")
        paths[label] = [module.label for module in modules]
    things = {label: thing.dump() for label, thing in process.things.items() if isinstance(thing, cms.Holder)}
    return {
        "name": process.name,
        "modifiers": process.modifiers,
        "loaded": process.loaded,
        "paths": paths,
        "things": things,
    }


def main() -> None:
    """Runs the configuration named."""
    release.install(sys.argv[1] == "old")
    sys.argv = sys.argv[2:]
    runpy.run_path(sys.argv[0], run_name="<configuration>")
    (process,) = release.PROCESSES
    print(json.dumps(dump(process)))


if __name__ == "__main__":
    main()
