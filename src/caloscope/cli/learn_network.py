"""`caloscope train` for detectors with a network."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from caloscope.cli.bar import Bar
from caloscope.cli.options import selection, sources
from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.bundle import Bundle
    from caloscope.cli.learn_order import Order
    from caloscope.config.catalogue import MapSpec
    from caloscope.geometry import View
    from caloscope.pipeline.state import Given
    from caloscope.training import Recipe
    from caloscope.training.neural.checkpoint import Progress as Learned


@contextmanager
def given_of(order: "Order", spec: "MapSpec") -> "Iterator[tuple[Sequence[Given], list[str], View]]":
    """Good lumisections, where they came from, and the map's view in their era.

    Those of data sets are read when they are needed; where there is any other source all are in memory.
    """
    from caloscope import calibrate
    from caloscope.dataset import is_data_set, open_data_set
    from caloscope.geometry import view
    from caloscope.training.opened import era_of_files, era_of_read, streamed

    chosen, paths = order.chosen, sources(list(order.paths))
    with ExitStack() as stack:
        if all(is_data_set(path) for path in paths):
            files = [stack.enter_context(open_data_set(path)) for path in paths]
            on = view(spec.view, era_of_files(files, chosen.era), order.calorimeter)
            yield streamed(files, spec, on, selection(chosen.runs, chosen.lumis)), [*map(str, paths)], on
            return
        read = chosen.read(order.paths, [spec], order.calorimeter)
        on = view(spec.view, era_of_read(read, chosen.era), order.calorimeter)
        yield calibrate.given_of(read, spec), list(dict.fromkeys(each.source for each in read)), on


def train_network(order: "Order", spec: "MapSpec", recipe: "Recipe") -> "Bundle":
    """Train with bars, and leave the learning curve beside the bundle, as data and as a picture."""
    from caloscope import training

    with (
        given_of(order, spec) as (given, names, on),
        Bar("reading") as reading,
        Epochs(recipe.epochs) as epochs,
        Bar("calibrating") as calibrating,
    ):
        made = training.train_network(
            given,
            names,
            spec,
            on,
            order.output,
            detector=order.detector,
            recipe=recipe,
            per_day=order.rate,
            calorimeter=order.calorimeter,
            watching=training.Watching(reading.tell, epochs.tell, calibrating.tell, _note),
        )
    _draw(order.output)
    return made


def _note(line: str) -> None:
    print(line, file=sys.stderr)


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
            if progress.history[-1].number > 1:
                self._bar.console.print(f"going on after epoch {progress.history[-1].number}")
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
