"""The eras of CMS: what the detector looked like, and when."""

from typing import Final, Literal, TypeAlias, get_args

from caloscope.errors import UsageError

Era: TypeAlias = Literal["2016", "2017", "2018", "2019+"]

ERAS: Final[tuple[Era, ...]] = get_args(Era)
"""Names of the eras, oldest first; "2016" stands for everything before the first upgrade of HCAL too."""

# First run numbers lie inside the winter stops, when HCAL was rebuilt: 2016 took collisions up to run
# 286520, 2017 from 294927 to 307082, 2018 from 314472 to 327564.
_FIRST_RUN: Final[tuple[tuple[int, Era], ...]] = ((328000, "2019+"), (312000, "2018"), (287000, "2017"))


def era_of_run(run: int) -> str:
    """Era in which CMS took a run; raises UsageError for a run number below 1."""
    if run < 1:
        raise UsageError(f"run {run} is not a run number: expected 1 or more")
    for first, era in _FIRST_RUN:
        if run >= first:
            return era
    return ERAS[0]


def known_era(era: str) -> Era:
    """The era itself, if it is one of `ERAS`; raises UsageError that lists them."""
    for known in ERAS:
        if era == known:
            return known
    raise UsageError(f"era {era!r} is not known: expected one of {', '.join(ERAS)}")
