"""`caloscope simulate`: lumisections of a simulated detector, as a data set or as DQM ROOT files."""

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from caloscope.cli.bar import Bar
from caloscope.cli.options import Calorimeter, calorimeter_text
from caloscope.cli.truth_file import DATA_SETS, require_free, truth_path, write_truth
from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.cli.simulate_options import Asked, Order
    from caloscope.records import Lumisection


def simulate(
    map_names: Annotated[
        list[str], typer.Option("--map", help="A map to simulate, or a pattern for maps; may be given again.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="A data set, NAME.h5, or a folder for DQM ROOT files.")
    ],
    lumis: Annotated[
        int,
        typer.Option("--lumis", help="How many lumisections a run has; with --runs, about so many.", min=1),
    ] = 100,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same counts.", min=0)] = 1,
    detector_seed: Annotated[
        int,
        typer.Option("--detector-seed", help="The detector's pattern; keep it to stay with one.", min=0),
    ] = 1,
    run: Annotated[int, typer.Option("--run", help="Run number, of the first run.", min=1)] = 320_001,
    runs: Annotated[int, typer.Option("--runs", help="How many runs, of fills that differ.", min=1)] = 1,
    days: Annotated[
        float | None, typer.Option("--days", help="Days over which several runs are spread [30].")
    ] = None,
    era: Annotated[str | None, typer.Option("--era", help="Era; from the run where it is not given.")] = None,
    label: Annotated[
        str, typer.Option("--label", help="Label; 'simulated-' is put before one that does not say it.")
    ] = "simulated",
    dataset: Annotated[
        Literal["ZeroBias", "JetHT"], typer.Option("--dataset", help="Which events: they differ.")
    ] = "ZeroBias",
    beam: Annotated[
        Literal["protons", "ions", "none"], typer.Option("--beam", help="none: cosmic rays.")
    ] = "protons",
    events: Annotated[
        int | None,
        typer.Option(
            "--events", help="Events per lumisection [500; with --runs each fill has its own].", min=1
        ),
    ] = None,
    pileup: Annotated[
        float | None,
        typer.Option("--pileup", help="Pileup at the start [55; with --runs each fill has its own].", min=0),
    ] = None,
    calm: Annotated[
        bool,
        typer.Option("--calm", help="No prescale steps, no low-statistics lumisections, no changes in time."),
    ] = False,
    gaps: Annotated[
        float | None,
        typer.Option("--gaps", help="Share of the lumisections that are left out.", min=0, max=1),
    ] = None,
    ramp: Annotated[
        int | None, typer.Option("--ramp", help="Lumisections in which the beams come up.", min=0)
    ] = None,
    dump: Annotated[bool, typer.Option("--dump", help="The beams are lost near the end of the run.")] = False,
    tells: Annotated[
        bool,
        typer.Option("--tells", help="A file of the producer Info tells the conditions (a folder)."),
    ] = False,
    patterns: Annotated[
        list[str] | None,
        typer.Option("--pattern", help="MAP=FILE: rates of the cells, from a data set or a table."),
    ] = None,
    faults: Annotated[
        str | None, typer.Option("--faults", help="TOML file or name of a preset: caloscope faults.")
    ] = None,
    fault_seed: Annotated[
        int | None,
        typer.Option("--fault-seed", help="Chooses what is random in the faults, not their own seed.", min=0),
    ] = None,
    pace: Annotated[
        float,
        typer.Option(
            "--pace", help="Seconds from one lumisection to the next (a folder).", min=0, max=86_400
        ),
    ] = 0.0,
    snapshots: Annotated[
        int,
        typer.Option("--snapshots", help="An online snapshot every so many lumisections (a folder).", min=0),
    ] = 0,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a data set that is there.")] = False,
    calorimeter: Calorimeter = None,
) -> None:
    """Simulate runs of the LHC, with faults if asked for, as a data set or as DQM ROOT files.

    With --snapshots 10 the files are those of the online system: one every ten lumisections, in which HCAL's
    histograms hold all since the start of the run and ECAL's the last lumisection. What is wrong where and
    when stands in NAME.truth.jsonl beside the output, and in the data set. The label always says that it is
    simulated.
    """
    from caloscope.cli.simulate_options import Apparatus, Asked, Beams, Runs, labelled

    to_file = output.suffix in DATA_SETS
    _check(output, to_file=to_file, live=pace > 0 or snapshots > 0 or tells, replace=replace)
    detector = Apparatus(map_names, era, detector_seed, patterns or (), calorimeter_text(calorimeter))
    which = Runs(run, runs, lumis, days, seed, labelled(label))
    beams = Beams(dataset, beam, events, pileup, calm, gaps, ramp, dump, tells)
    made = _ordered(Asked(detector, which, beams, faults, fault_seed), live=not to_file)
    if which.label != label:
        print(f"label {which.label}: simulated data say so", file=sys.stderr)
    if to_file:
        _write_data_set(output, made)
    else:
        _write_files(output, made, pace=pace, snapshots=snapshots, replace=replace)


def _ordered(asked: "Asked", *, live: bool) -> "Order":
    from caloscope.cli.simulate_options import order

    return order(asked, command=shlex.join(["caloscope", *sys.argv[1:]]), live=live)


def _check(output: Path, *, to_file: bool, live: bool, replace: bool) -> None:
    """Raises `UsageError` where the output cannot be what was asked for."""
    if to_file:
        require_free(output, replace=replace)
        if live:
            raise UsageError(
                f"{output}: --pace, --snapshots and --tells are for a folder of files, found a data set"
            )
    elif output.exists() and not output.is_dir():
        raise UsageError(f"{output}: found a file, expected a folder, or the name of a data set, NAME.h5")


def _write_data_set(output: Path, made: "Order") -> None:
    from caloscope.simulate.to_data_set import to_data_set

    with Bar("simulating") as bar:
        done = to_data_set(output, made.plan, provenance=made.origin, tell=bar.tell)
    fills = made.plan.fills
    which = f"run {fills[0].run}" if done.runs == 1 else f"{done.runs} runs from {fills[0].run}"
    print(f"{output}: {done.lumis:,} simulated lumisections of {which}, seed {made.origin['seed']}")
    if made.plan.faults:
        for name, number in done.faulty.items():
            print(f"{name}: {number:,} of them faulty")
        if not any(done.faulty.values()):
            print("none of the faults is at work in these maps and lumisections")
        _write_truth(output, made)
    else:
        truth_path(output).unlink(missing_ok=True)  # what lies there is about other data


def _prepare(output: Path, made: "Order", *, replace: bool) -> None:
    """The folder; raises `UsageError` for files of these runs and producers, unless they may be replaced."""
    output.mkdir(parents=True, exist_ok=True)
    for fill in made.plan.fills:
        for producer in sorted(
            {*(spec.producer for spec, _ in made.maps), *(["Info"] if fill.tells else [])}
        ):
            there = next(iter(sorted(output.glob(f"DQM_V*_{producer}_R{fill.run:09d}[_.]*"))), None)
            if there is not None and not replace:
                raise UsageError(f"{there}: found a file of this run, expected none, or --replace")


def _write_files(output: Path, made: "Order", *, pace: float, snapshots: int, replace: bool) -> None:
    from caloscope.simulate import lumisections, write_fill

    plan = made.plan
    lumis = plan.lumis()
    _prepare(output, made, replace=replace)
    if plan.faults:
        _write_truth(output, made)
    with Bar("simulating") as bar:
        each = _told(lumisections(plan.fills, plan.detectors, plan.faults), len(lumis), bar)
        written = write_fill(output, each, made.maps, pace=pace, snapshots=snapshots)
    what = f"{written} snapshots of {len(lumis)}" if snapshots else str(written)
    runs = {lumi.run for lumi in lumis}
    which = f"run {plan.fills[0].run}" if len(runs) == 1 else f"{len(runs)} runs from {plan.fills[0].run}"
    print(f"{output}: {what} simulated lumisections of {which}, seed {made.origin['seed']}")


def _told(found: "Iterator[Lumisection]", number: int, bar: Bar) -> "Iterator[Lumisection]":
    for done, lumisection in enumerate(found):
        bar.tell(done, number)
        yield lumisection


def _write_truth(output: Path, made: "Order") -> None:
    path = truth_path(output)
    write_truth(path, made.plan.truth(made.plan.lumis()))
    print(f"{path}: the truth, fault by fault")
