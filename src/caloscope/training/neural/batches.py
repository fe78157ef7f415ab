"""Batches in random order, made in a thread while the network works on the one before."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from caloscope.training.neural.problem import Arrays, Problem, Rows, Tensors

AHEAD = 2
"""Batches that wait."""


def shuffled(rows: Rows, size: int, seed: tuple[int, ...]) -> list[Rows]:
    """All rows once, in batches of `size` and a last one of fewer; the same seed gives the same batches."""
    order = np.random.default_rng(seed).permutation(rows)
    return [np.sort(order[first : first + size]) for first in range(0, len(order), size)]


def batches(problem: Problem, chosen: list[Rows], seed: tuple[int, ...]) -> Iterator[Tensors]:
    """The batches of some rows in order; what is random in them comes from the seed and their number."""

    def made(number: int) -> Arrays:
        return problem.batch(chosen[number], np.random.default_rng((*seed, number)))

    with ThreadPoolExecutor(1) as pool:
        waiting = [pool.submit(made, number) for number in range(min(AHEAD, len(chosen)))]
        for number in range(len(chosen)):
            found = waiting.pop(0).result()
            if number + AHEAD < len(chosen):
                waiting.append(pool.submit(made, number + AHEAD))
            yield {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in found.items()}
