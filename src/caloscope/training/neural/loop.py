"""The training loop, on whatever Lightning Fabric finds: a processor, one graphics card or several."""

import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.multiprocessing.spawn import ProcessRaisedException

from caloscope.errors import UsageError
from caloscope.training.neural.batches import batches, shuffled
from caloscope.training.neural.careful import careful
from caloscope.training.neural.checkpoint import Epoch, Progress, damaged, load, save
from caloscope.training.neural.device import fabric_of
from caloscope.training.neural.problem import Problem, Rows
from caloscope.training.recipe import Recipe

Told: TypeAlias = Callable[[Progress], None]
"""Told after every epoch, and of what was there already when training goes on."""

CLIP = 1.0
"""Largest norm of a gradient: counts have tails."""

ENOUGH = 1e-4
"""Relative fall of the loss that counts as better."""


def fit(problem: Problem, recipe: Recipe, folder: Path, tell: Told | None = None) -> Progress:
    """Train until the held-out loss stops falling; goes on from what the folder keeps.

    Raises `UsageError` where the loss is no number, or the machine has not the devices that are asked for.
    """
    if len(problem.learn) == 0 or len(problem.held) == 0:
        raise UsageError("too few good runs for a network, expected some to learn from and some to stop by")
    several = recipe.devices > 1
    fabric = fabric_of(recipe)
    load(folder)  # what is damaged is refused before other processes start
    try:
        # Bound to the function: of arguments Fabric makes copies, and it knows not how with frozen ones.
        fabric.launch(partial(_work, problem, recipe, folder, None if several else tell))
    except ProcessRaisedException as error:
        raise _told_by_process(error) from error
    kept = load(folder)
    assert kept is not None  # the loop keeps its state after every epoch
    return kept[0]


def _told_by_process(error: ProcessRaisedException) -> Exception:
    """The error for people that another process ended with, or what torch makes of any other."""
    name, _, told = str(error).strip().rpartition("\n")[2].partition(": ")
    return UsageError(told) if name.rpartition(".")[2] == UsageError.__name__ else error


@careful()
def _work(problem: Problem, recipe: Recipe, folder: Path, tell: Told | None, fabric: Fabric) -> None:
    """One process of training; only the first keeps and tells."""
    torch.manual_seed(recipe.seed)
    network = problem.module().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(network.parameters(), lr=recipe.learning_rate, fused=True)
    module, steps = fabric.setup(network, optimizer)
    # Only now are the weights where they will stay, and the optimizer's memory has to be there, too.
    progress = _resumed(folder, network, optimizer)
    if progress.history:
        progress.finished = _finished(progress, recipe)  # epochs and minutes may be others than before
        _kept(fabric, folder, progress, network, optimizer, tell)
    while not progress.finished:
        if _epoch(fabric, module, steps, problem, recipe, progress):
            progress.best = {
                name: value.detach().cpu().clone() for name, value in network.state_dict().items()
            }
        # Clocks differ: the first process says when all stop.
        progress.finished = str(fabric.broadcast(_finished(progress, recipe)))
        _kept(fabric, folder, progress, network, optimizer, tell)


def _kept(
    fabric: Fabric,
    folder: Path,
    progress: Progress,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    tell: Told | None,
) -> None:
    """The first process keeps and tells what training has come to; the others wait."""
    if fabric.is_global_zero:
        save(folder, progress, network.state_dict(), optimizer.state_dict())
        if tell is not None:
            tell(progress)
    fabric.barrier()


def _resumed(folder: Path, network: nn.Module, optimizer: torch.optim.Optimizer) -> Progress:
    """What training has come to; network and optimizer are brought to where they were."""
    kept = load(folder)
    if kept is None:
        return Progress()
    progress, weights, memory = kept
    try:
        network.load_state_dict(weights)
        optimizer.load_state_dict(memory)
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise damaged(folder, error) from error
    return progress


