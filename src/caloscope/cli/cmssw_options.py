"""What the commands of `caloscope cmssw` ask for in the same words."""

from pathlib import Path
from typing import Annotated

import typer

PartText = Annotated[
    str, typer.Option("--calorimeter-part", metavar="hcal|ecal|both", help="Which calorimeter.")
]
Run = Annotated[int, typer.Option("--run", help="Run number.", min=1)]
GlobalTag = Annotated[str, typer.Option("--global-tag", help="Conditions, such as auto:run2_data.")]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", help="A RAW file: root://, /store/ or a path; may be given again."),
]
InputList = Annotated[Path | None, typer.Option("--input-list", help="A text file with one RAW file a line.")]
LumisText = Annotated[str | None, typer.Option("--lumis", help="Lumisections to take, such as 1-50,60.")]
EraText = Annotated[
    str | None, typer.Option("--era", help="2016, 2017, 2018, 2019+ or a later year; the run's without it.")
]
Modifier = Annotated[
    str | None,
    typer.Option("--modifier", help="CMSSW's era modifier, such as Run3_2023; the era's without it."),
]
Tag = Annotated[str | None, typer.Option("--label", help="Third part of the files' names, such as JetHT.")]
SubsystemText = Annotated[str, typer.Option("--subsystem", metavar="Hcal|HcalAll", help="HCAL's top folder.")]
FormatText = Annotated[
    str,
    typer.Option(
        "--format", metavar="dqmio|legacy", help="DQMIO, or DQM ROOT files of one lumisection each."
    ),
]
Folder = Annotated[Path, typer.Argument(metavar="JOBDIR", help="A folder of `caloscope cmssw batch`.")]
OnlineFlag = Annotated[bool, typer.Option("--online", help="Follow streamer files as they appear.")]
InputDir = Annotated[str | None, typer.Option("--input-dir", help="Folder with run123456/ in it (--online).")]
Stream = Annotated[str, typer.Option("--stream", help="Label of the stream (--online).")]
Every = Annotated[int, typer.Option("--every", help="A snapshot each so many LS (--online).")]
Delay = Annotated[int, typer.Option("--delay-ms", help="Between two looks (--online).")]
Timeout = Annotated[
    int, typer.Option("--next-lumi-timeout-ms", help="How long to wait for a missing LS (--online).")
]
ScanOnce = Annotated[bool, typer.Option("--scan-once", help="Take what is there (--online).")]
Release = Annotated[
    str, typer.Option("--release", help="CMSSW_13_3_1, or the folder of an area made from a release.")
]
Chunk = Annotated[int, typer.Option("--chunk", help="Lumisections a job.", min=1)]
Arch = Annotated[str | None, typer.Option("--arch", help="SCRAM_ARCH, such as el8_amd64_gcc12.")]
Setup = Annotated[str, typer.Option("--setup", help="What a job sources first, where it is there.")]
Memory = Annotated[int, typer.Option("--request-memory", help="MB a job.")]
MaxRuntime = Annotated[int, typer.Option("--max-runtime", help="Seconds a job.")]
AccountingGroup = Annotated[
    str | None, typer.Option("--accounting-group", help="HTCondor's accounting group.")
]
Proxy = Annotated[Path | None, typer.Option("--proxy", help="Grid proxy, for root:// input.")]
