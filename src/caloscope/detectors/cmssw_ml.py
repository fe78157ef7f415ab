"""CMSSW's chain for the ECAL autoencoders, step by step (`DQM/EcalMonitorClient/src/MLClient.cc`).

Sum of the last lumisections, correction for pileup and number of events, edge padding, network, squared
relative difference, product of the last differences. All arithmetic is float32 in CMSSW's order, so that the
scores can be compared with CMSSW's own; a map is `(y, x)`, and in every queue the newest is last.
"""

from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Answer, Array, Memory, NotKnown, Observation, Score, Settings
from caloscope.detectors.cmssw_setup import Parameters, open_network, read_average
from caloscope.detectors.onnx import Session
from caloscope.errors import BundleError
from caloscope.records import Floats, Mask, Reason

__all__ = ["CmsswMl", "Parameters", "open_network", "read_average"]

_Queues: TypeAlias = dict[str, NDArray[np.generic]]


class CmsswMl:
    """CMSSW's `MLClient` for one map: a network, its average occupancy and the parameters around them.

    `session` takes and gives `(1, 1, Y, X)`; `average` is `(Y, X)`, the mean picture in the padded layout,
    positive (1 in cells without data); `exists` is `(y, x)`, the cells that the view has. The padding is what
    `(Y, X)` exceeds `(y, x)` by, half on each side. Raises `BundleError` where these do not fit together.

    Scores are products of squared relative differences (no unit) and are accumulated; the reconstruction is
    in units of the mean occupancy over all bins. Cells that the average does not know (`alive`) are scored as
    in CMSSW, but not testable: CMSSW relies on its channel status to mask them. Queues do not look at
    lumisection numbers: like CMSSW they join what comes, across gaps. A record of several lumisections takes
    as many places of the sum, so one of `n_ls` or more is summed with nothing else; it is one loss map.
    """

    name: ClassVar[str] = "cmssw-ml"

    def __init__(self, parameters: Parameters, session: Session, average: Array, exists: Mask) -> None:
        self.parameters = parameters
        self._session = session
        self._exists = exists.copy()
        self._pads = _pads(session, exists.shape)
        padded = session.input_shape[2:]
        if average.shape != padded:
            raise BundleError(f"cmssw-ml: found an average of shape {average.shape}, expected {padded}")
        self._average = average.astype(np.float32)
        if not np.all(np.isfinite(self._average) & (self._average > 0)):
            raise BundleError(
                "cmssw-ml: found an average that is not positive, expected 1 where nothing counts"
            )
        # The barrel is scaled by its number of bins, the endcaps by rows, then by columns: each step rounds.
        rows, columns = exists.shape
        self._scale = (rows, columns) if self._pads[1] else (rows * columns,)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges, `(y, x)`."""
        return self._exists.shape

    @property
    def alive(self) -> Mask:
        """Cells with an entry of their own in the average, `(y, x)`.

        CMSSW's tables hold exactly 1 where the reference has no data. A table of ones throughout makes no
        difference between cells, so it says of none that it was dead.
        """
        entries = self._unpad(self._average) != 1
        known: Mask = self._exists & entries
        return known if known.any() else self._exists.copy()

    @property
    def companions(self) -> tuple[str, ...]:
        """The map whose columns end up in the padding, when CMSSW's padding fault is reproduced."""
        return (self.parameters.companion,) if self.parameters.padding_fault else ()

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """Judge one lumisection as CMSSW would; where CMSSW returns early, say why.

        UNKNOWN for no pileup (also a negative one), no number of events or no companion: then nothing is
        queued; WARM_UP until both queues are full; FEW_EVENTS and OUT_OF_RANGE (a pileup where the line is
        not positive) leave the loss queue as it is.
        """
        queues = self._recall(memory)
        usable = self._usable(observation)
        if isinstance(usable, NotKnown):
            return usable, queues
        newest_events, pileup = usable
        queues = self._queue(queues, observation, newest_events)
        held, events = int(queues["held"]), int(queues["events"].sum())
        wanted = self.parameters
        if held < wanted.n_ls:
            return NotKnown(Reason.WARM_UP, f"{held} of {wanted.n_ls} lumisections to sum"), queues
        if events < wanted.min_events:
            detail = f"{events} events in {held} lumisections, {wanted.min_events} needed"
            return NotKnown(Reason.FEW_EVENTS, detail), queues
        picture = self._picture(queues, pileup, events)
        if picture is None:
            detail = f"the line has no positive value at pileup {pileup:g}"
            return NotKnown(Reason.OUT_OF_RANGE, detail), queues
        return self._judge(picture, events, queues)

    def _judge(self, picture: Floats, events: int, queues: _Queues) -> tuple[Answer, Memory]:
        """Network, loss, product: from the padded picture to the answer."""
        reconstruction = self._session.run(picture[None, None])[0, 0]
        if not np.all(np.isfinite(reconstruction)):
            return NotKnown(Reason.DETECTOR_FAILED, "the network's answer is not finite", events), queues
        seen, made, average = (self._unpad(array) for array in (picture, reconstruction, self._average))
        with np.errstate(over="ignore", invalid="ignore"):
            loss = np.square(made / average - seen / average)
        losses = _push(queues["losses"], loss)
        held = min(int(queues["losses_held"]) + 1, len(losses))
        queues = queues | {"losses": losses, "losses_held": np.array(held, dtype=np.int64)}
        if held < len(losses):
            detail = f"{held} of {len(losses)} loss maps to multiply"
            return NotKnown(Reason.WARM_UP, detail, image_events=events), queues
        return Score(
            value=_product(losses),
            threshold=float(self.parameters.threshold),
            testable=self.alive,
            accumulated=True,
            reconstruction=made.astype(np.float64),
            direction=np.where(self._exists, np.sign(seen - made), 0).astype(np.int8),
            image_events=events,
        ), queues

    def _usable(self, observation: Observation) -> tuple[int, float] | NotKnown:
        """Events and pileup, or why this lumisection does not even enter the queues."""
        pileup = observation.pileup
        if pileup is None or not isfinite(pileup) or pileup < 0:
            return NotKnown(Reason.NO_PILEUP)
        if observation.events is None:
            return NotKnown(Reason.NO_EVENTS)
        for name in self.companions:
            found = observation.companions.get(name)
            if found is None or found.shape != self.shape:
                return NotKnown(Reason.MAP_MISSING, f"{name}, whose columns pad this map")
        return observation.events, pileup

    def _queue(self, queues: _Queues, observation: Observation, events: int) -> _Queues:
        """The queues with one more record in those that are summed."""
        span = observation.span
        held = min(int(queues["held"]) + span, self.parameters.n_ls)
        queues = queues | {
            "maps": _push(queues["maps"], observation.counts, span),
            "events": _push(queues["events"], np.array(events), span),
            "held": np.array(held, dtype=np.int64),
        }
        for name in self.companions:
            queues["companion_maps"] = _push(queues["companion_maps"], observation.companions[name], span)
        return queues

    def _picture(self, queues: _Queues, pileup: float, events: int) -> Floats | None:
        """The padded input of the network, or None where a pileup line is not positive.

        The line is taken at the newest lumisection's pileup, though the sum covers several.
        """
        wanted = self.parameters
        line = np.float32(wanted.slope * pileup + wanted.intercept)
        neighbours_line = np.float32(wanted.companion_slope * pileup + wanted.companion_intercept)
        if not line > 0 or (wanted.padding_fault and not neighbours_line > 0):
            return None
        tall = self._pad_rows(self._normalise(queues["maps"], line, events))
        columns = tall
        if wanted.padding_fault:
            columns = self._pad_rows(self._normalise(queues["companion_maps"], neighbours_line, events))
        pad = self._pads[1]
        left, right = np.repeat(columns[:, :1], pad, axis=1), np.repeat(columns[:, -1:], pad, axis=1)
        return np.concatenate([left, tall, right], axis=1)

    def _normalise(self, maps: NDArray[np.generic], line: np.float32, events: int) -> Floats:
        """The sum of the queued maps, divided by what is expected: 1 in the mean over all bins."""
        picture = np.sum(maps.astype(np.float32), axis=0, dtype=np.float32) / line
        for factor in self._scale:
            picture = picture * np.float32(factor)
        return np.asarray(picture * np.float32(self.parameters.events_per_image / events), dtype=np.float32)

    def _pad_rows(self, picture: Floats) -> Floats:
        return np.pad(picture, ((self._pads[0], self._pads[0]), (0, 0)), mode="edge")

    def _unpad(self, padded: Floats) -> Floats:
        (pad_y, pad_x), (rows, columns) = self._pads, self.shape
        return padded[pad_y : pad_y + rows, pad_x : pad_x + columns]

    def _recall(self, memory: Memory) -> _Queues:
        """The queues as they were left; empty ones at the start."""
        wanted = self.parameters
        queues: _Queues = {
            "maps": np.zeros((wanted.n_ls, *self.shape), dtype=np.float32),
            "events": np.zeros(wanted.n_ls, dtype=np.int64),
            "held": np.array(0, dtype=np.int64),
            "losses": np.zeros((wanted.n_loss, *self.shape), dtype=np.float32),
            "losses_held": np.array(0, dtype=np.int64),
        }
        if wanted.padding_fault:
            queues["companion_maps"] = queues["maps"]
        for name, empty in queues.items() if memory else ():
            if name not in memory or memory[name].shape != empty.shape:
                raise BundleError(f"cmssw-ml: found a saved state without {name} {empty.shape}, expected it")
        return queues | dict(memory)

    def settings(self) -> Settings:
        """The parameters, and the names of the network's input and output."""
        names = {"input_name": self._session.input_name, "output_name": self._session.output_name}
        return asdict(self.parameters) | names

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """`average` in the padded layout, `exists` in that of the view."""
        return {"average": self._average.copy(), "exists": self._exists.copy()}

    @classmethod
    def restore(
        cls, settings: Settings, arrays: Mapping[str, NDArray[np.generic]], model: Path | None
    ) -> Self:
        """The detector again; the session is made here, once. Raises `BundleError` for what does not fit."""
        for name in ("average", "exists"):
            if name not in arrays:
                raise BundleError(f"cmssw-ml: found no array {name}, expected one")
        for name in ("input_name", "output_name"):
            if not isinstance(settings.get(name), str):
                raise BundleError(f"cmssw-ml: found no {name} in the settings, expected a name")
        if model is None:
            raise BundleError("cmssw-ml: found no network, expected an ONNX file")
        session = open_network(model, str(settings["input_name"]), str(settings["output_name"]))
        average, exists = arrays["average"].astype(np.float64), arrays["exists"].astype(np.bool_)
        return cls(Parameters.from_settings(settings), session, average, exists)


