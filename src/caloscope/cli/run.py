"""`caloscope replay`: sources through the pipeline into the store."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import track

from caloscope.cli.calibrated import many
from caloscope.cli.options import (
    BundlePaths,
    CmsNames,
    Label,
    Lumis,
    OutputDir,
    Runs,
    StoreUrl,
    selection,
    sources,
)

if TYPE_CHECKING:
    from caloscope.bundle import Bundle
    from caloscope.monitor.replay import Replayed


def replay(
    paths: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files or folders to score.")],
    bundle: BundlePaths,
    store: StoreUrl,
    label: Label = "replay",
    run: Annotated[int | None, typer.Option("--run", help="Run of files that do not say theirs.")] = None,
    runs: Runs = None,
    lumis: Lumis = None,
    output_dir: OutputDir = None,
    cms_names: CmsNames = False,
) -> None:
    """Score what is there, as fast as it goes. What was scored before is not scored again."""
    from caloscope import bundle as bundles
    from caloscope import monitor as live
    from caloscope.store import Store

    wanted = selection(runs, lumis)
    loaded = [bundles.load(path) for path in bundle]
    with Store(store) as opened:
        console = Console(stderr=True)
        warn = partial(console.print, markup=False, highlight=False, soft_wrap=True)
        intake = live.Intake(opened, loaded, label, warn=warn)
        files = live.in_time_order(sources(paths), intake, run)
        shown = track(files, "scoring", console=console, transient=True, disable=not console.is_terminal)
        done = live.replay(shown, intake, run=run, wanted=wanted)
        if output_dir is not None:
            output_dir.mkdir(parents=True, exist_ok=True)
            for path in live.write_outputs(opened, label, done.runs, output_dir, cms_names=cms_names):
                print(path)
    numbers = {"file": done.files, "lumisection": done.lumisections, "result": done.results}
    told = ", ".join(many(number, what) for what, number in numbers.items())
    print(f"{told}{_unknown(done, loaded)}")
    for error in done.quarantined:
        print(f"quarantined: {error}")
    if done.files and len(done.quarantined) == done.files:
        raise typer.Exit(1)


def _unknown(done: "Replayed", bundles: "Sequence[Bundle]") -> str:
    """How many results are UNKNOWN, and why; of several bundles, for each that has any."""
    if not done.unknown:
        return ""
    names = {bundle.hash: bundle.label for bundle in bundles}
    parts = []
    for hash_, name in names.items():
        own = Counter({why: count for (of, why), count in done.unknown.items() if of == hash_})
        if own:
            reasons = ", ".join(f"{reason} {count}" for reason, count in own.most_common())
            parts.append(f"{name} {own.total()} ({reasons})" if len(names) > 1 else reasons)
    return f", {done.unknown.total()} of them unknown: {'; '.join(parts)}"
