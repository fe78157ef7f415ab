"""The training loop: seeds, stopping, resuming, and what it says when something is wrong."""

import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from caloscope.errors import UsageError
from caloscope.training.neural import loop
from caloscope.training.neural.batches import batches, shuffled
from caloscope.training.neural.checkpoint import FILE, Progress, load
from caloscope.training.recipe import Recipe

from .making import Smooth

QUICK: dict[str, Any] = {"epochs": 4, "batch": 16, "learning_rate": 0.01}


def trained(folder: Path, problem: Smooth | None = None, **changes: Any) -> Progress:
    folder.mkdir(exist_ok=True)
    return loop.fit(problem or Smooth(), Recipe(**(QUICK | changes)), folder)


def same(one: Progress, other: Progress) -> bool:
    assert one.best.keys() == other.best.keys()
    return all(torch.equal(one.best[name], other.best[name]) for name in one.best)


def losses(progress: Progress) -> list[tuple[float, float]]:
    return [(each.learned, each.held) for each in progress.history]


def test_the_same_seed_gives_the_same_weights_bit_for_bit(tmp_path: Path) -> None:
    one, again = trained(tmp_path / "a"), trained(tmp_path / "b")
    assert same(one, again)
    assert losses(one) == losses(again)
    assert not same(one, trained(tmp_path / "c", seed=2))
    assert one.history[-1].held < one.history[0].held
    assert one.finished == "4 epochs"


def test_every_row_is_in_one_batch_of_an_epoch() -> None:
    found = shuffled(np.arange(10, 33), 8, (1, 0))
    assert [len(each) for each in found] == [8, 8, 7]
    assert sorted(np.concatenate(found)) == list(range(10, 33))
    assert any((one != other).any() for one, other in zip(found, shuffled(np.arange(10, 33), 8, (1, 1))))  # noqa: B905
    shown = [batch["truth"] for batch in batches(Smooth(), [np.arange(3), np.arange(3, 5)], (1,))]
    assert [len(each) for each in shown] == [3, 2]


