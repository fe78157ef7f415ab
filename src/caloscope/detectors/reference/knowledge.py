"""All that the reference knows, as arrays."""

from dataclasses import dataclass

from caloscope.detectors.base import Array
from caloscope.detectors.reference.cells import Whole
from caloscope.detectors.reference.changes import Changes
from caloscope.detectors.reference.domain import Domain
from caloscope.detectors.reference.mean import Mean
from caloscope.detectors.reference.vecchia import Inverse
from caloscope.records import Mask


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """What was learned. `exists` has the view's shape; the rest is flat, over the n cells that exist.

    `dispersion` `(n,)` is a Fano factor or an intraclass correlation. `inverse` is that of the cells'
    correlations. `group` `(n,)` is -1 for cells that share no common mode; `common` `(groups,)` is the modes'
    rms where pileup is known, `common_without` where it is not. `only_run` is the run that all of it comes
    from, 0 where there were several.
    """

    exists: Mask
    mean: Mean
    dispersion: Array
    inverse: Inverse
    group: Whole
    common: Array
    common_without: Array
    changes: Changes
    domain: Domain
    only_run: int = 0
