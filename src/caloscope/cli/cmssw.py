"""`caloscope cmssw ...`: histograms per lumisection, made with CMSSW."""

import shlex
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from caloscope.cli import cmssw_options as ask
from caloscope.config.ranges import Ranges
from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.cmssw import Offline, Online, Output

app = typer.Typer(
    help="Write what makes histograms per lumisection inside CMSSW: a configuration, batch jobs.",
    no_args_is_help=True,
)


@app.command("config")
def config(
    output: Annotated[Path, typer.Option("-o", "--output", help="The configuration, such as run_cfg.py.")],
    part: ask.PartText,
    run: ask.Run,
    global_tag: ask.GlobalTag,
    inputs: ask.Inputs = None,
    input_list: ask.InputList = None,
    lumis: ask.LumisText = None,
    era: ask.EraText = None,
    modifier: ask.Modifier = None,
    label: ask.Tag = None,
    subsystem: ask.SubsystemText = "Hcal",
    output_format: ask.FormatText = "dqmio",
    output_dir: Annotated[str, typer.Option("--output-dir", help="Where cmsRun writes.")] = ".",
    online: ask.OnlineFlag = False,
    input_dir: ask.InputDir = None,
    stream: ask.Stream = "streamDQM",
    every: ask.Every = 1,
    delay: ask.Delay = 500,
    timeout: ask.Timeout = 240_000,
    scan_once: ask.ScanOnce = False,
) -> None:
    """Write a cmsRun configuration: RAW files to histograms, or streamer files with --online."""
    from caloscope import cmssw

    source: Offline | Online
    if online:
        if inputs or input_list or lumis or output_format == "legacy":
            raise UsageError("--online reads --input-dir: --input, --lumis and --format are not for it")
        if input_dir is None:
            raise UsageError("--online needs --input-dir")
        source = cmssw.Online(input_dir, stream, every, delay, timeout, scan_once)
    else:
        if input_dir is not None or scan_once:
            raise UsageError("--input-dir and --scan-once are for --online")
        source = _offline(inputs, input_list, lumis, output_format)
    named, of_cmssw = cmssw.era_and_modifier(run, era, modifier)
    which = cmssw.chosen(cmssw.Part, "--calorimeter-part", part)
    job = cmssw.Job(
        part=which,
        run=run,
        era=named,
        modifier=of_cmssw,
        global_tag=global_tag,
        source=source,
        tag=label or cmssw.default_tag(which),
        subsystem=cmssw.chosen(cmssw.Subsystem, "--subsystem", subsystem),
        output_dir=output_dir,
    )
    cmssw.write_text(output, cmssw.configuration(job, "caloscope cmssw config"))
    print(f"{output}: run it with: cmsRun {shlex.quote(str(output))}")


def _offline(inputs: list[str] | None, input_list: Path | None, lumis: str | None, kind: str) -> "Offline":
    from caloscope import cmssw

    if lumis is None:
        raise UsageError("--lumis is needed, such as --lumis 1-50")
    ranges, format_ = Ranges.parse(lumis), cmssw.chosen(cmssw.Format, "--format", kind)
    if format_ is cmssw.Format.LEGACY and ranges.pairs[0][0] != ranges.pairs[-1][1]:
        raise UsageError(
            f"--format legacy: found lumisections {ranges}, expected one, as a file adds up all of them: "
            "take --format dqmio, or `caloscope cmssw batch`"
        )
    return cmssw.Offline(cmssw.file_names(inputs or [], input_list), ranges, format_)