def test_training_goes_on_where_it_was(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole", epochs=6)
    assert len(trained(tmp_path / "parts", epochs=2).history) == 2
    again = trained(tmp_path / "parts", epochs=6)
    assert losses(again) == losses(whole)
    assert same(again, whole)
    assert again.history[0].seconds > 0
    done = trained(tmp_path / "parts", epochs=6)
    assert losses(done) == losses(whole)


def test_fewer_epochs_than_were_done_end_it_with_the_reason(tmp_path: Path) -> None:
    stopped = trained(tmp_path / "b", epochs=5)
    found = trained(tmp_path / "b", epochs=2)
    assert (len(found.history), found.finished) == (len(stopped.history), "2 epochs")


def test_one_epoch_is_no_plural(tmp_path: Path) -> None:
    assert trained(tmp_path / "a", epochs=1).finished == "1 epoch"
    told = Smooth(held=np.arange(40, 50), held_losses=(3.0, 3.0))
    stopped = trained(tmp_path / "b", told, epochs=9, patience=1, batch=64)
    assert stopped.finished == "held-out loss fell by less than 0.01 % in 1 epoch"


def test_it_stops_when_held_out_rows_say_so_and_keeps_the_best(tmp_path: Path) -> None:
    told = (3.0, 2.0, 2.5, 2.4, 2.3, 2.2)
    stopped = trained(
        tmp_path / "a", Smooth(held=np.arange(40, 50), held_losses=told), epochs=50, patience=3, batch=64
    )
    assert [each.held for each in stopped.history] == pytest.approx(told[:5])
    assert stopped.finished == "held-out loss fell by less than 0.01 % in 3 epochs"
    assert [each.rate for each in stopped.history] == [0.01, 0.01, 0.01, 0.005, 0.0025]
    second = trained(tmp_path / "b", Smooth(held=np.arange(40, 50)), epochs=2, patience=3, batch=64)
    third = trained(tmp_path / "c", Smooth(held=np.arange(40, 50)), epochs=3, patience=3, batch=64)
    assert same(stopped, second)
    assert not same(stopped, third)


def test_small_steps_add_up(tmp_path: Path) -> None:
    """Steps each too small to count are kept, and together they are an improvement."""
    told = tuple(1.0 - 4e-5 * step for step in range(12))
    found = trained(
        tmp_path / "a", Smooth(held=np.arange(40, 50), held_losses=told), epochs=12, patience=4, batch=64
    )
    assert found.finished == "12 epochs"
    last = trained(tmp_path / "b", Smooth(held=np.arange(40, 50), held_losses=(3, 2, 1)), epochs=3, batch=64)
    assert not same(found, last)
    few = Smooth(held=np.arange(40, 50), held_losses=tuple(1.0 - 1e-6 * step for step in range(12)))
    kept = trained(tmp_path / "c", few, epochs=12, patience=4, batch=64)
    assert len(kept.history) == 5
    whole = Smooth(held=np.arange(40, 50), held_losses=(5, 4, 3, 2, 1))
    expected = trained(tmp_path / "d", whole, epochs=5, patience=4, batch=64)
    assert not same(kept, expected)  # the rates fell meanwhile
    assert min(kept.history, key=lambda epoch: epoch.held).number == 5


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), 1e30])
def test_a_loss_that_is_no_number_is_said_in_one_line(broken: float, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the loss in epoch 1 is no number.*--learning-rate") as refused:
        trained(tmp_path / "a", Smooth(broken=broken))
    assert "\n" not in str(refused.value)


def test_minutes_stop(tmp_path: Path) -> None:
    found = trained(tmp_path / "a", epochs=10_000, patience=10_000, minutes=0.002)
    assert found.finished == "0.002 minutes"
    assert found.seconds >= 0.12
    assert len(found.history) < 10_000
    more = trained(tmp_path / "a", epochs=len(found.history) + 3, patience=10_000)
    assert len(more.history) == len(found.history) + 3


def test_without_held_out_rows_nothing_is_trained(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="too few good runs"):
        trained(tmp_path / "a", Smooth(held=np.arange(0)))


@pytest.mark.parametrize("damage", ["empty", "cut", "other", "text"])
def test_a_damaged_checkpoint_is_refused_in_one_line(damage: str, tmp_path: Path) -> None:
    trained(tmp_path / "a", epochs=2)
    path = tmp_path / "a" / FILE
    whole = path.read_bytes()
    if damage == "other":
        torch.save({"history": [], "module": {}}, path)
    else:
        path.write_bytes({"empty": b"", "cut": whole[: len(whole) // 2], "text": b"no checkpoint"}[damage])
    with pytest.raises(
        UsageError, match=r"found no checkpoint .*expected one: delete .* to begin"
    ) as refused:
        trained(tmp_path / "a")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 600


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    trained(tmp_path / "a", epochs=2)
    kept = torch.load(tmp_path / "a" / FILE, weights_only=True)
    kept["module"]["conv.weight"] = torch.zeros(2, 1, 3, 3)
    torch.save(kept, tmp_path / "a" / FILE)
    with pytest.raises(UsageError, match="found no checkpoint of this training"):
        trained(tmp_path / "a")


def test_a_part_that_was_not_finished_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / f"{FILE}.part").write_bytes(b"half")
    assert load(tmp_path / "a") is None
    assert len(trained(tmp_path / "a").history) == 4


def test_an_accelerator_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a graphics card here")
    with pytest.raises(UsageError, match="1 device of accelerator gpu cannot be used") as refused:
        trained(tmp_path / "a", accelerator="gpu")
    assert "\n" not in str(refused.value)


def test_what_makes_no_sense_is_refused() -> None:
    for wrong in (
        {"seed": -1},
        {"batch": 0},
        {"learning_rate": 0.0},
        {"accelerator": "tpu"},
        {"minutes": 0.0},
    ):
        with pytest.raises(UsageError):
            Recipe(**wrong)


def test_a_full_disk_is_said_in_one_line_and_loses_nothing(tmp_path: Path) -> None:
    """Files that may not grow stand for a disk without room."""
    trained(tmp_path / "a", epochs=2)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
        with pytest.raises(
            UsageError, match=r"cannot be written \(.+\), expected a disk with room"
        ) as refused:
            trained(tmp_path / "a")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "\n" not in str(refused.value)
    assert len(trained(tmp_path / "a").history) == 4
