"""The text of a cmsRun configuration: its values, each written by `repr`, and the parts that use them."""

from collections.abc import Iterable, Sequence

from caloscope import __version__
from caloscope.cmssw import blocks, saving
from caloscope.cmssw.histograms import per_lumi
from caloscope.cmssw.job import NEWEST, Format, Job, Offline, Online
from caloscope.cmssw.lumis import plus

_OFFLINE_PROCESSING = 1
_ONLINE_PROCESSING = 0


def configuration(job: Job, command: str) -> str:
    """The configuration; the same job and command give the same text.

    In it no text from outside is anything but a string: each is written by `repr`, and the only names are the
    era modifier, which `Job` has checked. Nothing here runs CMSSW.
    """
    parts = [_header(job, command), _imports(job), _values(job), *_parts(job), _schedule(job)]
    return "\n".join(parts)


def _header(job: Job, command: str) -> str:
    lines = [
        "# -*- coding: utf-8 -*-",
        "# A cmsRun configuration that makes histograms per lumisection for Caloscope.",
        f"# Written by caloscope {__version__}, `{command}`, with",
        *(f"#   {line}" for line in _options(job)),
        "#",
        f"# Run it as: cmsRun THIS_FILE {_usage(job)}",
        "",
    ]
    return "\n".join(lines)


def _usage(job: Job) -> str:
    return ("[lumis=1-3+7] " if isinstance(job.source, Offline) else "") + "[outputDir=FOLDER] [maxEvents=N]"


def _options(job: Job) -> Iterable[str]:
    """The options that lead to this job, those that were not given too."""
    yield f"--calorimeter-part {job.part}"
    yield f"--run {job.run} --era {job.era!r} --modifier {job.modifier}"
    yield f"--global-tag {job.global_tag!r}"
    yield f"--label {job.tag} --output-dir {job.output_dir!r}"
    if job.part.hcal:
        yield f"--subsystem {job.subsystem}"
    source = job.source
    if isinstance(source, Offline):
        yield f"--format {source.format} --lumis {source.lumis}"
        yield f"{len(source.files)} input files, listed below"
    else:
        yield f"--online --input-dir {source.input_dir!r} --stream {source.stream} --every {source.every}"


def _imports(job: Job) -> str:
    lines = ["import os", "import re", ""] if isinstance(job.source, Offline) else []
    lines += [
        "import FWCore.ParameterSet.Config as cms",
        f"from Configuration.Eras.Era_{job.modifier}_cff import {job.modifier} as era",
        "from FWCore.ParameterSet.VarParsing import VarParsing",
        "",
    ]
    return "\n".join(lines)


def _values(job: Job) -> str:
    named: dict[str, object] = {"RUN": job.run, "GLOBAL_TAG": job.global_tag, "TAG": job.tag}
    named["OUTPUT_DIR"] = job.output_dir
    lists: dict[str, Sequence[str]] = {}
    source = job.source
    if job.part.hcal:
        named["HCAL_SUBSYSTEM"] = str(job.subsystem)
        named["HCAL_PROCESSING"] = _hcal_processing(source)
        named["HBHE_REC_HITS"] = "hbhereco" if job.era == NEWEST else "hbheprereco"
    if isinstance(source, Offline):
        named["LUMIS"] = plus(source.lumis)
        lists["FILES"] = source.files
        if source.format is Format.DQMIO:
            lists["PER_LUMI"] = per_lumi(hcal=job.part.hcal, ecal=job.part.ecal, subsystem=job.subsystem)
    else:
        named |= {"INPUT_DIR": source.input_dir, "STREAM": source.stream, "SCAN_ONCE": source.scan_once}
        named |= {"DELAY_MS": source.delay, "NEXT_LUMI_TIMEOUT_MS": source.next_lumi_timeout}
        named["EVERY"] = source.every
    lines = [f"{name} = {value!r}" for name, value in named.items()]
    for name, texts in lists.items():
        lines += [f"{name} = [", *(f"    {text!r}," for text in texts), "]"]
    return "\n".join([*lines, ""])


def _hcal_processing(source: Offline | Online) -> int:
    """CMSSW's processing type: offline marks the occupancy as one histogram a lumisection.

    In a DQM ROOT file an element marked so may come out empty (from 11_1 on it is put away at the end of its
    lumisection, before the file is written), so that a job for one lumisection does as online does.
    """
    dqmio = isinstance(source, Offline) and source.format is Format.DQMIO
    return _OFFLINE_PROCESSING if dqmio else _ONLINE_PROCESSING


def _parts(job: Job) -> Iterable[str]:
    """The parts that are the same for every job, in their order."""
    offline = isinstance(job.source, Offline)
    dqmio = isinstance(job.source, Offline) and job.source.format is Format.DQMIO
    yield blocks.OPTIONS + (blocks.LUMIS_OPTION if offline else "") + _parse(offline=offline)
    yield blocks.PROCESS_PER_LUMI if dqmio else blocks.PROCESS
    yield "\n" + blocks.LOAD + "\n"
    yield blocks.POOL_SOURCE if offline else blocks.STREAMER_SOURCE
    yield blocks.CONDITIONS
    if job.part.hcal:
        yield blocks.HCAL + (blocks.HCAL_RUN3_PATH if job.era == NEWEST else blocks.HCAL_RUN2_PATH)
    if job.part.ecal:
        yield blocks.ECAL + (blocks.ECAL_PILEUP if job.era == NEWEST else "")
    yield saving.DQMIO if dqmio else saving.LEGACY if offline else saving.SNAPSHOTS


def _parse(*, offline: bool) -> str:
    return blocks.RANGES + "\n" if offline else "options.parseArguments()\n"


def _schedule(job: Job) -> str:
    paths = [*(["hcalPath"] if job.part.hcal else []), *(["ecalPath"] if job.part.ecal else []), "savePath"]
    return f"process.schedule = cms.Schedule({', '.join(f'process.{path}' for path in paths)})\n"
