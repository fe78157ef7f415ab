"""Which runs training is stopped by is decided once."""

import numpy as np

from caloscope.detectors.base import Observation
from caloscope.records import LumiId
from caloscope.training.neural.parts import parts_of


def test_a_run_that_cannot_be_used_moves_no_other_run() -> None:
    counts = np.ones((2, 2))
    good = [Observation(LumiId(run, lumi), counts, 500, 50.0) for run in range(1, 13) for lumi in (1, 2)]
    parts = parts_of(good)
    assert parts.stop.tolist() == [2, 7, 12]
    assert sorted({each.id.run for each in parts.learn}) == [1, 3, 4, 5, 6, 8, 9, 10, 11]
    usable = np.array([each.id.run for each in good if each.id.run != 12])
    assert sorted(set(usable[parts.held(usable)].tolist())) == [2, 7]
    alone = parts_of(good[:2])
    assert (len(alone.learn), alone.stop.size) == (2, 0)
