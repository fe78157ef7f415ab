"""Evidence: which faults are looked for, how likely each is, and how that gathers over lumisections."""

from caloscope.evidence.accumulate import Evidence, EvidenceState, accumulate, onset_of
from caloscope.evidence.alternatives import (
    FACTORS,
    beta_binomial_log_ratio,
    negative_binomial_log_ratio,
)

__all__ = [
    "FACTORS",
    "Evidence",
    "EvidenceState",
    "accumulate",
    "beta_binomial_log_ratio",
    "negative_binomial_log_ratio",
    "onset_of",
]
