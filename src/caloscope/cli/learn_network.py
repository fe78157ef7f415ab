"""`caloscope train` for detectors with a network."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from caloscope.cli.good_data import warn_of_faults
from caloscope.cli.options import selection, sources
from caloscope.cli.stages import Stages
from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.bundle import Bundle
    from caloscope.cli.learn_asked import Order
    from caloscope.config.catalogue import MapSpec
    from caloscope.geometry import View
    from caloscope.pipeline.state import Given
    from caloscope.training import Recipe
    from caloscope.training.neural.checkpoint import Progress as Learned

INTERRUPTED: Final = 130
"""The exit code of what Ctrl-C ended, as shells have it."""

READING: Final = "reading"
LEARNING: Final = "learning"
CALIBRATING: Final = "calibrating"
"""What a stage is called."""


@contextmanager
def given_of(
    order: "Order", spec: "MapSpec", stages: Stages | None = None
) -> "Iterator[tuple[Sequence[Given], list[str], View]]":
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
        read = chosen.read(order.paths, [spec], order.calorimeter, stages)
        on = view(spec.view, era_of_read(read, chosen.era), order.calorimeter)
        yield calibrate.given_of(read, spec), list(dict.fromkeys(each.source for each in read)), on


def train_network(order: "Order", spec: "MapSpec", recipe: "Recipe") -> "Bundle":
    """Train, say how far that is, and leave the learning curve beside the bundle, as data and picture.

    Exit code 130 where somebody interrupts it: what was done is kept.
    """
    from caloscope import training

    training.require_devices(recipe)  # before hours of data are read
    try:
        made = _trained(order, spec, recipe)
    except KeyboardInterrupt:
        print("caloscope: interrupted; the same command goes on where it was", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    _draw(order.output)
    return made


def _trained(order: "Order", spec: "MapSpec", recipe: "Recipe") -> "Bundle":
    from caloscope import training

    with Stages() as stages, given_of(order, spec, stages) as (given, names, on):
        warn_of_faults(order.paths, spec.name, order.chosen, stages)
        told = Told(stages, recipe.epochs)
        return training.train_network(
            given,
            names,
            spec,
            on,
            order.output,
            detector=order.detector,
            recipe=recipe,
            per_day=order.rate,
            conditions=order.states,
            calorimeter=order.calorimeter,
            watching=training.Watching(told.reading, told.epoch, stages.of(CALIBRATING), stages.note),
        )


class Told:
    """What training of a network says, made into stages: reading, learning, calibrating."""

    def __init__(self, stages: Stages, most: int) -> None:
        self._stages, self._most, self._first = stages, most, True
        stages.begin(READING)

    def reading(self, done: int, every: int) -> None:
        """So many lumisections are ready; after the last one learning begins."""
        self._stages.tell(READING, "lumisections", done, every)
        if done == every:
            self._stages.begin(LEARNING)

    def epoch(self, progress: "Learned") -> None:
        """An epoch is done, with the losses of the last and of the best one; or some were done before."""
        last = progress.history[-1]
        if self._first and last.number > 1:
            self._stages.note(f"going on after epoch {last.number}")
        self._first = False
        losses = f"loss {last.held:.4g}, best {progress.lowest:.4g} ({last.number - progress.since})"
        self._stages.tell(LEARNING, "epochs", last.number, self._most, losses)
        if progress.finished:
            self._stages.begin(CALIBRATING)


def _draw(output: Path) -> None:
    """The picture of the learning curve, where there is matplotlib."""
    import json

    from caloscope.training.curve import curve_of, name_of

    told = curve_of(output)
    with suppress(UsageError):
        from caloscope.figures import learning_figure

        found = json.loads(told.read_text(encoding="utf-8"))
        subtitle = f"{found['parameters']:,} parameters; stopped: {found['finished']}"
        told.with_suffix(".png").write_bytes(learning_figure(name_of(output), found["curve"], subtitle))


def say(made: "Bundle", output: Path) -> None:
    """What came of it, for people."""
    from caloscope.cli.calibrated import many
    from caloscope.training.curve import curve_of

    told = made.card.training
    print(
        f"learned from {many(told['lumisections'], 'lumisection')} in {many(told['epochs'], 'epoch')}, "
        f"{told['seconds']} s (stopped: {told['finished']}); "
        f"kept epoch {told['best_epoch']}, held-out loss {told['held_out_loss']:.5g}"
    )
    print(f"{told['parameters']:,} parameters; ONNX differs from torch by {told['parity']:.1e}")
    left = (curve_of(output), curve_of(output).with_suffix(".png"))
    print(f"learning curve: {', '.join(str(path) for path in left if path.is_file())}")