def _epoch(
    fabric: Fabric, module: Any, optimizer: Any, problem: Problem, recipe: Recipe, progress: Progress
) -> bool:
    """Once through the rows to learn from, then through those held out; whether it is the best so far."""
    started, number = time.perf_counter(), len(progress.history)
    learned = _train(fabric, module, optimizer, problem, recipe, number)
    held = _validate(fabric, module, problem, recipe)
    if not math.isfinite(learned) or not math.isfinite(held):
        raise UsageError(f"the loss in epoch {number + 1} is no number, expected one: lower --learning-rate")
    best = held < progress.lowest
    better = not progress.history or held < progress.mark - ENOUGH * abs(progress.mark)
    rate = optimizer.param_groups[0]["lr"]
    progress.history.append(Epoch(number + 1, learned, held, rate, time.perf_counter() - started))
    progress.since = 0 if better else progress.since + 1
    if progress.since and progress.since % max(1, recipe.patience // 3) == 0:
        for group in optimizer.param_groups:
            group["lr"] = rate / 2.0
    return best


def _train(
    fabric: Fabric, module: Any, optimizer: Any, problem: Problem, recipe: Recipe, number: int
) -> float:
    module.train()
    chosen = _share(fabric, shuffled(problem.learn, recipe.batch, (recipe.seed, number)))
    total = torch.zeros((), device=fabric.device)
    made = batches(problem, chosen, (recipe.seed, number, fabric.global_rank))
    for part, batch in zip(chosen, made, strict=True):
        optimizer.zero_grad(set_to_none=True)
        loss = problem.loss(module, fabric.to_device(batch))
        fabric.backward(loss)
        # What is no number is said once, at the end of the epoch, in words for people.
        fabric.clip_gradients(module, optimizer, max_norm=CLIP, error_if_nonfinite=False)
        optimizer.step()
        total += loss.detach() * len(part)
    return _mean(fabric, total, sum(len(part) for part in chosen))


@torch.no_grad()
def _validate(fabric: Fabric, module: Any, problem: Problem, recipe: Recipe) -> float:
    """The mean loss on held-out rows, which are the same in every epoch, and so is what is random in them."""
    module.eval()
    whole = [
        problem.held[first : first + recipe.batch] for first in range(0, len(problem.held), recipe.batch)
    ]
    chosen = _share(fabric, whole)
    total = torch.zeros((), device=fabric.device)
    for part, batch in zip(chosen, batches(problem, chosen, (recipe.seed, fabric.global_rank)), strict=True):
        total += problem.loss(module, fabric.to_device(batch)) * len(part)
    return _mean(fabric, total, sum(len(part) for part in chosen))


def _share(fabric: Fabric, chosen: list[Rows]) -> list[Rows]:
    """Of each batch the rows of this process: the same number for each, as they wait for one another.

    Where rows do not go round, the first ones are taken twice.
    """
    world = fabric.world_size
    if world == 1:
        return chosen
    return [np.resize(rows, -(-len(rows) // world) * world)[fabric.global_rank :: world] for rows in chosen]


def _mean(fabric: Fabric, total: Tensor, rows: int) -> float:
    return float(torch.as_tensor(fabric.all_reduce(total / rows, reduce_op="mean")))


def _finished(progress: Progress, recipe: Recipe) -> str:
    """Why training is over; empty where it goes on."""
    if progress.since >= recipe.patience:
        return f"held-out loss fell by less than {100 * ENOUGH:g} % in {_epochs(recipe.patience)}"
    if len(progress.history) >= recipe.epochs:
        return _epochs(recipe.epochs)
    if recipe.minutes is not None and progress.seconds >= 60.0 * recipe.minutes:
        return f"{recipe.minutes:g} minute{'' if recipe.minutes == 1 else 's'}"
    return ""


def _epochs(number: int) -> str:
    return f"{number} epoch{'' if number == 1 else 's'}"


def restored(problem: Problem, progress: Progress) -> nn.Module:
    """The network in its best state, ready to be used."""
    module = problem.module()
    module.load_state_dict(progress.best)
    return module.eval()
