"""What torch must not do here."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def careful() -> Iterator[None]:
    """Inside it gradients are safe with one thread, too.

    With one thread oneDNN's convolutions write beyond their memory where channels are few (torch 2.13.0 on
    AMD EPYC: a network of 4 channels ends in "corrupted double-linked list"), so torch's own are taken. With
    several threads oneDNN is sound, and faster.
    """
    switch: Any = torch.backends.mkldnn
    before = switch.enabled
    switch.enabled = before and torch.get_num_threads() > 1
    try:
        yield
    finally:
        switch.enabled = before
