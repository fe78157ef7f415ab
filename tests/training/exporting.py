"""An autoencoder's bundle to export, made without training one, and what was exported read back."""

import ast
import re
from pathlib import Path

import numpy as np

from caloscope import bundle as bundles
from caloscope import training
from caloscope.bundle import Bundle
from caloscope.config.catalogue import load
from caloscope.detectors.base import Array
from caloscope.detectors.cmssw_ml import CmsswMl, Parameters
from caloscope.detectors.learned import Known, Typical
from caloscope.detectors.network import Autoencoder, pictures
from caloscope.detectors.network.autoencoder import Network
from caloscope.geometry import View, view
from caloscope.records import Lumisection, MapRecord
from caloscope.training.to_cmssw import Exported

from ..detectors import tiny_onnx

THRESHOLD = 1.2345678901234567e-4
CONSTANT = re.compile(r"^(\w+) = ([-+.\de]+)$", re.MULTILINE)
ERA = "2019+"
EVENTS = 300
FANO = 12.0
DEAD = (10, 4)
"""A cell of every map that never counted."""


def typical_of(on: View, *, slope: float = 0.016, slope_learned: bool = True) -> Typical:
    """Counts per event that fall from one end of the map to the other."""
    y, x = np.mgrid[: on.shape[0], : on.shape[1]]
    rate = np.where(on.exists, 0.55 + 0.02 * y - 0.005 * x, 0.0)
    rate[DEAD] = 0.0
    error = np.where(rate > 0, 0.001, 0.0)
    return Typical("overdispersed", rate, error, rate > 0, slope, slope_learned, 45.0, 25.0, 60.0, 30)


def blur(path: Path, shape: tuple[int, ...]) -> Path:
    """A network that answers with each bin's mean over its neighbours; beyond the edge there are none."""
    sizes: list[int | str] = ["batch", 1, *shape]
    names = pictures.PICTURE, pictures.RECONSTRUCTION
    node = tiny_onnx.node("AveragePool", [names[0]], names[1], **tiny_onnx.BLUR)
    path.write_bytes(
        tiny_onnx.model([node], [tiny_onnx.tensor(names[0], sizes)], [tiny_onnx.tensor(names[1], sizes)])
    )
    return path


def autoencoder(
    folder: Path, map_name: str = "EE+/digi", model: Path | None = None, typical: Typical | None = None
) -> Bundle:
    """A bundle of an autoencoder, its network the blur or the one given."""
    spec = load()[map_name]
    on = view(spec.view, ERA)
    typical = typical or typical_of(on)
    model = model or blur(folder / "blur.onnx", on.shape)
    names = (pictures.PICTURE, pictures.RECONSTRUCTION)
    session = pictures.session_of("autoencoder", model, on.shape, (1, 1), names)
    known = Known(typical, np.full(on.shape, FANO), 0.01)
    ones = np.ones(on.shape)
    detector = Autoencoder(known, Network(session, pictures.average_of(typical), {}), ones)
    card = bundles.make_card("tiny", spec, on, detector, threshold=12.0, per_day=None, training={})
    return bundles.save(folder / "tiny.bundle", card, detector, model=model)


def counts_of(typical: Typical, pileup: float, random: np.random.Generator) -> Array:
    """Negative-binomial counts around the typical map."""
    mean = typical.rate * EVENTS * (1 + typical.slope * (pileup - typical.pileup_mean))
    size = np.where(mean > 0, mean / (FANO - 1), 1.0)
    return random.negative_binomial(size, 1 / FANO).astype(np.float64) * (mean > 0)


def lumisections(bundle: Bundle, runs: int, lumis: int) -> list[Lumisection]:
    """Good lumisections in which pileup falls."""
    random, found = np.random.default_rng(3), []
    typical = typical_of(bundle.view)
    for run in range(1, runs + 1):
        for lumi in range(1, lumis + 1):
            pileup = round(60.0 - 30.0 * lumi / lumis, 2)
            counts = counts_of(typical, pileup, random).astype(np.uint32)
            record = MapRecord(counts, EVENTS, pileup)
            found.append(Lumisection("test", run, lumi, {bundle.spec.name: record}, source="good.h5"))
    return found


def constants(fragment: Path) -> dict[str, float]:
    """The numbers of a fragment, which is Python that sets nothing else."""
    text = fragment.read_text()
    kinds = {type(each) for each in ast.parse(text).body}
    assert kinds == {ast.Import, ast.Assign}
    return {name: float(value) for name, value in CONSTANT.findall(text)}


def imported(made: Exported, old: Bundle, folder: Path, **more: object) -> Bundle:
    """The bundle of what was written, as one imports it from CMSSW."""
    network, table, fragment = made.files
    found = constants(fragment)
    slug = table.name.split("_")[0]
    parameters = Parameters(
        slope=found[f"{slug}_PUcorr_slope"],
        intercept=found[f"{slug}_PUcorr_intercept"],
        threshold=found[f"{slug}Threshold"],
        **more,  # type: ignore[arg-type]  # any field
    )
    return training.import_cmssw(
        folder, old.spec, old.view, onnx=network, average=table, parameters=parameters
    )


def cmssw(bundle: Bundle) -> CmsswMl:
    assert isinstance(bundle.detector, CmsswMl)
    return bundle.detector
