"""From torch to ONNX, and how far the two are apart."""

import io
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from caloscope.detectors.onnx import Session
from caloscope.errors import BundleError
from caloscope.records import Floats

OPSET = 18
FARTHEST = 1e-4
"""Largest difference between torch and ONNX Runtime, relative to the largest output."""


def export(module: nn.Module, shown: Floats, names: tuple[str, str], path: Path) -> float:
    """Write a network as ONNX and answer with how far it is from torch on `shown`, relative to the largest.

    `shown` is `(batch, channel, y, x)`; the file takes batches of any size. `names` are those of input and
    output. Raises `BundleError` where the two differ by more than rounding does.
    """
    module = module.eval().to("cpu")
    example = torch.from_numpy(shown[:2].copy())
    batch = torch.export.Dim("batch", min=1, max=4096)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own parts, which nobody here can change
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            module,
            (example,),
            input_names=[names[0]],
            output_names=[names[1]],
            opset_version=OPSET,
            dynamic_shapes=({0: batch},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    path.write_bytes(_plain(program.model_proto))
    return parity(module, shown, names, path)


def _plain(model: Any) -> bytes:
    """The file's content without what the exporter noted: where lines of code are is nobody's business."""
    import onnx

    graph = model.graph
    parts = (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *graph.value_info)
    for part in parts:
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    content = io.BytesIO()
    onnx.save_model(model, content)
    return content.getvalue()


def parity(module: nn.Module, shown: Floats, names: tuple[str, str], path: Path) -> float:
    """How far ONNX Runtime is from torch, relative to the largest output. Raises `BundleError`: too far."""
    with torch.no_grad():
        expected = module(torch.from_numpy(shown)).numpy()
    shapes = (None, *shown.shape[1:]), (None, *expected.shape[1:])
    session = Session(
        path, input_shape=shapes[0], output_shape=shapes[1], input_name=names[0], output_name=names[1]
    )
    apart = float(np.abs(session.run(shown) - expected).max() / max(1e-6, float(np.abs(expected).max())))
    if not apart <= FARTHEST:
        raise BundleError(f"{path}: found answers {apart:.1e} from torch's, expected at most {FARTHEST:.0e}")
    return apart
