"""What CMSSW's chain needs of a bundle: its constants, its table of average occupancy, a threshold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caloscope import bundle as bundles
from caloscope import calibrate
from caloscope.bundle import Bundle
from caloscope.calibrate import Tell
from caloscope.detectors.base import Array, NeedsCompanions
from caloscope.detectors.cmssw_ml import CmsswMl, Parameters, open_network, read_average
from caloscope.detectors.network import Autoencoder, AutoencoderLoss
from caloscope.errors import UsageError
from caloscope.records import Lumisection
from caloscope.training.provenance import learned_from
from caloscope.training.statistical import calibrate_thresholds


class Place(NamedTuple):
    """A map in `MLClient`: how its constants begin, rows and columns of padding on each side, its files.

    `usual` is the threshold of 2023 on the product of six losses: a cell often above it was bad before.
    """

    slug: str
    pads: tuple[int, int]
    network: str
    table: str
    usual: float


PLACES: Final = {
    "EB/digi": Place("EB", (1, 0), "resnet.onnx", "EB_avgocc_Run2022_500ev.dat", 0.1761),
    "EE-/digi": Place("EEm", (1, 1), "EEm_resnet2018.onnx", "EEm_avgocc_Run2022_500ev.dat", 0.000436),
    "EE+/digi": Place("EEp", (1, 1), "EEp_resnet2018.onnx", "EEp_avgocc_Run2022_500ev.dat", 0.0003009),
}

N_LS, N_LOSS, EVENTS = 3, 6, 500
"""Lumisections summed and loss maps multiplied (`MLClient.h`), events of a picture (`MLClient.cc`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """A bundle as CMSSW's chain: where it goes, its parameters, and its average in the padded layout.

    `settled`: its threshold is the bundle's own; else it is only one to begin with. `warnings` are what
    somebody who runs it in CMSSW must know, one line each.
    """

    place: Place
    parameters: Parameters
    average: NDArray[np.floating]
    settled: bool
    warnings: tuple[str, ...]


def chain_of(old: Bundle, n_ls: int | None = None, n_loss: int | None = None) -> Chain:
    """The chain of a bundle, with other numbers of lumisections and losses where they are given.

    Raises `UsageError` for a bundle that `MLClient` has no place or no use for.
    """
    name = old.card.name
    if old.view.depths:
        raise UsageError(f"{name}: {old.spec.name} has depths, expected one of {', '.join(PLACES)}")
    if old.spec.name not in PLACES or old.calorimeter is not None:
        raise UsageError(f"{name}: CMSSW has no place for {old.spec.name}, expected {', '.join(PLACES)}")
    place, detector = PLACES[old.spec.name], old.detector
    if isinstance(detector, CmsswMl):
        return _imported(old, place, detector, n_ls, n_loss)
    if isinstance(detector, Autoencoder | AutoencoderLoss):
        return _learned(detector, place, n_ls or N_LS, n_loss or N_LOSS)
    kinds = ", ".join((CmsswMl.name, Autoencoder.name, AutoencoderLoss.name))
    raise UsageError(f"{name}: found a bundle of {detector.name}, expected one of {kinds}")


def _imported(old: Bundle, place: Place, detector: CmsswMl, n_ls: int | None, n_loss: int | None) -> Chain:
    """The chain as it is: whatever CMSSW ran goes back unchanged."""
    own = detector.parameters
    # As it is kept, in float32: so few digits stand for it that they look like those it came with.
    average = detector.arrays()["average"].astype(np.float32)
    expected = padded(old.view.shape, place.pads)
    if average.shape != expected or own.events_per_image != EVENTS:
        found = f"pictures of {average.shape} for {own.events_per_image} events"
        raise UsageError(f"{old.card.name}: found {found}, expected {expected} for {EVENTS} in CMSSW")
    wanted = replace(own, n_ls=n_ls or own.n_ls, n_loss=n_loss or own.n_loss)
    warnings: tuple[str, ...] = ()
    if place.slug == "EEp" and not (own.padding_fault or is_wrapped(old)):
        warnings = (
            "CMSSW pads EE+ with columns of EE-, and this bundle does not: import it with --padding-fault",
        )
    return Chain(place, wanted, average, wanted == own, warnings)


def is_wrapped(bundle: Bundle) -> bool:
    """Whether a bundle's network is one of ours that was exported: it never looks at the padding."""
    return bundle.card.training.get("wrapped") is True


def _learned(detector: Autoencoder | AutoencoderLoss, place: Place, n_ls: int, n_loss: int) -> Chain:
    """The chain around a network of our own, from what its detector learned by counting.

    A picture is counts over events x activity, 1 in the mean over all bins. `MLClient` makes it from the
    digis that it expects of 500 events, so that slope x pileup + intercept = 500 x rate x activity(pileup).
    """
    typical = detector.known.typical if isinstance(detector, Autoencoder) else detector.typical
    total = EVENTS * float(typical.rate[typical.alive].sum())
    slope = typical.slope if typical.slope_learned else 0.0
    parameters = Parameters(
        slope=total * slope,
        intercept=total * (1.0 - slope * typical.pileup_mean),
        threshold=place.usual ** (n_loss / N_LOSS),
        n_ls=n_ls,
        n_loss=n_loss,
    )
    warnings = []
    if not typical.slope_learned:
        warnings.append(
            "no change with pileup was learned: the slope is 0, and other pileup looks like a fault"
        )
    elif parameters.intercept <= 0:
        least = -parameters.intercept / parameters.slope
        warnings.append(f"the pileup line is not positive up to {least:.3g}, and CMSSW does not look")
    table = np.pad(_filled(detector.network.average), [(pad, pad) for pad in place.pads], mode="edge")
    return Chain(place, parameters, table, False, tuple(warnings))


def _filled(average: Array) -> Array:
    """The average with exactly 1 in cells without data, and in no other."""
    lives = average > 0
    beside = float(np.nextafter(np.float32(1), np.float32(2)))
    return np.where(lives, np.where(average.astype(np.float32) == 1, beside, average), 1.0)


def padded(shape: tuple[int, ...], pads: tuple[int, int]) -> tuple[int, int]:
    """The size `(Y, X)` of a padded picture of a map of `shape` (y, x)."""
    return shape[0] + 2 * pads[0], shape[1] + 2 * pads[1]


def imported_again(old: Bundle, chain: Chain, network: Path, table: Path, threshold: float | None) -> Bundle:
    """What was written, read back as a bundle in memory. Raises `BundleError` or `SourceError`."""
    parameters, before = chain.parameters, old.card
    kept = threshold is None and chain.settled
    if threshold is not None:
        parameters = replace(parameters, threshold=threshold)
    average = read_average(table, padded(old.view.shape, chain.place.pads))
    detector = CmsswMl(parameters, open_network(network), average, np.asarray(old.view.exists))
    card = bundles.make_card(
        before.name,
        old.spec,
        old.view,
        detector,
        threshold=parameters.threshold,
        per_day=before.false_alarms_per_day if kept else None,
        training=before.training if kept else {"threshold": "as it was given, no rate is known"},
        calibration=before.calibration if kept else {},
    )
    return Bundle(card, "", old.spec, old.view, detector, None, network)


def calibrated(
    made: Bundle, old: Bundle, lumisections: Sequence[Lumisection], per_day: float, tell: Tell | None
) -> Bundle:
    """The chain with a threshold for so many false incidents in 3,700 lumisections, from good ones.

    Raises `UsageError` where these are too few to tell one.
    """
    beside = made.detector.companions if isinstance(made.detector, NeedsCompanions) else ()
    given = calibrate.given_of(lumisections, made.spec, beside)
    if not given:
        raise UsageError(f"no lumisection with {made.spec.name}, expected good ones to calibrate with")
    found = calibrate_thresholds(made, given, per_day, tell)
    told = found.card.calibration
    if told["by_formula"]:
        seen = f"{told['lumisections']} lumisections of {told['runs']} runs"
        raise UsageError(f"{seen} are too few to find a threshold: expected more good ones, or --threshold")
    told = told | {"own_data": learned_from(old, lumisections)}
    return replace(found, card=found.card.model_copy(update={"calibration": told}))


def require_threshold(chain: Chain, good: Sequence[Lumisection], threshold: float | None) -> None:
    """Raises `UsageError` before the work where there is nothing to take a threshold from, or two things."""
    if good and threshold is not None:
        raise UsageError("found a threshold and good lumisections, expected one of them")
    if threshold is not None and not (0 < threshold < np.inf):
        raise UsageError(f"threshold {threshold:g}, expected a number above zero")
    if not (good or threshold or chain.settled):
        raise UsageError("no threshold: expected good lumisections to find one on, or --threshold")
