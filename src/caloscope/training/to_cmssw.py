"""A bundle's network, its average table and its constants, as CMSSW's `MLClient` takes them."""

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from caloscope import __version__
from caloscope.bundle import Bundle
from caloscope.calibrate import Tell
from caloscope.detectors.cmssw_ml import CmsswMl
from caloscope.detectors.network import Autoencoder, AutoencoderLoss
from caloscope.errors import BundleError, UsageError
from caloscope.records import Lumisection
from caloscope.training import cmssw_text
from caloscope.training.cmssw_chain import (
    Chain,
    calibrated,
    chain_of,
    imported_again,
    is_wrapped,
    require_threshold,
)
from caloscope.training.cmssw_notes import notes_lines
from caloscope.training.exported import write_wrapped

DATA: Final = "DQM/EcalMonitorClient/data"


@dataclass(frozen=True, slots=True, eq=False)
class Exported:
    """Network, table and constants as they were written, and the chain that they make in CMSSW.

    `chain` is read back from the files. `opset` is the operator set of a network of our own, None where the
    file is the one that came from CMSSW. `warnings` are one line each.
    """

    files: tuple[Path, ...]
    chain: Bundle
    opset: int | None
    warnings: tuple[str, ...]

    @property
    def threshold(self) -> str:
        """What the threshold stands for, in words."""
        card = self.chain.card
        told, rate = card.calibration, card.false_alarms_per_day
        if rate is None:
            return str(card.training.get("threshold", "no rate is known"))
        meant = f"for {rate:g} false incident{'' if rate == 1 else 's'} in 3,700 lumisections"
        if not {"lumisections", "runs", "first", "last"} <= told.keys():
            return str(card.training.get("threshold", meant))
        seen = f"found on {told['lumisections']} good ones of {told['runs']} runs"
        own = ", that were learned from, so it is too low" if told.get("own_data") else ""
        far = ", farther than these reach" if told.get("extrapolated") else ""
        return f"{meant}, {seen}, {told['first']} to {told['last']}{far}{own}"

    @property
    def notes(self) -> list[str]:
        """What must be known beside: warnings, and what the calibration says against itself."""
        told = self.chain.card.calibration
        found = [f"warning: {warning}" for warning in self.warnings]
        if told.get("own_data"):
            found.append(
                "warning: the threshold rests on lumisections that were learned from, so it is too low: "
                "export again with good runs that were not"
            )
        if bad := told.get("cells_left_out"):
            found.append(f"warning: cells that were bad already and will be flagged unless masked: {bad}")
        return found


def export_cmssw(
    old: Bundle,
    folder: Path,
    lumisections: Iterable[Lumisection] = (),
    *,
    threshold: float | None = None,
    per_day: float = 1.0,
    n_ls: int | None = None,
    n_loss: int | None = None,
    tell: Tell | None = None,
) -> Exported:
    """Write what CMSSW's `MLClient` needs to run a bundle's network to a new folder, whole or not at all.

    Bundles of `cmssw-ml` go back unchanged; of autoencoders the network is wrapped and the constants are
    derived from what the detector learned. The threshold is found on good lumisections, for `per_day` false
    incidents in 3,700; without any it is the one given, or that of a `cmssw-ml` bundle whose `n_ls` and
    `n_loss` stay. Raises `UsageError` for a folder that exists, a bundle without a network for `MLClient`,
    and where there is no threshold.
    """
    chain, good = chain_of(old, n_ls, n_loss), list(lumisections)
    require_threshold(chain, good, threshold)
    if folder.exists():
        raise UsageError(f"{folder}: found something there already, expected a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        draft.chmod(0o755)
        network, table, constants = (draft / name for name in names_of(chain))
        opset = _write_network(old, chain, network)
        table.write_text(cmssw_text.table_text(chain.average), encoding="ascii")
        made = imported_again(old, chain, network, table, threshold)
        made = calibrated(made, old, good, per_day, tell) if good else made
        found = Exported(tuple(folder / name for name in names_of(chain)), made, opset, chain.warnings)
        constants.write_text(_fragment(old, chain, found, (network, table)), encoding="utf-8")
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return found


def names_of(chain: Chain) -> tuple[str, str, str]:
    """Names of the files: network, table, constants."""
    slug = chain.place.slug
    return f"{slug}.onnx", f"{slug}_avgocc.dat", f"{slug}_cfi.py"


def _write_network(old: Bundle, chain: Chain, path: Path) -> int | None:
    """Write the network; answers with its operator set where it was wrapped."""
    if isinstance(old.detector, Autoencoder | AutoencoderLoss):
        network = old.detector.network
        return write_wrapped(network.session, network.average, chain.place.pads, path)
    if old.model is None:
        raise BundleError(f"{old.card.name}: found no network, expected an ONNX file")
    shutil.copyfile(old.model, path)
    return None


def _fragment(old: Bundle, chain: Chain, found: Exported, written: tuple[Path, Path]) -> str:
    """The text of the constants, with notes for people and for an import."""
    detector, rate = found.chain.detector, found.chain.card.false_alarms_per_day
    assert isinstance(detector, CmsswMl)
    places = (f"{DATA}/onnxModels/{chain.place.network}", f"{DATA}/MLAvgOccupancy/{chain.place.table}")
    sums = {path.name: sha256(path.read_bytes()).hexdigest() for path in written}
    files = [(name, place, sums[name]) for name, place in zip(sums, places, strict=True)]
    bundle = f"{old.card.name} ({old.card.detector}, hash {old.hash})"
    made = [
        f"{old.spec.name} for CMSSW's MLClient, written by Caloscope {__version__}",
        f"from the bundle {bundle}",
        *found.notes,
    ]
    told = cmssw_text.told_of(detector.parameters, found.threshold, files, made)
    noted = {
        "map": old.spec.name,
        "era": old.view.era,
        "bundle": bundle,
        "threshold": found.threshold,
        "wrapped": found.opset is not None or is_wrapped(old),
        "network": written[0].name,
        "average": written[1].name,
        "sha256": sums,
        **({} if rate is None else {"per_day": rate}),
    }
    told += notes_lines(noted, detector.parameters)
    return cmssw_text.fragment_text(chain.place.slug, detector.parameters, told)
