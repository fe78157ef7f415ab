"""How long recording takes; the limits are several times what a slow machine needs."""

from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import pytest

from caloscope.records import Code, MapResult, Quality, ResultKey
from caloscope.store import Checkpoint, Store

from .making import BUNDLE, LABEL, MAP, RUN, opened


def noisy(lumi: int, shape: tuple[int, ...], mean: float) -> MapResult:
    """A result as full of information as a real one, with 68 cells that stay flagged."""
    random = np.random.default_rng(lumi)
    expected = np.random.default_rng(0).gamma(4, mean / 4, shape) * (1 + 0.05 * np.sin(lumi))
    codes = np.full(shape, Code.GOOD, dtype=np.int8)
    codes[..., :17, :4] = Code.BAD
    return MapResult(
        key=ResultKey(LABEL, RUN, lumi, MAP, BUNDLE),
        quality=Quality.BAD,
        reason=None,
        counts=random.poisson(expected).astype(np.uint32),
        codes=codes,
        evidence=np.maximum(0, random.normal(size=shape)).astype(np.float32),
        direction=np.where(codes == Code.BAD, -1, 0).astype(np.int8),
        expected=expected.astype(np.float32),
        content=str(lumi),
    )


def median_seconds(store: Store, shape: tuple[int, ...], mean: float) -> float:
    """Of 25 lumisections, each with a checkpoint of 20 kB."""
    spent = []
    for lumi in range(1, 26):
        result, state = noisy(lumi, shape, mean), Checkpoint(LABEL, MAP, BUNDLE, RUN, lumi, bytes(20_000))
        began = perf_counter()
        store.record([result], [], [state])
        spent.append(perf_counter() - began)
    return median(spent)


@pytest.mark.parametrize(
    ("shape", "mean", "limit"), [((34, 72), 100.0, 0.015), ((7, 72, 84), 300.0, 0.060)], ids=["EB", "HCAL"]
)
def test_a_record_takes_milliseconds(
    tmp_path: Path, shape: tuple[int, ...], mean: float, limit: float
) -> None:
    with opened(tmp_path / "s.db") as store:
        assert median_seconds(store, shape, mean) < limit
