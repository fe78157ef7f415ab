"""Arrays that a loss needs in every step, moved to a device once."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Constant:
    """Some arrays that do not change; floating ones become float32. What is on devices is not pickled."""

    def __init__(self, *arrays: NDArray[Any]) -> None:
        self._arrays = arrays
        self._there: dict[torch.device, tuple[Tensor, ...]] = {}

    def on(self, device: torch.device) -> tuple[Tensor, ...]:
        """They as tensors, in the order in which they were given."""
        if device not in self._there:
            self._there[device] = tuple(
                torch.from_numpy(each.astype(np.float32 if each.dtype.kind == "f" else np.int64)).to(device)
                for each in self._arrays
            )
        return self._there[device]

    def __getstate__(self) -> dict[str, object]:
        return {"_arrays": self._arrays, "_there": {}}
