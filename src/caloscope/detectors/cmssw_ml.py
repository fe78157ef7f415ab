"""CMSSW's chain for the ECAL autoencoders, step by step (`DQM/EcalMonitorClient/src/MLClient.cc`).

Sum of the last lumisections, correction for pileup and number of events, edge padding, network, squared
relative difference, product of the last differences. All arithmetic is float32 in CMSSW's order, so that the
scores can be compared with CMSSW's own; a map is `(y, x)`, and in every queue the newest is last.
"""

from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Answer, Array, Memory, NotKnown, Observation, Score, Settings
from caloscope.detectors.cmssw_picture import Frame
from caloscope.detectors.cmssw_queues import Queues, product, recall, with_loss, with_record
from caloscope.detectors.cmssw_setup import Parameters, open_network, read_average
from caloscope.detectors.onnx import Session
from caloscope.errors import BundleError
from caloscope.records import Floats, Mask, Reason

__all__ = ["CmsswMl", "Parameters", "open_network", "read_average"]


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
        self._frame = Frame.of(session, exists.shape)
        padded = session.input_shape[2:]
        if average.shape != padded:
            raise BundleError(f"cmssw-ml: found an average of shape {average.shape}, expected {padded}")
        self._average = average.astype(np.float32)
        if not np.all(np.isfinite(self._average) & (self._average > 0)):
            raise BundleError(
                "cmssw-ml: found an average that is not positive, expected 1 where nothing counts"
            )

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
        entries = self._frame.unpad(self._average) != 1
        known: Mask = self._exists & entries
        return known if known.any() else self._exists.copy()

    @property
    def companions(self) -> tuple[str, ...]:
        """The map whose columns end up in the padding, when CMSSW's padding fault is reproduced."""
        return self.parameters.companions

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """Judge one lumisection as CMSSW would; where CMSSW returns early, say why.

        UNKNOWN for no pileup (also a negative one), no number of events or no companion: then nothing is
        queued; WARM_UP until both queues are full; FEW_EVENTS and OUT_OF_RANGE (a pileup where the line is
        not positive) leave the loss queue as it is.
        """
        queues = recall(self.parameters, self.shape, memory)
        usable = self._usable(observation)
        if isinstance(usable, NotKnown):
            return usable, queues
        newest_events, pileup = usable
        wanted = self.parameters
        queues = with_record(queues, observation, newest_events, wanted)
        held, events = int(queues["held"]), int(queues["events"].sum())
        if held < wanted.n_ls:
            return NotKnown(Reason.WARM_UP, f"{held} of {wanted.n_ls} lumisections to sum"), queues
        if events < wanted.min_events:
            detail = f"{events} events in {held} lumisections, {wanted.min_events} needed"
            return NotKnown(Reason.FEW_EVENTS, detail), queues
        picture = self._frame.picture(queues, pileup, events, wanted)
        if picture is None:
            detail = f"the line has no positive value at pileup {pileup:g}"
            return NotKnown(Reason.OUT_OF_RANGE, detail), queues
        return self._judge(picture, events, queues)

    def _judge(self, picture: Floats, events: int, queues: Queues) -> tuple[Answer, Memory]:
        """Network, loss, product: from the padded picture to the answer."""
        reconstruction = self._session.run(picture[None, None])[0, 0]
        if not np.all(np.isfinite(reconstruction)):
            return NotKnown(Reason.DETECTOR_FAILED, "the network's answer is not finite", events), queues
        seen, made, average = (self._frame.unpad(array) for array in (picture, reconstruction, self._average))
        with np.errstate(over="ignore", invalid="ignore"):
            loss = np.square(made / average - seen / average)
        queues = with_loss(queues, loss)
        losses, held = queues["losses"], int(queues["losses_held"])
        if held < len(losses):
            detail = f"{held} of {len(losses)} loss maps to multiply"
            return NotKnown(Reason.WARM_UP, detail, image_events=events), queues
        return Score(
            value=product(losses),
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
