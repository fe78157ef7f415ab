"""How CMSSW's chain makes a picture of what was summed: scaled in float32, padded with its edges."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.cmssw_queues import Queues
from caloscope.detectors.cmssw_setup import Parameters
from caloscope.detectors.onnx import Session
from caloscope.errors import BundleError
from caloscope.records import Floats


@dataclass(frozen=True, slots=True)
class Frame:
    """A map of `shape` (y, x) in a padded picture: rows above and below, columns left and right (`pads`)."""

    shape: tuple[int, ...]
    pads: tuple[int, int]

    @classmethod
    def of(cls, session: Session, shape: tuple[int, ...]) -> Self:
        """What the network's picture has beyond the map. Raises `BundleError` where it is not symmetric."""
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
        return cls(shape, (pads[0], pads[1]))

    def picture(self, queues: Queues, pileup: float, events: int, wanted: Parameters) -> Floats | None:
        """The padded input of the network, or None where a pileup line is not positive.

        The line is taken at the newest lumisection's pileup, though the sum covers several.
        """
        line = np.float32(wanted.slope * pileup + wanted.intercept)
        neighbours_line = np.float32(wanted.companion_slope * pileup + wanted.companion_intercept)
        if not line > 0 or (wanted.padding_fault and not neighbours_line > 0):
            return None
        share = np.float32(wanted.events_per_image / events)
        tall = self._pad_rows(self._normalise(queues["maps"], line, share))
        columns = tall
        if wanted.padding_fault:
            columns = self._pad_rows(self._normalise(queues["companion_maps"], neighbours_line, share))
        pad = self.pads[1]
        left, right = np.repeat(columns[:, :1], pad, axis=1), np.repeat(columns[:, -1:], pad, axis=1)
        return np.concatenate([left, tall, right], axis=1)

    def unpad(self, padded: Floats) -> Floats:
        """The map's part of a picture."""
        (pad_y, pad_x), (rows, columns) = self.pads, self.shape
        return padded[pad_y : pad_y + rows, pad_x : pad_x + columns]

    def _normalise(self, maps: NDArray[np.generic], line: np.float32, share: np.float32) -> Floats:
        """The sum of the queued maps, divided by what is expected: 1 in the mean over all bins."""
        picture = np.sum(maps.astype(np.float32), axis=0, dtype=np.float32) / line
        # The barrel is scaled by its number of bins, the endcaps by rows, then by columns: each step rounds.
        rows, columns = self.shape
        for factor in (rows, columns) if self.pads[1] else (rows * columns,):
            picture = picture * np.float32(factor)
        return np.asarray(picture * share, dtype=np.float32)

    def _pad_rows(self, picture: Floats) -> Floats:
        return np.pad(picture, ((self.pads[0], self.pads[0]), (0, 0)), mode="edge")
