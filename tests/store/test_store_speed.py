"""How much of a processor recording takes; the limits are several times what a slow machine needs."""

from dataclasses import replace
from pathlib import Path
from statistics import median
from time import thread_time

import numpy as np
import pytest

from caloscope.records import Code, LumiState, MapResult, Quality, ResultKey
from caloscope.store import Checkpoint, Entry, LumiRow, Store

from .making import BUNDLE, LABEL, MAP, RUN, bundle, opened


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
        began = thread_time()
        store.record([result], [], [state])
        spent.append(thread_time() - began)
    return median(spent)


@pytest.mark.parametrize(
    ("shape", "mean", "limit"), [((34, 72), 100.0, 0.015), ((7, 72, 84), 300.0, 0.060)], ids=["EB", "HCAL"]
)
def test_a_record_takes_milliseconds(
    tmp_path: Path, shape: tuple[int, ...], mean: float, limit: float
) -> None:
    with opened(tmp_path / "s.db") as store:
        assert median_seconds(store, shape, mean) < limit


def test_a_lumisection_of_five_maps_is_one_quick_transaction(tmp_path: Path) -> None:
    shapes = {
        "EB/digi": (34, 72),
        "EE+/digi": (20, 20),
        "EE-/digi": (20, 20),
        "HO/digi": (72, 84),
        "EB/rechit": (34, 72),
    }
    with Store(str(tmp_path / "s.db")) as store:
        for name in shapes:
            store.register_bundle(bundle(name, name))
        spent = []
        for lumi in range(1, 16):
            keys = {name: ResultKey(LABEL, RUN, lumi, name, name) for name in shapes}
            found = [replace(noisy(lumi, shape, 100), key=keys[name]) for name, shape in shapes.items()]
            states = [Checkpoint(LABEL, name, name, RUN, lumi, bytes(20_000)) for name in shapes]
            row = LumiRow(LABEL, RUN, lumi, LumiState.COLLISIONS, "told", events=dict.fromkeys(shapes, 1000))
            began = thread_time()
            store.record_all([Entry(found, (), states, lumis=[row])])
            spent.append(thread_time() - began)
        assert median(spent) < 0.060
        assert [len(store.results(LABEL, RUN, map=name)) for name in shapes] == [15] * len(shapes)
