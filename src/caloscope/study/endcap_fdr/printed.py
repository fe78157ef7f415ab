"""What the authors of ECAL's endcap networks printed, from validation data of 2018."""

from typing import Final

SOURCE: Final = "CMSEcalDQM/ML4ECALDQM, notebooks of the endcaps, production networks (epochs 30 and 33)"

LEVELS: Final = ("none", "spatial", "spatial + time")
"""Of correction: squared error; over the average; multiplied over three lumisections that do not follow one
another."""

PRINTED: Final[dict[tuple[str, str, str], float]] = {
    ("EE+", "dead", "none"): 0.8922,
    ("EE+", "dead", "spatial"): 0.1277,
    ("EE+", "dead", "spatial + time"): 0.05619,
    ("EE+", "hot", "none"): 0.0001,
    ("EE+", "hot", "spatial"): 0.0029,
    ("EE+", "hot", "spatial + time"): 9.855e-5,
    ("EE-", "dead", "none"): 0.8673,
    ("EE-", "dead", "spatial"): 0.1370,
    ("EE-", "dead", "spatial + time"): 0.06454,
    ("EE-", "hot", "none"): 0.0,
    ("EE-", "hot", "spatial"): 0.0027,
    ("EE-", "hot", "spatial + time"): 0.0,
}
"""False discovery rate at 99 % detection, by view, fault and level."""
