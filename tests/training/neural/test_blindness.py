"""No cell may see itself: gradients to a cell's own input are exactly zero."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from caloscope.detectors.network.blind_spot import surroundings
from caloscope.training.neural.autoencoders import Masked
from caloscope.training.neural.blind import REACH, Blind, Surroundings, batch_of_others
from caloscope.training.prepared import Prepared

from ...detectors.plain_view import plain
from .test_layers import random_weights

DEPTHS, PLANE = 3, (6, 8)


def gradients(module: torch.nn.Module, channels: int, plane: tuple[int, int]) -> torch.Tensor:
    """Of every output to every input: `(outputs, y, x, inputs, y, x)`."""
    torch.manual_seed(5)
    shown = torch.randn(1, channels, *plane)
    found = torch.func.jacrev(lambda x: module(x)[0])(shown)
    assert isinstance(found, torch.Tensor)
    return found[:, :, :, 0]


@pytest.mark.parametrize("depths", [1, DEPTHS])
@pytest.mark.parametrize("circular", [(False, True), (True, False), (False, False)])
def test_no_cell_sees_itself_through_the_blind_spot(circular: tuple[bool, bool], depths: int) -> None:
    module = random_weights(Surroundings(depths, circular))
    found = gradients(module, 3 * depths, PLANE).abs()
    for y, x in np.ndindex(*PLANE):
        for depth in range(depths):
            for output in (depth, depths + depth):  # the residual expected, and what is left of the variance
                own = found[output, y, x, :, y, x]
                assert own[depth] == 0  # its residual
                assert own[depths + depth] == 0  # whether it takes part
                assert own[2 * depths + depth] > 0  # the sum over the others of its hardware, by design
                assert found[output, y, x, 2 * depths :].sum() == own[2 * depths + depth]
                for other in range(depths):
                    if other != depth:
                        assert own[other] > 0  # the same bin of another depth is another cell
    seam = found[0, 0, 0, 0, -1, 0] if circular[0] else found[0, 0, 0, 0, 0, -1]
    assert (seam > 0) == any(circular)


def test_no_bin_sees_itself_through_the_masked_autoencoder() -> None:
    for plane in (PLANE, (5, 7)):
        module = random_weights(Masked(plane, DEPTHS, (False, True), (4,)))
        found = gradients(module, DEPTHS, plane).abs()
        for y, x in np.ndindex(*plane):
            assert found[:, y, x, :, y, x].sum() == 0  # of any depth: all are hidden together
        assert (found.sum(dim=(0, 3, 4, 5)) > 0).all()


def blind(shape: tuple[int, ...], hardware: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Blind:
    on = plain(shape, circular=True)
    alive = np.ones(shape, np.bool_)
    alive[..., 1, 1] = False
    nothing = np.zeros(0, np.int64)
    cells = int(alive.sum())
    prepared = Prepared(None, (), {}, nothing, nothing, nothing)  # type: ignore[arg-type]  # nothing is read
    return Blind(on, "overdispersed", prepared, alive, np.ones(cells), hardware[:cells], nothing, nothing)


@pytest.mark.parametrize("shape", [(5, 8), (2, 4, 8), (6, REACH), (6, 2)])
def test_a_cell_that_changes_moves_all_others_but_not_itself(shape: tuple[int, ...]) -> None:
    """Through hardware sums and around circles that are shorter than the reach, too."""
    problem = blind(shape, np.arange(200, dtype=np.int64) % 4 - 1)
    module = random_weights(problem.module())
    rng = np.random.default_rng(2)
    cells = int(problem.alive.sum())
    residual = rng.normal(size=(1, cells)).astype(np.float32)
    agree = np.ones((1, cells), np.bool_)

    def predicted(shown: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> torch.Tensor:
        with torch.no_grad():
            answer = module(torch.from_numpy(problem.inputs(shown, agree)))[0]
        found = answer.reshape(2, *problem.alive.shape)[:, torch.from_numpy(problem.alive)]

        return torch.as_tensor(found)

    before = predicted(residual)
    for cell in range(cells):
        other = residual.copy()
        other[0, cell] += 2.0
        moved = (predicted(other) - before).abs()
        assert moved[:, cell].max() < 1e-5
        assert moved.max() > 1e-3


def test_inputs_in_training_are_those_of_the_detector() -> None:
    problem = blind((2, 4, 8), np.arange(200, dtype=np.int64) % 5 - 1)
    cells = int(problem.alive.sum())
    rng = np.random.default_rng(2)
    residual = rng.normal(size=(3, cells)).astype(np.float32) * 4.0
    agree = rng.random((3, cells)) > 0.2
    found = problem.inputs(residual, agree)
    for row in range(3):
        expected = surroundings(residual[row].astype(np.float64), agree[row], problem.hardware, problem.alive)
        np.testing.assert_allclose(found[row : row + 1], expected, atol=1e-5)
    # By hand: the others of a cell's hardware, over the root of their number.
    seen, part = np.array([[3.0, 4.0, 0.0, 7.0]], np.float32), np.array([[1.0, 1.0, 0.0, 1.0]], np.float32)
    others = batch_of_others(seen, part, np.array([0, 0, 0, -1]))
    np.testing.assert_allclose(others, [[4.0, 3.0, 7.0 / np.sqrt(2.0), 0.0]], rtol=1e-6)
