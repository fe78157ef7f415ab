"""Two endcaps to test with: a network, an average and parameters each, and lumisections for both."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from caloscope.detectors.base import Answer, Array, Memory, Observation
from caloscope.detectors.cmssw_ml import CmsswMl, Parameters, open_network
from caloscope.geometry import view
from caloscope.records import LumiId

from . import mlclient_loops, tiny_onnx

MINUS = Parameters(slope=2029.645065864053095, intercept=48741.67219924630626, threshold=0.0004360)
PLUS = Parameters(slope=2097.273231210836457, intercept=49052.24959496531665, threshold=0.0003009)
FANO = 12.0
"""Variance over mean of a supercrystal's digi count in one lumisection."""


@dataclass(frozen=True)
class Side:
    """An endcap: its network's file, its average in the padded layout, its parameters."""

    model: Path
    average: Array
    parameters: Parameters

    def detector(self, **changes: object) -> CmsswMl:
        parameters = replace(self.parameters, **changes)  # type: ignore[arg-type]  # any field
        return CmsswMl(parameters, open_network(self.model), self.average, view("EE+", "2018").exists)

    def network(self) -> mlclient_loops.Network:
        """The network past our own door to onnxruntime."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(self.model, options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name

        def run(picture: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.asarray(session.run(None, {name: picture[None, None]})[0][0, 0], dtype=np.float32)

        return run

    def loops(self) -> mlclient_loops.Endcap:
        wanted = self.parameters
        return mlclient_loops.Endcap(wanted.slope, wanted.intercept, self.average, self.network())

    def counts(self, events: int, pileup: float, random: np.random.Generator) -> Array:
        """Negative-binomial counts around average x pileup line; the fillers of dead cells count nothing."""
        mean = np.where(self.average == 1.0, 0.0, self.average)[1:-1, 1:-1]
        mean = mean * (self.parameters.slope * pileup + self.parameters.intercept) / 400 * events / 500
        size = np.where(mean > 0, mean / (FANO - 1), 1.0)
        return random.negative_binomial(size, 1 / FANO).astype(np.float64) * (mean > 0)


Endcaps = tuple[Side, Side]


def tiny_endcaps(folder: Path) -> Endcaps:
    """Endcaps with a network that answers with each cell's mean over its neighbours."""
    model = folder / "tiny.onnx"
    model.write_bytes(tiny_onnx.autoencoder((1, 1, 22, 22)))
    y, x = np.mgrid[-10.5:11, -10.5:11]
    average = np.where(view("EE+", "2018").exists, 1.313 + 0.04 * (y + x)[1:-1, 1:-1], 1.0)
    padded = np.pad(average, 1, mode="edge")
    return Side(model, padded, MINUS), Side(model, padded[:, ::-1].copy(), PLUS)


def fill(lumis: int, endcaps: Endcaps, seed: int) -> Iterator[tuple[Observation, Observation]]:
    """Both endcaps, LS by LS: pileup falls, events wander, one LS has no pileup, four hardly an event."""
    random = np.random.default_rng(seed)
    for lumi in range(1, lumis + 1):
        pileup = -1.0 if lumi == 17 else round(60 - 0.4 * lumi + random.normal(0, 1), 2)
        events = int(random.integers(150, 400)) if lumi not in range(30, 34) else int(random.integers(0, 90))
        minus, plus = (side.counts(events, max(pileup, 20), random) for side in endcaps)
        of_minus = Observation(LumiId(1, lumi), minus, events, pileup)
        yield of_minus, Observation(LumiId(1, lumi), plus, events, pileup, {"EE-/digi": minus})


def faulty_plus(endcaps: Endcaps) -> CmsswMl:
    """EE+ with its left and right padding taken from EE-."""
    minus, plus = endcaps
    neighbour = {"companion_slope": minus.parameters.slope, "companion_intercept": minus.parameters.intercept}
    return plus.detector(padding_fault=True, companion="EE-/digi", **neighbour)


def scores(detector: CmsswMl, observations: list[Observation], memory: Memory) -> tuple[list[Answer], Memory]:
    answers = []
    for observation in observations:
        answer, memory = detector.look(observation, memory)
        answers.append(answer)
    return answers, memory


def assert_same(one: Memory, other: Memory) -> None:
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].dtype == other[name].dtype
        np.testing.assert_array_equal(one[name], other[name])