def _pads(session: Session, shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows above and below, columns left and right, that the network's picture has beyond the map."""
    found, pads = session.input_shape[2:], []
    for size, bins in zip(found, shape, strict=False):
        extra = -1 if size is None else size - bins
        if extra < 0 or extra % 2:
            break
        pads.append(extra // 2)
    if len(pads) != 2 or len(shape) != 2:
        raise BundleError(
            f"{session.path}: found pictures of {found}, expected those of a map of {shape}, "
            "padded alike on opposite sides"
        )
    return pads[0], pads[1]


def _push(queue: NDArray[np.generic], newest: NDArray[Any], places: int = 1) -> NDArray[np.generic]:
    """A new queue of the same length and type without the oldest; all new places but the last are empty."""
    new = np.zeros((min(places, len(queue)), *queue.shape[1:]), dtype=queue.dtype)
    new[-1] = newest
    return np.concatenate([queue[len(new) :], new])


def _product(losses: NDArray[np.generic]) -> Array:
    """The product of the loss maps, oldest first, in float32; what overflows is the largest number."""
    with np.errstate(over="ignore", invalid="ignore"):
        product = np.prod(losses.astype(np.float32), axis=0, dtype=np.float32)
    worst = np.float64(np.finfo(np.float32).max)
    return np.where(np.isfinite(product), product, worst).astype(np.float64)
