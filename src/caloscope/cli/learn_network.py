"""`caloscope train` for detectors with a network."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from caloscope.cli.bar import Bar
from caloscope.cli.good_data import Chosen
from caloscope.cli.options import selection
from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.bundle import Bundle
    from caloscope.config.catalogue import MapSpec
    from caloscope.geometry import View
    from caloscope.pipeline.state import Given
    from caloscope.training import Recipe
    from caloscope.training.neural.checkpoint import Progress as Learned


@contextmanager
def given_of(
    paths: Sequence[str], chosen: Chosen, spec: "MapSpec", calorimeter: str | None
) -> "Iterator[tuple[Sequence[Given], list[str], str]]":
    """Good lumisections, where they came from, and their era.

    Those of a single data set are read when they are needed; those of other sources are all in memory.
    """
    from caloscope import calibrate
    from caloscope.dataset import is_data_set, open_data_set
    from caloscope.records import LumiId
    from caloscope.training.streamed import Streamed

    if len(paths) == 1 and is_data_set(Path(paths[0])):
        with open_data_set(Path(paths[0])) as data:
            wanted = selection(chosen.runs, chosen.lumis)
            ids = zip(data.runs.tolist(), data.lumis.tolist(), strict=True)
            rows = np.array([row for row, each in enumerate(ids) if wanted(LumiId(*each))], np.int64)
            found = Streamed(data, spec, rows)
            yield found, [paths[0]], _era(chosen.era, [each.run for each in found.ids])
        return
    read = chosen.read(paths, [spec], calorimeter)
    given = calibrate.given_of(read, spec)
    sources = list(dict.fromkeys(each.source for each in read))
    yield given, sources, _era(chosen.era, [each.id.run for each in given])


def _era(named: str | None, runs: Sequence[int]) -> str:
    from caloscope.geometry import era_of_run

    if not runs:
        raise UsageError("no lumisections among the sources, expected some of three runs or more")
    eras = {era_of_run(run) for run in runs} if named is None else {named}
    if len(eras) != 1:
        raise UsageError(f"runs of eras {', '.join(sorted(eras))}, expected one; choose with --runs or --era")
    return eras.pop()


def train_network(
    given: "Sequence[Given]",
    sources: Sequence[str],
    spec: "MapSpec",
    on: "View",
    output: Path,
    *,
    detector: str,
    recipe: "Recipe",
    per_day: float,
    calorimeter: str | None,
) -> "Bundle":
    """Train with bars, and leave the learning curve beside the bundle, as data and as a picture."""
    from caloscope import training

    with Bar("reading") as reading, Epochs(recipe.epochs) as epochs, Bar("calibrating") as calibrating:
        watching = training.Watching(reading.tell, epochs.tell, calibrating.tell)
        made = training.train_network(
            given,
            sources,
            spec,
            on,
            output,
            detector=detector,
            recipe=recipe,
            per_day=per_day,
            calorimeter=calorimeter,
            watching=watching,
        )
    _draw(output)
    return made


class Epochs:
    """A bar of epochs with the losses of the last and of the best one, on standard error."""

    def __init__(self, most: int) -> None:
        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("epoch"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", total=most, start=False)

    def __enter__(self) -> "Epochs":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def tell(self, progress: "Learned") -> None:
        """Move the bar."""
        if not self._bar.live.is_started:
            self._bar.start()
            self._bar.start_task(self._task)
        last = progress.history[-1]
        text = f"held-out loss {last.held:.5f}, best {progress.lowest:.5f}"
        self._bar.update(self._task, completed=last.number, description=text)
        if progress.finished:
            self._bar.stop()


def _draw(output: Path) -> None:
    """The picture of the learning curve, where there is matplotlib."""
    import json

    from caloscope.training.networks import name_of

    told = output.parent / f"{name_of(output)}.learning.json"
    with suppress(UsageError):
        from caloscope.figures import learning_figure

        found = json.loads(told.read_text(encoding="utf-8"))
        subtitle = f"{found['parameters']:,} parameters; stopped after: {found['finished']}"
        told.with_suffix(".png").write_bytes(learning_figure(name_of(output), found["curve"], subtitle))


def say(made: "Bundle", output: Path) -> None:
    """What came of it, for people."""
    from caloscope.training.networks import name_of

    told = made.card.training
    print(
        f"learned from {told['lumisections']} lumisections in {told['epochs']} epochs, {told['seconds']} s; "
        f"kept epoch {told['best_epoch']}, held-out loss {told['held_out_loss']:.5g}"
    )
    print(f"{told['parameters']:,} parameters; ONNX differs from torch by {told['parity']:.1e}")
    print(f"learning curve: {output.parent / name_of(output)}.learning.json")