@app.command("batch")
def batch(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="JOBDIR", help="Folder for the files.")],
    part: ask.PartText,
    run: ask.Run,
    global_tag: ask.GlobalTag,
    release: ask.Release,
    lumis: Annotated[str, typer.Option("--lumis", help="Lumisections to take, such as 1-1000.")],
    inputs: ask.Inputs = None,
    input_list: ask.InputList = None,
    chunk: ask.Chunk = 50,
    era: ask.EraText = None,
    modifier: ask.Modifier = None,
    label: ask.Tag = None,
    subsystem: ask.SubsystemText = "Hcal",
    output_format: ask.FormatText = "dqmio",
    output_dir: Annotated[
        Path | None, typer.Option("--output-dir", help="Where jobs put their outputs; JOBDIR/out without it.")
    ] = None,
    arch: ask.Arch = None,
    setup: ask.Setup = "/cvmfs/cms.cern.ch/cmsset_default.sh",
    memory: ask.Memory = 3000,
    max_runtime: ask.MaxRuntime = 28_800,
    accounting_group: ask.AccountingGroup = None,
    proxy: ask.Proxy = None,
) -> None:
    """Write HTCondor jobs for a run, one a chunk of lumisections; submits nothing."""
    from caloscope import cmssw

    named, of_cmssw = cmssw.era_and_modifier(run, era, modifier)
    which = cmssw.chosen(cmssw.Part, "--calorimeter-part", part)
    plan = cmssw.Plan(
        part=which,
        run=run,
        era=named,
        modifier=of_cmssw,
        global_tag=global_tag,
        subsystem=cmssw.chosen(cmssw.Subsystem, "--subsystem", subsystem),
        tag=label or cmssw.default_tag(which),
        format=cmssw.chosen(cmssw.Format, "--format", output_format),
        files=cmssw.file_names(inputs or [], input_list),
        lumis=str(Ranges.parse(lumis)),
        chunk=chunk,
        output_dir=cmssw.absolute("--output-dir", output_dir or output / "out"),
        release=cmssw.absolute("--release", release) if "/" in release else release,
        setup=cmssw.absolute("--setup", setup),
        arch=arch,
        memory=memory,
        max_runtime=max_runtime,
        accounting_group=accounting_group,
        proxy=None if proxy is None else cmssw.absolute("--proxy", proxy),
    )
    cmssw.write_batch(output, plan)
    print(f"{output}: {len(plan.chunks)} jobs, outputs go to {plan.output_dir}")
    print(_how_to_submit(output, cmssw.SUBMIT))


@app.command("status")
def status(folder: ask.Folder) -> None:
    """Which outputs of a batch are there, whole; which are missing or broken."""
    from caloscope import cmssw

    plan = cmssw.read_plan(folder)
    by_chunk: dict[str, list[Output]] = defaultdict(list)
    counts = dict.fromkeys(cmssw.State, 0)
    for output in cmssw.outputs(plan):
        by_chunk[output.chunk].append(output)
        counts[output.state] += 1
    for chunk, found in by_chunk.items():
        wrong = [_lumis_in(found, state) for state in cmssw.State if state is not cmssw.State.THERE]
        if any(wrong):
            print(f"chunk {chunk}: {', '.join(filter(None, wrong))}")
    total = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    print(f"{folder}: of {sum(counts.values())} outputs {total}")


def _lumis_in(found: "list[Output]", state: str) -> str:
    """`missing 3-5`: the lumisections of the outputs in a state, empty where there are none."""
    numbers = [
        n for each in found if each.state == state for a, b in each.lumis.pairs for n in range(a, b + 1)
    ]
    return f"{state} {Ranges.of(numbers)}" if numbers else ""


@app.command("resubmit")
def resubmit(folder: ask.Folder) -> None:
    """Write the files that submit only what is missing or broken; nothing where all is there."""
    from caloscope import cmssw

    wanting = cmssw.write_missing(folder, cmssw.read_plan(folder))
    if not wanting:
        print(f"{folder}: all outputs are there, nothing to submit")
        return
    print(f"{folder}: {len(wanting)} jobs; one that is still running counts as missing")
    print(_how_to_submit(folder, cmssw.SUBMIT_MISSING))


def _how_to_submit(folder: Path, name: str) -> str:
    return f"submit with: cd {shlex.quote(str(folder.absolute()))} && condor_submit {name}"
