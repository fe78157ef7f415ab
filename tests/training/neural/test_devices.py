"""Training in two processes, each with its share of every batch."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")


from caloscope.errors import UsageError
from caloscope.training.neural import loop
from caloscope.training.neural.checkpoint import Progress, load
from caloscope.training.neural.export import parity
from caloscope.training.neural.making import make, shown
from caloscope.training.recipe import Recipe

from .making import Smooth


class Fabric:
    """As much of Fabric as sharing needs to know."""

    def __init__(self, world: int, rank: int) -> None:
        self.world_size, self.global_rank = world, rank


@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize("rows", [1, 2, 7, 8])
def test_every_process_gets_as_many_rows_of_every_batch(world: int, rows: int) -> None:
    chosen = [np.arange(rows), np.arange(10, 14)]
    shares = [loop._share(Fabric(world, rank), chosen) for rank in range(world)]  # type: ignore[arg-type]
    for number, whole in enumerate(chosen):
        parts = [share[number] for share in shares]
        assert len({len(part) for part in parts}) == 1
        assert set(np.concatenate(parts)) == set(whole)
        assert sum(len(part) for part in parts) < len(whole) + world


@pytest.mark.slow
def test_two_processes_train_together(tmp_path: Path) -> None:
    recipe = Recipe(devices=2, epochs=3, batch=64, learning_rate=0.01)  # one batch an epoch
    made = make(Smooth(), recipe, ("picture", "reconstruction"), tmp_path)
    alone = loop.fit(Smooth(), Recipe(epochs=3, batch=64, learning_rate=0.01), _new(tmp_path / "alone"))
    held = [epoch["held"] for epoch in made.curve]
    assert held == pytest.approx([epoch.held for epoch in alone.history], rel=0.05)
    assert held[-1] < held[0]
    module = loop.restored(Smooth(), _kept(tmp_path))
    assert parity(module, shown(Smooth()), ("picture", "reconstruction"), made.model) < 1e-5


@pytest.mark.slow
def test_what_goes_wrong_in_another_process_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^the loss in epoch 1 is no number") as refused:
        loop.fit(Smooth(broken=float("nan")), Recipe(devices=2, epochs=3), tmp_path)
    assert "\n" not in str(refused.value)


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _kept(folder: Path) -> Progress:
    kept = load(folder)
    assert kept is not None
    return kept[0]
