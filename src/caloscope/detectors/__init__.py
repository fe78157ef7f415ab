"""The detectors, by the name that a bundle's card gives them."""

from caloscope.detectors.base import Detector
from caloscope.detectors.beta_binomial import BetaBinomial
from caloscope.detectors.blind import Blind
from caloscope.detectors.cmssw_ml import CmsswMl
from caloscope.detectors.network import Autoencoder, AutoencoderLoss, BlindSpot, Cnn, UNet
from caloscope.detectors.nmf import Nmf
from caloscope.detectors.notebook import Logistic, Mlp
from caloscope.detectors.pca import Pca
from caloscope.detectors.pull import Pull
from caloscope.detectors.reference import Reference
from caloscope.errors import BundleError

_KINDS: tuple[type[Detector], ...] = (
    Reference,
    Pull,
    BetaBinomial,
    Pca,
    Nmf,
    Logistic,
    Mlp,
    CmsswMl,
    Blind,
    Autoencoder,
    AutoencoderLoss,
    BlindSpot,
    Cnn,
    UNet,
)
DETECTORS: dict[str, type[Detector]] = {kind.name: kind for kind in _KINDS}


def detector_class(name: str) -> type[Detector]:
    """The class of the detector called `name`. Raises `BundleError` listing those that exist."""
    if name not in DETECTORS:
        raise BundleError(f"detector {name!r} is not known, expected one of {', '.join(sorted(DETECTORS))}")
    return DETECTORS[name]
