"""`caloscope simulate`: healthy lumisections as DQM ROOT files."""

from pathlib import Path
from typing import Annotated

import typer

from caloscope.cli.options import Calorimeter, calorimeter_text
from caloscope.errors import UsageError


def simulate(
    map_names: Annotated[list[str], typer.Option("--map", help="A map to simulate; may be given again.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the files.")],
    lumis: Annotated[int, typer.Option("--lumis", help="How many lumisections.", min=1)] = 100,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same counts.")] = 1,
    detector_seed: Annotated[
        int,
        typer.Option("--detector-seed", help="The detector's fixed pattern; keep it to stay with one."),
    ] = 1,
    run: Annotated[int, typer.Option("--run", help="Run number.", min=1)] = 320_001,
    era: Annotated[str | None, typer.Option("--era", help="Era; from the run where it is not given.")] = None,
    events: Annotated[int, typer.Option("--events", help="Mean events per lumisection.", min=1)] = 500,
    pace: Annotated[float, typer.Option("--pace", help="Seconds from one lumisection to the next.")] = 0.0,
    snapshots: Annotated[
        int,
        typer.Option("--snapshots", help="Write an online snapshot every so many lumisections.", min=0),
    ] = 0,
    calorimeter: Calorimeter = None,
) -> None:
    """Write healthy lumisections of a simulated fill, one DQM ROOT file per producer and lumisection.

    With --snapshots 10 the files are those of the online system: one every ten lumisections, in which HCAL's
    histograms hold all since the start of the run and ECAL's the last lumisection.
    """
    from caloscope.config.catalogue import load
    from caloscope.geometry import era_of_run, view
    from caloscope.simulate import Fill, healthy_maps, lumisections, write_fill

    text = calorimeter_text(calorimeter)
    known = load(text)
    missing = [name for name in map_names if name not in known]
    if missing:
        raise UsageError(f"map {missing[0]!r} is not known, expected one of {', '.join(known)}")
    maps = [(known[name], view(known[name].view, era or era_of_run(run), text)) for name in map_names]
    output.mkdir(parents=True, exist_ok=True)
    fill = Fill(run=run, lumis=lumis, seed=seed, events=events)
    written = write_fill(
        output, lumisections(fill, healthy_maps(maps, detector_seed)), maps, pace=pace, snapshots=snapshots
    )
    what = f"{written} snapshots of {lumis}" if snapshots else str(written)
    print(f"{output}: {what} simulated lumisections of run {run}, seed {seed}")
