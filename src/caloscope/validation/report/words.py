"""How comparisons are put into words."""

from collections.abc import Sequence

import numpy as np

from caloscope.validation.compare import Comparison
from caloscope.validation.outcome import Outcome


def p_value(comparison: Comparison) -> str:
    """`p = 0.34`; the smallest that so many replicas can give is marked as a bound."""
    replicas = len(comparison.replicas)
    least = (2 if comparison.real.kind == "number" else 1) / (replicas + 1)
    bound = comparison.p <= least * 1.000001
    return (
        f"p {'≤' if bound else '='} {comparison.p:.2g}" if np.isfinite(comparison.p) else "nothing to compare"
    )


def size(comparison: Comparison) -> str:
    """How large a difference is, in the unit that the quantity asks for; KS: of the cumulative share."""
    if comparison.real.kind == "distribution":
        return f"{comparison.size:.2g} (KS)"
    if comparison.real.absolute:
        return f"{comparison.size:.2g}"
    return f"{100 * comparison.size:.0f} %" if comparison.size >= 0.01 else f"{100 * comparison.size:.1f} %"


def verdict(comparison: Comparison) -> str:
    """`p = 0.34, agrees` or `p ≤ 0.005, differs by 12 %`."""
    if not np.isfinite(comparison.p):
        return comparison.verdict
    said = comparison.verdict if comparison.agrees else f"{comparison.verdict} by {size(comparison)}"
    return f"{p_value(comparison)}, {said}"


def values(comparison: Comparison) -> tuple[str, str]:
    """Real and simulated, for a table: a number, or the ends of a curve and where it differs most."""
    if comparison.real.kind == "number":
        real, mean, deviation = (
            float(comparison.real.values[0]),
            float(comparison.mean[0]),
            float(comparison.deviation[0]),
        )
        return f"{real:.3g}", f"{mean:.3g} ± {deviation:.2g}"
    if comparison.worst is None:
        return "distribution", "distribution"
    place, pull = comparison.worst
    at = _place(comparison, place)
    title = f" at {place}" if place else ""
    real, mean = float(comparison.real.values[at]), float(comparison.mean[at])
    return f"{real:.3g}{title}", f"{mean:.3g} ± {float(comparison.deviation[at]):.2g} ({pull:+.1f} σ)"


def _place(comparison: Comparison, name: str) -> int:
    names = comparison.real.labels or [f"{x:g}" for x in comparison.real.x]
    return list(names).index(name)


def differing(outcomes: Sequence[Outcome]) -> list[tuple[Outcome, Comparison]]:
    """All that does not agree, the large differences first."""
    found = [(o, c) for o in outcomes for c in o.comparisons if np.isfinite(c.p) and not c.agrees]
    return sorted(found, key=lambda pair: (pair[1].verdict != "differs", pair[0].name))


def counts(outcomes: Sequence[Outcome]) -> tuple[int, int, int]:
    """How many comparisons there are, how many differ, and how many of these slightly."""
    every = [c for o in outcomes for c in o.comparisons if np.isfinite(c.p)]
    slight = sum(c.verdict == "differs slightly" for c in every)
    return len(every), sum(not c.agrees for c in every), slight
