"""A network that CMSSW runs, made into a bundle."""

from pathlib import Path

import numpy as np

from caloscope import bundle
from caloscope.config.catalogue import MapSpec
from caloscope.detectors.base import Array
from caloscope.detectors.cmssw_ml import CmsswMl, Parameters, open_network, read_average
from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.training.cmssw_notes import Package
from caloscope.training.curve import name_of, remove_curve
from caloscope.training.provenance import Provenance
from caloscope.training.selftest import of_average


def import_cmssw(
    folder: Path,
    spec: MapSpec,
    on: View,
    *,
    onnx: Path,
    average: Path,
    parameters: Parameters,
    package: Package | None = None,
) -> bundle.Bundle:
    """Write the bundle of CMSSW's chain on one of its autoencoders and its table of average occupancy.

    `package` is the export that these files are of, where they are not CMSSW's own: the card then says what
    its threshold stands for, as long as map, era and parameters are those that were exported.
    Raises `UsageError` for a map with depths, `BundleError` or `SourceError` for files that do not fit.
    """
    if on.depths:
        raise UsageError(f"{spec.name}: has depths, expected a map (y, x) for CMSSW's ECAL chain")
    session = open_network(onnx)
    rows, columns = session.input_shape[2:]
    if rows is None or columns is None:
        raise UsageError(f"{onnx}: takes pictures of any size, expected one size")
    table = read_average(average, (rows, columns))
    detector = CmsswMl(parameters, session, table, np.asarray(on.exists))
    same = package is not None and package.notes.meant(spec.name, on.era, parameters)
    card = bundle.make_card(
        name_of(folder),
        spec,
        on,
        detector,
        threshold=parameters.threshold,
        per_day=package.notes.per_day if package is not None and same else None,
        training={"imported": [onnx.name, average.name], **_origin(package, same=same)},
    )
    seen = of_average(_unpadded(table, detector), parameters)
    saved = bundle.save(folder, card, detector, model=onnx, selftest=seen)
    remove_curve(folder)
    return saved


def _origin(package: Package | None, *, same: bool) -> Provenance:
    """What the card says of where network and constants came from."""
    if package is None:
        return {"threshold": "as CMSSW sets it"}
    notes = package.notes
    wrapped: Provenance = {"wrapped": True} if notes.wrapped else {}
    threshold = notes.threshold if same else "as it was given, no rate is known"
    return {"exported_from": notes.bundle, **wrapped, "threshold": threshold}


def _unpadded(table: Array, detector: CmsswMl) -> Array:
    """The average in the view's layout, `(y, x)`, 0 in cells that it does not know."""
    rows, columns = ((size - bins) // 2 for size, bins in zip(table.shape, detector.shape, strict=True))
    inner = table[rows : rows + detector.shape[0], columns : columns + detector.shape[1]]
    return np.where(detector.alive, inner, 0.0)
