"""Writes configurations and runs them against the stand-in of the CMS configuration language."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from caloscope.cmssw import Format, Job, Offline, Online, Part, Subsystem, configuration
from caloscope.config.ranges import Ranges

ROOT = Path(__file__).resolve().parents[2]
FILES = ("root://cms-xrd-global.cern.ch//store/data/Run2017F/JetHT/RAW/a.root", "/store/data/b.root")


def offline(lumis: str = "1-3,7", kind: Format = Format.DQMIO, files: tuple[str, ...] = FILES) -> Offline:
    return Offline(files, Ranges.parse(lumis), kind)


def job(part: Part = Part.BOTH, source: Offline | Online | None = None, **changed: Any) -> Job:
    """A job on run 306138, unless something else is said."""
    values: dict[str, Any] = {
        "part": part,
        "run": 306138,
        "era": "2017",
        "modifier": "Run2_2017",
        "global_tag": "100X_dataRun2_HLT_v1",
        "source": source or offline(),
        "tag": "JetHT",
        "subsystem": Subsystem.HCAL,
    }
    return Job(**(values | changed))


def run_text(text: str, folder: Path, *words: str, release: str = "new", version: str = "14_0_1") -> Any:
    """What the process of a configuration holds, run in a Python of its own; fails where it does."""
    path = folder / "run_cfg.py"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tests.cmssw.stub.run", release, str(path), *words],
        cwd=ROOT,
        env={**os.environ, "CMSSW_VERSION": f"CMSSW_{version}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run_job(what: Job, folder: Path, *words: str, release: str = "new", version: str = "14_0_1") -> Any:
    return run_text(configuration(what, "test"), folder, *words, release=release, version=version)


def value(process: Any, *names: str) -> Any:
    """The value of a parameter, by label, PSets and name."""
    found = process["things"]
    for name in names:
        found = found[name]
    return found["value"]
