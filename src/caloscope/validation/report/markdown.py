"""The summary as Markdown."""

from collections.abc import Mapping, Sequence

import numpy as np

from caloscope.validation.compare import SIGNIFICANT, Comparison
from caloscope.validation.outcome import Outcome
from caloscope.validation.report.pictures import Picture
from caloscope.validation.report.results import Lines, Made
from caloscope.validation.report.words import counts, differing, p_value, size, values

METHOD = (
    "Each real sample is compared with replicas of its simulation: as many lumisections with as many "
    "events, the same cells left out, the same analysis. Fluctuations are compared with replicas that "
    "have the sample's own pattern, the fixed pattern with detectors that the simulation draws afresh. A "
    "p-value is the rank of the real value among those of the replicas (numbers: two-sided; curves: sum "
    "of squared pulls; distributions: Kolmogorov-Smirnov distance to all together)."
)
CAVEATS = (
    "With thousands of cells very small differences are certain, so each comparison also says how large its "
    "difference is: *differs slightly* means certain, but smaller than what matters.",
    "KS is the largest distance of the cumulative shares of two distributions, σ the standard deviation of "
    "the replicas. Of a curve the place is quoted that differs most.",
    "Real ECAL lumisections are 25 apart, so nothing here tests the correlation between neighbouring ones.",
    "The numbers of events behind the ECAL files are not known: the simulation gets as many as make it count "
    "what was counted.",
    "A sample's own pattern is measured on few lumisections and carries their noise into the simulation.",
)


def summary(outcomes: Sequence[Outcome]) -> str:
    """One sentence with the number of comparisons that agree and that do not."""
    every, differ, slight = counts(outcomes)
    return (
        f"Of {every} comparisons {every - differ} agree, {slight} differ slightly and "
        f"{differ - slight} differ (p below {SIGNIFICANT:g}; about "
        f"{max(round(every * SIGNIFICANT), 1)} would by chance)."
    )


def markdown(
    outcomes: Sequence[Outcome],
    lines: Lines,
    made: Made,
    overview: Sequence[Picture],
    pictures: Mapping[str, list[Picture]],
) -> str:
    """The text of validation.md; pictures lie beside it."""
    text = ["# The simulation against real data", "", METHOD, "", f"{summary(outcomes)} {_made(made)}", ""]
    text += [f"- {caveat}" for caveat in CAVEATS]
    text += ["", "## What does not agree", "", *_differing(outcomes), "", "## All verdicts", ""]
    text += [f"![{picture.caption}]({picture.name}.png)\n" for picture in overview]
    for outcome in outcomes:
        text += ["", f"## {outcome.label}", ""]
        text += [f"- {note}" for note in outcome.notes]
        text += ["", *_table(outcome.comparisons), ""]
        text += [f"![{picture.caption}]({picture.name}.png)\n" for picture in pictures[outcome.name]]
    text += _lines(lines)
    text += [f"- not used: {line}" for line in made.refused]
    return "\n".join(text).rstrip() + "\n"


def _made(made: Made) -> str:
    return (
        f"Made by `caloscope validate` of version {made.version}, {made.replicas} replicas, seed {made.seed}."
    )


def _differing(outcomes: Sequence[Outcome]) -> list[str]:
    found = differing(outcomes)
    if not found:
        return ["Everything agrees."]
    rows = [
        "| sample | quantity | real | simulated | difference | p | verdict |",
        "|---|---|---|---|---|---|---|",
    ]
    for outcome, each in found:
        real, simulated = values(each)
        rows.append(
            f"| {outcome.label} | {each.real.title} | {real} | {simulated} | {size(each)} | "
            f"{p_value(each).removeprefix('p ').removeprefix('= ')} | {each.verdict} |"
        )
    return rows


def _table(comparisons: Sequence[Comparison]) -> list[str]:
    rows = ["| quantity | real | simulated | p | verdict |", "|---|---|---|---|---|"]
    for each in comparisons:
        if np.isfinite(each.p):
            real, simulated = values(each)
            said = each.verdict if each.agrees else f"**{each.verdict}** by {size(each)}"
            p = p_value(each).removeprefix("p ").removeprefix("= ")
            rows.append(f"| {each.real.title} | {real} | {simulated} | {p} | {said} |")
    return rows


def _lines(lines: Lines) -> list[str]:
    if not lines:
        return []
    rows = [
        "", "## Total digis against pileup, 500 events", "",
        "| file | map | published | simulated | largest difference at pileup 20 to 60 |",
        "|---|---|---|---|---|",
    ]  # fmt: skip
    for line in lines:
        published = f"{line.slope:.0f} x pileup + {line.intercept:.0f}"
        simulated = f"{line.simulated_slope:.0f} x pileup + {line.simulated_intercept:.0f}"
        rows.append(
            f"| `{line.source}` | {line.view}/digi | {published} | {simulated} | {100 * line.differs:.1f} % |"
        )
    return rows
