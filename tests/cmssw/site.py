"""Batches to look at, and a worker node to run their jobs on."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from caloscope.cmssw import Plan, outputs, read_plan

FAKE_CMSRUN = """#!/bin/bash
# A cmsRun that writes a DQM ROOT file into its folder; what else befalls it depends on the lumisections.
set -e
[ "$(basename "$1")" = run_cfg.py ] && [ -f "$1" ] && [ -n "$RELEASE_BASE" ] && [ "$3" = outputDir=. ]
lumis=${2#lumis=}
echo "$lumis" >>"$CALLS"
made=./DQM_V0001_R000306138__x.root
case "${BEFALLS[*]}" in
"$lumis absent") exit 0 ;;
"$lumis hangs") head -c 1000 "$MADE" >"$made"; touch "$CALLS.hanging"; sleep 60 ;;
"$lumis cut") head -c 1000 "$MADE" >"$made" ;;
*) cp "$MADE" "$made" ;;
esac
[ "$BEFALLS" != "$lumis fails" ]
"""
FAKE_SCRAM = """#!/bin/bash
case "$1" in
project) mkdir -p "$2/src" ;;
runtime) echo "export RELEASE_BASE='$PWD';" ;;
*) exit 3 ;;
esac
"""


def plan(folder: Path, **changed: Any) -> Plan:
    values: dict[str, Any] = {
        "part": "hcal",
        "run": 306138,
        "era": "2017",
        "modifier": "Run2_2017",
        "global_tag": "100X_dataRun2_HLT_v1",
        "subsystem": "HcalAll",
        "tag": "JetHT",
        "format": "legacy",
        "files": ["/store/a.root", '/store/it\'s "b".root'],
        "lumis": "1-5,8",
        "chunk": 4,
        "output_dir": str(folder / "out put $(id) 'x'"),
        "release": "CMSSW_10_2_0",
        "setup": "/nowhere/set up.sh",
        "memory": 2000,
        "max_runtime": 3600,
    }
    return Plan.model_validate_json(json.dumps(values | changed))


class Site:
    """A worker node with scram and cmsRun in front of its PATH."""

    def __init__(self, folder: Path, made: Path) -> None:
        self.made = made
        self.bin, self.scratch, self.calls = folder / "bin", folder / "scratch", folder / "calls"
        self.bin.mkdir()
        self.scratch.mkdir()
        for name, text in (("cmsRun", FAKE_CMSRUN), ("scram", FAKE_SCRAM)):
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)

    def start(self, jobdir: Path, chunk: str, lumis: str, **env: str) -> subprocess.Popen[str]:
        """Starts a job as HTCondor does: in a scratch folder that the configuration was copied into."""
        here = self.scratch / f"dir_{chunk}_{time.monotonic_ns()}"
        here.mkdir()
        shutil.copy(jobdir / "run_cfg.py", here)
        path = f"{self.bin}:{os.environ['PATH']}"
        known = {
            "PATH": path,
            "CALLS": str(self.calls),
            "MADE": str(self.made),
            "_CONDOR_SCRATCH_DIR": str(here),
        }
        return subprocess.Popen(
            [str(jobdir / "job.sh"), chunk, lumis],
            cwd=here,
            env={**os.environ, **known, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, jobdir: Path, chunk: str, lumis: str, code: int = 0, **env: str) -> str:
        job = self.start(jobdir, chunk, lumis, **env)
        text, _ = job.communicate(timeout=60)
        assert job.returncode == code, text
        return text

    def asked(self) -> list[str]:
        return self.calls.read_text().split() if self.calls.exists() else []


def states(folder: Path) -> dict[int, str]:
    return {output.lumis.pairs[0][0]: output.state.value for output in outputs(read_plan(folder))}


def jobs(folder: Path, name: str = "jobs.txt") -> list[list[str]]:
    return [line.split() for line in (folder / name).read_text().splitlines()]


def outputs_folder(jobdir: Path) -> Path:
    return Path(read_plan(jobdir).output_dir)


def header(version: int, end: int) -> bytes:
    """The head of a ROOT file; from version 1,000,000 on the end has eight bytes."""
    width = 8 if version >= 1_000_000 else 4
    return b"root" + version.to_bytes(4, "big") + (100).to_bytes(4, "big") + end.to_bytes(width, "big")
