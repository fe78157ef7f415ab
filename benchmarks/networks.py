"""Training a ResNet autoencoder, against a plain PyTorch loop; and what ONNX Runtime takes.

The plain loop is that of a notebook: all pictures in memory, a DataLoader, Adam, `loss.item()` in every
step. Loss, batches and start are the same, and so is the network: written with torch's own layers, and, to
see what the loop alone does, with those of Caloscope. ONNX Runtime runs one session for all lumisections,
against a session for each, as CMSSW's `MLClient` does.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.detection import regimes
from benchmarks.plain_torch import plain
from benchmarks.tables import show
from caloscope.detectors.network import pictures
from caloscope.detectors.onnx import Session
from caloscope.pipeline.state import Given
from caloscope.records import MapRecord
from caloscope.simulate import conditions
from caloscope.training.neural.autoencoding import basis_of, row_of
from caloscope.training.neural.export import export
from caloscope.training.neural.loop import fit
from caloscope.training.neural.rebuild import Rebuild
from caloscope.training.observed import Observed
from caloscope.training.prepared import prepare_rows
from caloscope.training.recipe import Recipe

MAPS: Final = ("EB", "EE+")
RUNS, LUMIS, HELD = 6, 200, 2
ROUNDS: Final = 3
NAMES: Final = (pictures.PICTURE, pictures.RECONSTRUCTION)
ONE_BY_ONE: Final = 200


def run() -> None:
    """Print maps a second of both loops, and milliseconds of ONNX Runtime in three ways."""
    training, inference = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name in MAPS:
            work = Path(folder) / name
            work.mkdir()
            problem = _problem(name, work)
            training.append((name, *_training(problem, work)))
            inference.append((name, *_inference(problem, work)))
    header = (
        "map",
        "Caloscope, maps/s",
        "plain loop, maps/s",
        "ratio (asked: 1.5)",
        "plain loop, our layers",
    )
    show(header, training)
    print()
    show(("map", "a session for all, ms", "in batches of 64, ms", "a session a map, ms", "ratio"), inference)


def _problem(name: str, work: Path) -> Rebuild:
    """A ResNet's problem on simulated lumisections, the same for both loops."""
    on, healthy = regimes.subject(name)
    given = [
        Given(at.id, MapRecord(healthy.draw(at), at.events, at.measured), "")
        for run in range(RUNS)
        for at in conditions(regimes.STEADY_EVENTS.fill(100_000 + run, LUMIS, float(run)))
    ]
    good = Observed(given, on)
    basis = basis_of(good, healthy.noise, 30)
    prepared = prepare_rows(good, lambda each: row_of(each, basis), work / "rows")
    held = np.arange(len(prepared)) >= len(prepared) - HELD
    average = pictures.average_of(basis.typical)
    return Rebuild(
        recipe=Recipe(epochs=2),
        on=on,
        noise=healthy.noise,
        prepared=prepared,
        alive=basis.typical.alive,
        average=average,
        dispersion=basis.scatter,
        learn=np.flatnonzero(~held),
        held=np.flatnonzero(held),
    )


def _training(problem: Rebuild, work: Path) -> tuple[str, ...]:
    """Maps a second, the median of some epochs taken in turn."""
    ours, others, half = [], [], []
    for number in range(ROUNDS):
        place = work / f"round-{number}"
        place.mkdir()
        progress = fit(problem, problem.recipe, place)
        ours.append(len(problem.learn) / progress.history[-1].seconds)
        others.append(len(problem.learn) / _plain_epoch(problem, own_layers=False))
        half.append(len(problem.learn) / _plain_epoch(problem, own_layers=True))
    return (
        f"{statistics.median(ours):.0f}",
        f"{statistics.median(others):.0f}",
        _ratio(ours, others),
        f"{statistics.median(half):.0f}, ratio {_ratio(ours, half)}",
    )


def _ratio(ours: list[float], others: list[float]) -> str:
    """The median, and the range, of ratios of neighbours in time."""
    found = [mine / other for mine, other in zip(ours, others, strict=True)]
    return f"{statistics.median(found):.2f} ({min(found):.2f} - {max(found):.2f})"


def _plain_epoch(problem: Rebuild, *, own_layers: bool) -> float:
    """Seconds of the second epoch of a plain loop; the first one warms up."""
    batch = problem.batch(problem.learn, np.random.default_rng(0))
    tensors = {name: torch.from_numpy(array) for name, array in batch.items()}
    loader = DataLoader(TensorDataset(*tensors.values()), batch_size=problem.recipe.batch, shuffle=True)
    torch.manual_seed(problem.recipe.seed)
    module = problem.module()
    if not own_layers:
        module = plain(module, tensors["picture"][:4])
    optimizer = torch.optim.Adam(module.parameters(), lr=problem.recipe.learning_rate)
    contiguous = _Contiguous(problem)
    seconds = 0.0
    for _ in range(2):
        started, total = time.perf_counter(), 0.0
        for found in loader:
            optimizer.zero_grad()
            loss = contiguous.loss(module, dict(zip(tensors, found, strict=True)))
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.item()
        seconds = time.perf_counter() - started
    return seconds


class _Contiguous:
    """The same loss on pictures in torch's usual layout."""

    def __init__(self, problem: Rebuild) -> None:
        self._problem = problem

    def loss(self, module: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """The problem's loss of what the network makes of contiguous pictures."""
        made = module(batch["picture"].contiguous())
        return self._problem.loss(_Made(made), batch)


class _Made(torch.nn.Module):
    """A network whose answer is there already."""

    def __init__(self, made: torch.Tensor) -> None:
        super().__init__()
        self._answer = made

    def forward(self, _: torch.Tensor) -> torch.Tensor:
        """That answer."""
        return self._answer


def _inference(problem: Rebuild, work: Path) -> tuple[str, str, str, str]:
    """Milliseconds a map: one session, batches, and a session for each map."""
    shown = np.concatenate([problem.batch(problem.learn[:64], np.random.default_rng(0))["picture"]])
    path = work / "model.onnx"
    export(problem.module(), shown[:4], NAMES, path)
    shape = (None, *shown.shape[1:])

    def open_session() -> Session:
        return Session(path, input_shape=shape, input_name=NAMES[0], output_name=NAMES[1])

    session = open_session()
    single = _milliseconds(lambda: session.run(shown[:1]), ONE_BY_ONE)
    together = _milliseconds(lambda: session.run(shown), 5) / len(shown)
    apart = _milliseconds(lambda: open_session().run(shown[:1]), 10)
    return f"{single:.2f}", f"{together:.2f}", f"{apart:.1f}", f"{apart / single:.0f}"


def _milliseconds(work: Callable[[], object], times: int) -> float:
    """The median of some runs after one that warms up."""
    work()
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return 1e3 * statistics.median(seconds)
