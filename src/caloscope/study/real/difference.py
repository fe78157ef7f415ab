"""What the difference of digis and rec hits of a file is: how much of it, and where."""

from dataclasses import dataclass

from caloscope.study.real.measured import Measured


@dataclass(frozen=True, slots=True)
class Difference:
    """Sums over the lumisections of a file.

    `cells` single cells in single lumisections were looked at, of which `negative` had more rec hits than
    digis (taken for zero). `never` cells have digis and never a rec hit: they hold `structural` of the
    difference. In all others `lost` of `digis` have none, at most `most` in a cell and lumisection.
    """

    title: str
    cells: int
    negative: int
    never: int
    structural: int
    lost: int
    digis: int
    most: int

    def told(self) -> str:
        """In words."""
        where = f"in {self.negative:,} of {self.cells:,} cells and lumisections"
        below = f"negative, and taken for zero, {where}" if self.negative else "nowhere negative"
        return (
            f"{self.title} is {below}. {self.never:,} cells have digis and never a rec hit, and hold "
            f"{self.structural:,} counts of it; in all others {self.lost:,} of {self.digis:,} digis gave no "
            f"rec hit, at most {self.most} in one cell and lumisection."
        )


def difference_of(of: Measured) -> Difference:
    """That of a sample with two maps."""
    assert of.digis is not None
    assert of.hits is not None
    never = (of.digis.sum(axis=0) > 0) & (of.hits.sum(axis=0) == 0)
    rest = of.on.exists & ~never
    return Difference(
        of.title,
        cells=int(of.on.exists.sum()) * of.lumis,
        negative=of.negative,
        never=int(never.sum()),
        structural=int(of.counts[:, never].sum()),
        lost=int(of.counts[:, rest].sum()),
        digis=int(of.digis[:, rest].sum()),
        most=int(of.counts[:, rest].max(initial=0)),
    )
