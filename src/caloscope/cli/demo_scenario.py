"""What goes wrong in the demo, where and when."""

from caloscope.faults import Fault

ERA = "2018"
LABEL = "simulated"
DETECTOR_SEED = 1
"""The simulated detector is always the same: bundles that came with the package know it."""

TRAINING_RUN = 320_001
RUN = 320_002
MAPS = ("EB/digi", "EE-/digi", "EE+/digi", "HCAL/digi")


def faults() -> list[Fault]:
    """The faults in order of their onset."""
    return [
        Fault("EB/digi", (20, 17), "dead", onset=8),
        Fault("EE+/digi", (5, 8), "hot", 4.0, onset=12),
        Fault("EB/digi", (9, 50), "factor", 0.5, onset=16),
        Fault("EB/digi", "EB-07", "dead", onset=24),
        Fault("HCAL/digi", "HEM15", "dead", onset=30),
        Fault("EE-/digi", (12, 4), "dead", onset=34, end=60),
    ]
